"""What made-up images are worth: held against real ones, and used to learn from."""
