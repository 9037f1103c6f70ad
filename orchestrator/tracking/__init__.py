"""The view of the results that MLflow shows."""
