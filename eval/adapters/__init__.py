"""Learned metrics of others, each by its own package and weights, in a Python of its own.

Their packages pin versions that clash, so none is imported here: ``worker.py`` runs as a process of
the Python that is set for the adapter and speaks JSON lines. An adapter runs only where it is asked
for by name; what it lacks is an error that names it, and never a score of 0.
"""
