"""Probes: what is measured at every evaluation; they only look."""
