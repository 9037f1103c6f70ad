"""Chaos: one small sweep under a seeded schedule of faults must end like the same sweep undisturbed."""
