"""Experiments: every public module holds one, as EXPERIMENT; its file name is the name that is launched."""
