"""Tasks: what the networks learn. One file per task; each makes train and test data for a whole pack."""
