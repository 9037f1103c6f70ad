"""Tasks: what the networks learn. One file per task; each makes the train and test data of a whole pack."""
