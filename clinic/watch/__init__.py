"""A watched folder: studies that arrive become drafts, each once, whatever is killed meanwhile."""
