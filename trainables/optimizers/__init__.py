"""Optimizers with per-replica coefficients."""
