"""Other people's tables and curves, and the laws fitted to them."""
