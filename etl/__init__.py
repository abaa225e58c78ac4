"""How it writes (step 9): extract, transform, load."""
