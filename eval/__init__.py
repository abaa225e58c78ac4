"""How it is marked: metrics, batch runs and statistics."""
