"""Findings of two reports, compared one by one."""
