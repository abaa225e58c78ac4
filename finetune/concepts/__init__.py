"""How the chances and thresholds of ``tools.concepts`` are fitted, and how well it does."""
