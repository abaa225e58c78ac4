"""Pages to look at scores and errors: one HTML file each that needs nothing else."""
