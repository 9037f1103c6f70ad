"""Steps: how a pack computes the gradients that its optimizer follows. One file per step."""
