"""The known exam and the reference solution, run for real in both sandboxes."""

import json
from pathlib import Path

import pytest

from grader.rubric_modules import bundled_course
from grader.run import Options, grade_class
from grader.sandbox import Backend, Limits
from tests.sandbox.backends import isolating

__all__ = ["isolating"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SUBMISSIONS = Path(__file__).parents[2] / "submissions"
KNOWN_EXAM = {
    "1a": (2, []),
    "1b": (0, []),
    "1c": (1.5, ["Feature map not saved and returned"]),
    "1d": (3, []),
    "1e": (
        4.5,
        [
            "Incorrect gradient.",
            "Incorrect dimension of map to multiply with image.",
            "Need to apply map to original (unnormalized) image",
        ],
    ),
    "2a": (0, []),
    "2b": (1, ["only loss is correct"]),
    "2c": (2, ["D is wrong", "no function/dict returned/stored"]),
    "2d": (1, ["only `__len__` is correct (+1)"]),
    "2e": (6, []),
    "2f": (
        3,
        [
            "no defined K or C(output)",
            "loss is not consistent with task(b)",
            "dataset initialization is wrong",
            "normalization of accuracy is wrong",
        ],
    ),
    "2g": (2, []),
    "3a": (1, ["wrong number of FC", "wrong computation of conv layer"]),
    "3b": (3, ["missing reasonable explanation"]),
    "3c": (3.5, ["images are upscaled to a too large size"]),
    "3d": (3.5, ["missing activation function", "wrong size for FC"]),
    "3e": (4.5, ["wrong loss function", "missing computation of test_acc"]),
    "3f": (3, []),
    "3g": (2, []),
    "4a": (3.5, []),
    "4b": (3.5, []),
    "4c": (4.5, []),
    "4d": (3, []),
}


class Silent:
    def begin(self, students, sandbox) -> None:
        """Not shown."""

    def doing(self, student, what) -> None:
        """Not shown."""

    def done(self, student, graded) -> None:
        """Not shown."""


def run(student: str, backend: Backend, out: Path) -> dict:
    limits = Limits(cell_timeout_s=240)
    options = Options(SUBMISSIONS, out, bundled_course(), backend.name, jobs=1, only=student, limits=limits)
    summary = grade_class(options, Silent())
    assert summary.complete, (summary.failed, summary.faults)
    return json.loads((out / student / "report.json").read_text(encoding="utf-8"))


def questions(report: dict) -> dict:
    return {question["id"]: question for assignment in report["assignments"] for question in assignment["questions"]}


def test_the_known_exam(isolating: Backend, tmp_path: Path) -> None:
    report = run("jonas", isolating, tmp_path)
    found = questions(report)
    points = {ident: found[ident]["points"] for ident in KNOWN_EXAM}
    assert points == {ident: expected for ident, (expected, _) in KNOWN_EXAM.items()}
    for ident, (_, comments) in KNOWN_EXAM.items():
        said = [comment for comment in found[ident]["comments"] if not comment.startswith("carried forward")]
        assert sorted(said) == sorted(comments), ident
    assert (report["points"], report["max_points"], report["status"]) == (61.0, 96.0, "final")
    assert [assignment["points"] for assignment in report["assignments"]] == [11.0, 15.0, 20.5, 14.5]


def test_the_reference_solution(isolating: Backend, tmp_path: Path) -> None:
    report = run("mira", isolating, tmp_path)
    for question in questions(report).values():
        if question["kind"] in {"code", "choice"}:
            assert question["points"] == question["max_points"], (
                question["id"],
                question["comments"],
                question["criteria"],
            )
            assert question["status"] == "graded"
