"""Grades, retrieval and calibration marked from tables, with intervals by study."""
