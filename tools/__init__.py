"""What the system can do: one tool a file, each `run(study, ...)` giving observations."""
