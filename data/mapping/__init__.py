"""Mapping: gathered folders become cases; what can't become one is listed with its reason."""
