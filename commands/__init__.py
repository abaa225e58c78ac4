"""The parts of the terminal door: what its commands share, and its groups of commands."""
