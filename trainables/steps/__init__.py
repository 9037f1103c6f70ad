"""Steps: how a pack comes to the gradients that its optimizer follows. One file per step."""
