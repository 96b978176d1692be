"""The sample class, run for real.

The whole class runs in bubblewrap, the known exam and the reference solution in Docker as well.
"""

import csv
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.cli.main import call
from tests.sandbox.backends import get

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
SUBMISSIONS = Path(__file__).parents[2] / "submissions"
EXPECTED = tomllib.loads(Path(__file__).with_name("expected.toml").read_text(encoding="utf-8"))
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


class Run:
    """What one run of the command left behind."""

    def __init__(self, backend: str, out: Path, *options: str) -> None:
        get(backend)
        arguments = [str(SUBMISSIONS), "--out", str(out), "--sandbox", backend, "--cell-timeout", "60", *options]
        self.status = call(arguments)
        self.out = out

    def report(self, student: str) -> dict:
        return json.loads((self.out / student / "report.json").read_text(encoding="utf-8"))

    def questions(self, student: str) -> dict:
        return {part["id"]: part for group in self.report(student)["assignments"] for part in group["questions"]}


@pytest.fixture(scope="module")
def whole_class(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("bubblewrap", tmp_path_factory.mktemp("class"))


@pytest.fixture(params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)], scope="module")
def known_and_reference(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    if request.param == "bubblewrap":
        yield request.getfixturevalue("whole_class")
    else:
        yield Run(request.param, tmp_path_factory.mktemp("two"), "--only", "jonas", "--only", "mira")


def said(question: dict) -> list[str]:
    return sorted(comment for comment in question["comments"] if not comment.startswith("carried forward"))


def test_the_known_exam(known_and_reference: Run) -> None:
    report, found = known_and_reference.report("jonas"), known_and_reference.questions("jonas")
    assert {ident: found[ident]["points"] for ident in KNOWN_EXAM} == {
        ident: points for ident, (points, _) in KNOWN_EXAM.items()
    }
    assert {ident: said(found[ident]) for ident in KNOWN_EXAM} == {
        ident: sorted(comments) for ident, (_, comments) in KNOWN_EXAM.items()
    }
    assert (report["points"], report["max_points"], report["status"]) == (61.0, 96.0, "final")
    assert [assignment["points"] for assignment in report["assignments"]] == [11.0, 15.0, 20.5, 14.5]


def test_the_reference_solution(known_and_reference: Run) -> None:
    for question in known_and_reference.questions("mira").values():
        if question["kind"] in {"code", "choice"}:
            assert question["points"] == question["max_points"], question
            assert question["status"] == "graded", question
            assert not question["comments"], question


@pytest.mark.parametrize("student", EXPECTED)
def test_each_student_gets_what_the_scheme_says(whole_class: Run, student: str) -> None:
    for ident, question in whole_class.questions(student).items():
        if question["kind"] not in {"code", "choice"}:
            continue
        entry = EXPECTED[student].get(ident, {})
        assert question["points"] == entry.get("points", question["max_points"]), question
        if question["kind"] == "code":
            assert said(question) == sorted(entry.get("comments", [])), question
            assert question["status"] == entry.get("status", "graded"), question


def test_nobody_stops_the_class(whole_class: Run) -> None:
    assert whole_class.status == 0
    with (whole_class.out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(EXPECTED)
    assert all((whole_class.out / student / "report.html").is_file() for student in EXPECTED)
    assert (whole_class.out / "index.html").is_file()
    problems = {group["id"]: group["problems"] for group in whole_class.report("tim")["assignments"]}
    assert problems["3"] == ["Cell 9 ran longer than the 60 seconds allowed for a cell and was stopped."]
