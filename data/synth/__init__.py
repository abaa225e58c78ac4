"""Synthetic data: the phantom, and the generative models trained beside it."""
