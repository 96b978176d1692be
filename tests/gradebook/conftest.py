"""Fixtures of the gradebook's tests."""

from tests.support.tiny import place

__all__ = ["place"]
