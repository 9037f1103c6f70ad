"""Places to run a plan: in this process, or on Ray Tune. Both drive the same Trainable."""
