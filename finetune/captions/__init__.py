"""How ``tools.captions`` weighs statements, and how well it reads and compares."""
