"""Isolated processes: Docker, bubblewrap, or none, behind one small interface."""

from grader.sandbox.select import AUTOMATIC, NAMES, choose
from grader.sandbox.types import Backend, ExitReason, InsidePaths, Limits, SandboxProcess, SandboxSpec

__all__ = [
    "AUTOMATIC",
    "NAMES",
    "Backend",
    "ExitReason",
    "InsidePaths",
    "Limits",
    "SandboxProcess",
    "SandboxSpec",
    "choose",
]
