"""Batches: pairs read and checked, scored in blocks on any engine, and marked by study."""
