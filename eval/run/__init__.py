"""A system run over the cases of a split, each apart from all others, then scored."""
