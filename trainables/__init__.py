"""Packs of networks that train together: families made of groups of fields, and their parts."""
