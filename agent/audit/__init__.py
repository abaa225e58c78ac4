"""The audit record: what a run was given, what it did and what came out, as a chain of hashes.

``lines`` is the form of a record, ``recorder`` writes one as a run goes on, ``replay`` makes
the run again.
"""
