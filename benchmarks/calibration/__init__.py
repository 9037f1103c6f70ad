"""How often the intervals and verdicts of ``analysis`` are right, on simulated sweeps whose law is known."""
