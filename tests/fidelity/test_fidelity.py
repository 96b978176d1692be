"""Faults in pairs cost what both cost; the whole harness is ``python -m tests.fidelity``."""

from __future__ import annotations

import random

import pytest

from tests.fidelity.assignments import cases
from tests.fidelity.cases import Case, Label, pairs
from tests.fidelity.judging import judge
from tests.fidelity.merging import difference, merged

BASE = ["a = 1\nb = 2\nc = 3\n", "d = 4\n"]
DRAWN = 14


def test_changes_of_different_lines_are_merged() -> None:
    one, other = ["a = 0\nb = 2\nc = 3\n", "d = 4\n"], ["a = 1\nb = 2\n", "d = 5\n"]
    assert merged(BASE, one, other) == ["a = 0\nb = 2\n", "d = 5\n"]
    assert difference(BASE, other) == 2


def test_changes_that_touch_are_not_merged() -> None:
    assert merged(BASE, ["a = 0\nb = 2\nc = 3\n", "d = 4\n"], ["b = 2\nc = 3\n", "d = 4\n"]) is None
    assert merged(BASE, BASE, [*BASE, "e = 5\n"]) is None


def test_faults_of_one_criterion_are_no_pair() -> None:
    lost = {"x": Label("not-met", 0.0)}
    one = Case("one", "1", ("a = 0\nb = 2\nc = 3\n", "d = 4\n"), lost, faults=1)
    other = Case("other", "1", ("a = 1\nb = 2\nc = 3\n", "d = 5\n"), lost, faults=1)
    assert list(pairs(BASE, [one, other])) == []
    (pair,) = pairs(BASE, [one, Case("other", "1", other.cells, {"y": Label("not-met", 0.0)}, faults=1)])
    assert (set(pair.lost), pair.faults, pair.cells[1]) == ({"x", "y"}, 2, "d = 5\n")


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("assignment", ["1", "2", "3"])
def test_drawn_pairs_cost_what_both_faults_cost(assignment: str) -> None:
    # Labels of pairs of whole notebooks are sums that nobody has looked at; the harness grades and lists these.
    found = [case for case in cases(assignment) if " + " in case.name and not case.name.startswith("whole: ")]
    assert len(found) > 150
    judged = [judge(case) for case in random.Random(11).sample(found, DRAWN)]
    wrong = {
        one.name: one.broken or [v for v in one.wrong if v.got != "review"] for one in judged if one.wrong or one.broken
    }
    assert not {name: what for name, what in wrong.items() if what}, wrong
    assert sum(bool(one.wrong) for one in judged) <= 1, wrong
