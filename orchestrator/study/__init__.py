"""One experiment at one scale: its options, plan, registration, horizon, and what the results hold of it."""
