"""Runs a notebook and judges the questions 3c to 3e."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grader.scoring import Outcome
from tests.support.harness import close, grade, run_cells

QUESTIONS = ("3c", "3d", "3e")
POINTS = {
    "3c.train": 0.5,
    "3c.test": 0.5,
    "3c.download": 0.5,
    "3c.tensor": 0.5,
    "3c.size": 0.5,
    "3c.train-loader": 0.5,
    "3c.shuffle": 0.5,
    "3c.test-loader": 0.5,
    "3d.convolutions": 0.5,
    "3d.padding": 0.5,
    "3d.pooling": 0.5,
    "3d.activation": 1.0,
    "3d.fc": 0.5,
    "3d.forward": 1.0,
    "3d.regularization": 1.0,
    "3e.loss": 0.5,
    "3e.optimizer": 0.5,
    "3e.epochs": 0.5,
    "3e.gpu": 0.5,
    "3e.loop": 1.5,
    "3e.train-loss": 1.0,
    "3e.test-accuracy": 1.0,
    "3e.eval": 0.5,
}


def judge(cells: Sequence[str], answers: Mapping[str, Any] | None = None) -> dict[str, Outcome]:
    """Outcomes by criterion; each criterion of the questions has exactly one."""
    student = run_cells(cells, assignment="3", answers=answers)
    try:
        outcomes = [outcome for question in QUESTIONS for outcome in grade(student, question)]
    finally:
        close(student)
    assert [outcome.criterion for outcome in outcomes] == list(POINTS)
    return {outcome.criterion: outcome for outcome in outcomes}


def points(outcomes: Mapping[str, Outcome], question: str) -> float:
    """Points of a question; a criterion in review counts nothing."""
    shares = {"met": 1.0, "carried": 1.0, "not-met": 0.0, "review": 0.0}
    return sum(
        POINTS[name] * (outcome.fraction if outcome.kind == "partial" else shares[outcome.kind])
        for name, outcome in outcomes.items()
        if name.startswith(question)
    )
