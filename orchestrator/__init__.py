"""Launch experiments: plan what is missing, train it in packs, mirror it to MLflow, report."""
