from tests.sandbox.backends import backend, isolating, quick

__all__ = ["backend", "isolating", "quick"]
