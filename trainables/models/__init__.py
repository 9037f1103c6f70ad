"""Models: from tokens to logits for a whole pack at once, with a trace of what happened inside."""
