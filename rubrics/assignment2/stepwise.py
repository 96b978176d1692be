"""A network that is called once an element: its loop over the sequence lies in the training code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.scoring import Outcome, Student, met, not_met, review
from rubrics.assignment2.elman import Matrix
from rubrics.assignment2.facts import Facts, facts
from rubrics.assignment2.recurrent import Network


def loop_outcome_of_steps(student: Student, network: Network) -> Outcome:
    """``2e.recurrence`` by the recorded calls: does each get the hidden state of the one before?"""
    found = student.find(facts)
    calls = [call for call in found.entries("calls") if call.get("module") == network.obj and not call.get("error")]
    chain = _chain(found, calls)
    if len(chain) < 3:
        return review(
            "2e.recurrence", f"{network.how}: is called once an element, but no loop over a sequence was seen"
        )
    broken = [at for at in range(1, len(chain)) if not _handed_on(chain[at - 1][2], chain[at][1])]
    first = chain[0][1]
    saw = f"{network.how}: is called once an element; {len(chain)} calls were seen"
    if first is not None and not _constant(first):
        return not_met("2e.recurrence", f"{saw}, and the hidden state does not start at zero")
    if len(broken) > 0.3 * len(chain):
        return not_met("2e.recurrence", f"{saw}, and the hidden state is not handed on")
    return met("2e.recurrence", f"{saw}, each with the hidden state of the one before")


Call = tuple[Matrix, "Matrix | None", list[Matrix]]


def _chain(found: Facts, calls: Sequence[Mapping[str, Any]]) -> list[Call]:
    """The calls of the first sequence: input, hidden state, results."""
    chain: list[Call] = []
    for call in calls[:12]:
        given = [array for part in call.get("inputs") or () if (array := found.value(part).array()) is not None]
        results = [np.asarray(a, dtype=np.float64) for a in found.value(call.get("output")).arrays()]
        if not given:
            continue
        state = np.asarray(given[1], dtype=np.float64) if len(given) > 1 else None
        chain.append((np.asarray(given[0], dtype=np.float64), state, results))
    return chain


def _constant(state: Matrix) -> bool:
    """Zero, or the same learnable start for every sample."""
    rows = state.reshape(-1, state.shape[-1])
    return not rows.any() or (len(rows) > 1 and bool((rows == rows[0]).all()))


def _handed_on(results: Sequence[Matrix], state: Matrix | None) -> bool:
    if state is None:
        return False
    return any(
        r.size == state.size and np.allclose(r.reshape(-1), state.reshape(-1), rtol=1e-4, atol=1e-6) for r in results
    )
