"""What is measured on one accelerator card, section by section; see ``benchmarks/gpu.py``."""
