"""Transparent baselines on measured features: what a trained network has to beat, and why."""
