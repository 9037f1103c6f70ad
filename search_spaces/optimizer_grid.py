"""Does the norm contract alike under SGD, AdamW, Muon and Lion, and which of them groks soonest at equal tuning?

Paper: Grokking as Structural Inference (arXiv 2605.15787), definition 3.2 and appendix B. Each optimizer has the
learning rate that was best on pilot seeds, and three weight decays with the same products γ of both.
Cost: the laptop scale is 96 replicas; COST.
Command: ``python -m orchestrator launch optimizer_grid``
"""
