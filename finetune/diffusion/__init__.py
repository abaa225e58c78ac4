"""Trains and measures the diffusion model of ``data/synth/diffusion``."""
