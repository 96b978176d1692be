"""A training that is cut short gets the marks of one that ran to its end."""

from __future__ import annotations

import pytest

from grader.probe.types import Request
from rubrics.reported import Number, Series, whole_epochs_only
from rubrics.tolerances import tolerance
from rubrics.trace import read_trace, split_passes
from rubrics.training import training_runs
from tests.fidelity.assignments import cases
from tests.fidelity.cases import QUESTIONS
from tests.fidelity.judging import verdict
from tests.support.harness import close, grade, run_cells

LOOP = """
import torch
from torch.utils.data import DataLoader, TensorDataset
net = torch.nn.Linear(4, 3)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
data = TensorDataset(torch.randn(40, 4), torch.randint(0, 3, (40,)))
for epoch in range(5):
    for x, t in DataLoader(data, batch_size=5):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), t).backward()
        optimizer.step()
after = "reached"
"""


@pytest.fixture(scope="module")
def cut():
    student = run_cells([LOOP], budget_s=0.0)
    yield student
    close(student)


def test_two_passes_are_whole_and_the_loop_goes_to_its_end(cut) -> None:
    passes = split_passes(read_trace(cut).events)
    assert [len(one.of("batch")) for one in passes] == [8, 8, 2, 2, 2]
    assert [one.length for one in passes] == [None, None, 40, 40, 40]
    assert [one.samples for one in passes] == [40] * 5
    assert cut.ask(Request("shortened", {})).data["cells"] == [0]


def test_numbers_of_epochs_cut_short_are_not_judged(cut) -> None:
    (run,) = training_runs(read_trace(cut))
    numbers = tuple(Number(float(at)) for at in range(5))
    (kept,) = whole_epochs_only(run, [Series("loss", "here", numbers)])
    assert kept.numbers == (*numbers[:2], None, None, None)
    assert run.shortened


@pytest.mark.parametrize(("assignment", "count"), [("2", 4), ("3", 6)])
def test_marks_are_those_of_the_whole_training(assignment: str, count: int) -> None:
    found = [case for case in cases(assignment) if " + " not in case.name and "raw parameters" not in case.name]
    wrong = []
    for case in found[:: max(1, len(found) // count)][:count]:
        student = run_cells(case.cells, assignment=assignment, answers=case.answers, budget_s=0.0)
        outcomes = [one for question in QUESTIONS[assignment] for one in grade(student, question)]
        close(student)
        seen = [verdict(o.criterion, str(o.kind), o.fraction, o.saw, case.lost.get(o.criterion)) for o in outcomes]
        wrong += [(case.name, one) for one in seen if not one.right]
    assert not wrong


def test_tolerances_separate_right_from_faulty_values() -> None:
    for quantity in ("elements", "states", "maps", "rounded_maps", "averages"):
        bounds = tolerance(quantity)
        assert 0 < bounds.accept < bounds.border
        assert not bounds.unclear(bounds.accept)
        assert bounds.unclear(bounds.border)
        assert not bounds.unclear(1.0)
