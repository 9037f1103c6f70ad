"""Packs of networks that train together: families, tasks, models, optimizers, interventions and probes."""
