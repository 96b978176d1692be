"""Fixtures of the review's tests."""

from tests.support.tiny import place

__all__ = ["place"]
