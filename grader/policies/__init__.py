"""From the sum of the marks to the final result: lateness, dropped and bonus questions, rounding, grades. Pure.

No mark is touched: what a policy does to the total is a step of its own, with a sentence that explains it.
"""

from grader.policies.apply import apply_policies, with_policies
from grader.policies.attempts import Attempt, choose_attempt
from grader.policies.extensions import (
    Extensions,
    extensions_data,
    extensions_from,
    load_extensions,
    nobodys_extensions,
)
from grader.policies.lateness import Received

__all__ = [
    "Attempt",
    "Extensions",
    "Received",
    "apply_policies",
    "choose_attempt",
    "extensions_data",
    "extensions_from",
    "load_extensions",
    "nobodys_extensions",
    "with_policies",
]
