"""The ground: study, observation, finding, report, reading, weights, settings and errors."""

__version__ = "0.1.0"
