"""Families: one file per way of wiring task, model, optimizer, interventions and probes."""
