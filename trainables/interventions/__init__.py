"""Interventions: what changes training from outside (loss, gradients, weights)."""
