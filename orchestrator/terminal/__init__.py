"""What a person sees on a terminal: lines, a live display, signals, and no passwords."""
