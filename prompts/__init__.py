"""What the language model is told: YAML prompts and their loader."""
