"""What the system learns from: gathering, mapping, splits, exploration and synthetic data."""
