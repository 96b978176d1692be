"""What cannot be decided is left to a person, and what ended early is judged by what was seen and written."""

from __future__ import annotations

from dataclasses import replace

from tests.rubrics.assignment3.judging import QUESTIONS, judge
from tests.rubrics.assignment3.pieces import DATA, NETWORK, TRAINING, change, training
from tests.support.harness import close, grade, run_cells

NO_LOADER = DATA[: DATA.index("train_loader =")] + (
    "train_loader = [(torch.stack([train_data[i][0] for i in range(j, j + 29)]),\n"
    "                 torch.tensor([train_data[i][1] for i in range(j, j + 29)])) for j in range(0, 87, 29)]\n"
    "test_loader = [(torch.stack([test_data[i][0] for i in range(50)]),\n"
    "                torch.tensor([test_data[i][1] for i in range(50)]))]\n"
)


def test_lists_in_place_of_loaders_are_left_to_a_person() -> None:
    outcomes = judge([NO_LOADER, NETWORK, TRAINING])
    assert {c for c, o in outcomes.items() if o.kind == "review"} >= {"3c.train-loader", "3c.shuffle", "3c.test-loader"}
    assert not [o for o in outcomes.values() if o.kind in {"not-met", "partial"}]


def test_counts_without_a_share_are_left_to_a_person() -> None:
    outcomes = judge(training(("{100 * correct / total:.2f}%", "{correct}/{total}")))
    assert [c for c, o in outcomes.items() if o.kind != "met"] == ["3e.test-accuracy"]
    assert outcomes["3e.test-accuracy"].kind == "review"


def test_failure_while_testing_leaves_the_average_loss_open() -> None:
    outcomes = judge(training(("total += labels.size(0)", "total += labels.sise(0)")))
    assert {c: str(o.kind) for c, o in outcomes.items() if o.kind != "met"} == {
        "3e.train-loss": "review",
        "3e.test-accuracy": "not-met",
    }


def test_training_that_the_time_limit_ended_loses_nothing() -> None:
    once = (
        "    for images, labels in train_loader:\n        if epoch == 3 and not hasattr(torch, 'stopped'):\n"
        "            torch.stopped = True\n            raise RuntimeError\n"
    )
    student = run_cells([DATA, NETWORK, change(TRAINING, ("    for images, labels in train_loader:\n", once))])
    cells = tuple(
        replace(cell, status="timeout", error_name="", error_message="") if cell.status == "error" else cell
        for cell in student.notebook.cells
    )
    assert any(cell.status == "timeout" for cell in cells)
    student.notebook = replace(student.notebook, cells=cells)
    try:
        outcomes = [outcome for question in QUESTIONS for outcome in grade(student, question)]
    finally:
        close(student)
    assert not [outcome for outcome in outcomes if outcome.kind not in {"met", "carried"}]
