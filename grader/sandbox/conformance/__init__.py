"""The same checks for every sandbox: what one promises is tried, not believed. ``grade doctor`` prints the outcome."""

from grader.sandbox.conformance.suite import CHECKS, Check, Finding, State, examine, known_weaknesses

__all__ = ["CHECKS", "Check", "Finding", "State", "examine", "known_weaknesses"]
