"""Losses: what a network is trained to make small, and which of its answers count as right. One file per loss."""
