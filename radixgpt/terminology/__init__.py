"""The reviewed table of what may be found, where and by what, with its codes."""
