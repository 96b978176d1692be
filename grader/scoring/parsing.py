"""Source code as trees, one at a time."""

from __future__ import annotations

import ast
import threading

_ONE = threading.Lock()


def parse(source: str | bytes) -> ast.Module:
    """Like ``ast.parse``, for programs with threads.

    Python 3.11 counts the depth of the tree that it builds for the whole process: two threads that build trees at
    the same time end with a ``SystemError``.

    Raises:
        SyntaxError: The source is no Python.
        ValueError: It holds null bytes.
    """
    with _ONE:
        return ast.parse(source)
