"""Grader: grades notebook submissions of a deep-learning course."""

__version__ = "0.1.0"
