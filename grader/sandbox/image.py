"""The image of the Docker sandbox: its name, and how it is built."""

from __future__ import annotations

import grader

PYTHON = "/opt/grader/bin/python"
"""Interpreter inside the image, as the Dockerfile makes it."""
IMAGE = f"grader-sandbox:{getattr(grader, '__version__', '0.1.0')}"
