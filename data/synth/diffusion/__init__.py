"""A conditional diffusion model of mid-sagittal lumbar columns, by sequence and grades."""
