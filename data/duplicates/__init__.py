"""Duplicates: pictures and texts of two patients that are, or nearly are, the same."""
