"""Which file is the notebook of which assignment."""

from __future__ import annotations

import os
from datetime import datetime

import pytest

from grader.intake import AssignmentHint, read_submissions
from grader.intake.matching import clean_stem, time_stamp
from tests.intake.making import messages, notebook, read, read_student, sources, write


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("assignment1.ipynb", "assignment1"),
        ("A1", "A1"),
        ("I.ipynb", "I"),
        ("task 2 final (1).ipynb", "task 2"),
        ("A1_20210618T093312.ipynb", "A1"),
        ("assignment2_2021-06-18-09-33-12.ipynb", "assignment2"),
        ("assignment1 - Copy.ipynb", "assignment1"),
        ("assignment1-Copy1.ipynb", "assignment1"),
        ("Copy of assignment1.ipynb", "assignment1"),
        ("assignment1 - Kopie (2).ipynb", "assignment1"),
        ("assignment3_final_v2.ipynb.txt", "assignment3"),
        ("final.ipynb", "final"),
        ("Aufgabe_U\u0308bung.ipynb", "Aufgabe_Übung"),
    ],
)
def test_clean_stem(name, stem):
    assert clean_stem(name) == stem


@pytest.mark.parametrize(
    ("name", "stamp"),
    [
        ("A1_20210618T093312.ipynb", datetime(2021, 6, 18, 9, 33, 12)),
        ("A1_20210618093312.ipynb", datetime(2021, 6, 18, 9, 33, 12)),
        ("x_attempt_2021-06-18-09-33-12_A1.ipynb", datetime(2021, 6, 18, 9, 33, 12)),
        ("2021-06-18.ipynb", datetime(2021, 6, 18)),
        ("A1_20210231.ipynb", None),
        ("21-732-123_A1.ipynb", None),
    ],
)
def test_time_stamp(name, stamp):
    assert time_stamp(name) == stamp


@pytest.mark.parametrize(
    ("name", "assignment"),
    [
        ("assignment1.ipynb", "1"),
        ("A2.ipynb", "2"),
        ("III.ipynb", "3"),
        ("i.ipynb", "1"),
        ("task 2 final (1).ipynb", "2"),
        ("Task_3.ipynb", "3"),
        ("a1_20210618T093312.ipynb", "1"),
        ("assignment2/notebook.ipynb", "2"),
        ("assignment1/code/main.ipynb", "1"),
        ("ASSIGNMENT-3 - Copy.ipynb", "3"),
    ],
)
def test_by_name(tmp_path, name, assignment):
    submission = read_student(tmp_path, {name: notebook("layer4 gender SVHN conv2d")})
    assert set(submission.notebooks) == {assignment}
    assert submission.notebooks[assignment].name == name
    assert messages(submission) == []


def test_by_content(tmp_path):
    files = {
        "Untitled.ipynb": notebook("SVHN", "conv2d"),
        "work.ipynb": notebook("elman"),
        "x.ipynb": notebook("layer4"),
    }
    submission = read_student(tmp_path, files)
    assert {ident: file.name for ident, file in submission.notebooks.items()} == {
        "1": "x.ipynb",
        "2": "work.ipynb",
        "3": "Untitled.ipynb",
    }
    assert messages(submission) == []


def test_name_with_two_assignments_is_decided_by_content(tmp_path):
    submission = read_student(tmp_path, {"assignment1 assignment2.ipynb": notebook("elman gender")})
    assert set(submission.notebooks) == {"2"}


def test_notebook_of_no_assignment(tmp_path):
    submission = read_student(tmp_path, {"notes.ipynb": notebook("1 + 1"), "A1.ipynb": notebook()})
    assert set(submission.notebooks) == {"1"}
    message = "notes.ipynb: Not graded: it belongs to no assignment by name or content."
    assert messages(submission) == [message]


def test_name_wins_over_content_and_says_so(tmp_path):
    submission = read_student(tmp_path, {"A1.ipynb": notebook("elman gender")})
    assert set(submission.notebooks) == {"1"}
    message = "Graded as assignment 1 by its name, but its content looks like assignment 2."
    assert messages(submission) == [f"A1.ipynb: {message}"]


def test_one_notebook_for_everything(tmp_path):
    submission = read_student(tmp_path, {"exam.ipynb": notebook("layer4 grad-cam", "elman gender", "SVHN")})
    assert {ident: file.name for ident, file in submission.notebooks.items()} == dict.fromkeys("123", "exam.ipynb")
    assert messages(submission) == [
        "exam.ipynb: Also graded as assignment 2, by its content.",
        "exam.ipynb: Also graded as assignment 3, by its content.",
    ]


def test_one_notebook_for_two_assignments(tmp_path):
    files = {"exam.ipynb": notebook("layer4 grad-cam", "elman"), "A3.ipynb": notebook()}
    submission = read_student(tmp_path, files)
    names = {"1": "exam.ipynb", "2": "exam.ipynb", "3": "A3.ipynb"}
    assert {ident: file.name for ident, file in submission.notebooks.items()} == names


def test_equally_vague_content_is_not_guessed(tmp_path):
    hints = [AssignmentHint(ident, (), (pattern, "rare", "rarer")) for ident, pattern in (("1", "torch"), ("2", "nn"))]
    root = write(tmp_path / "class", {"alice/x.ipynb": notebook("torch.nn")})
    (submission,) = read_submissions(root, tmp_path / "work", hints).submissions
    assert dict(submission.notebooks) == {}


def read_dated(tmp_path, files: dict[str, tuple[bytes, int]]):
    folder = write(tmp_path / "class" / "alice", {name: content for name, (content, _) in files.items()})
    for name, (_, modified) in files.items():
        os.utime(folder / name, (modified, modified))
    (submission,) = read(tmp_path, {}).submissions
    return submission


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (("A1_20210617T093312.ipynb", 2_000), ("A1_20210618T093312.ipynb", 1_000)),
        (("A1.ipynb", 1_000_000), ("A1_new.ipynb", 2_000_000)),
        (("A1_new.ipynb", 1_000_000), ("A1.ipynb", 2_000_000)),
        (("A1.ipynb", 1_000_000), ("A1 (1).ipynb", 1_000_001)),
        (("A1 (2).ipynb", 1_000_000), ("A1 (10).ipynb", 1_000_000)),
        (("A1.ipynb", 1_000_000), ("A1_20210618T093312.ipynb", 1_000_000)),
    ],
)
def test_newest_of_several(tmp_path, older, newer):
    files = {older[0]: (notebook("older"), older[1]), newer[0]: (notebook("newer"), newer[1])}
    submission = read_dated(tmp_path, files)
    assert sources(submission) == {"1": ["newer"]}
    assert messages(submission) == [f"{older[0]}: Not graded as assignment 1: {newer[0]!r} is newer."]


def test_identical_content_counts_once(tmp_path):
    submission = read_student(
        tmp_path, {"A1.ipynb": notebook("x"), "A1 - Copy.ipynb": notebook("x", metadata={"a": 1})}
    )
    assert sources(submission) == {"1": ["x"]}
    assert messages(submission) == []


def test_readable_one_wins_over_newer_damaged_one(tmp_path):
    submission = read_dated(tmp_path, {"A1.ipynb": (notebook("x"), 1_000_000), "A1 (1).ipynb": (b"{", 2_000_000)})
    assert sources(submission) == {"1": ["x"]}
    error = "is cut off: its JSON ends in line 1 before it is complete"
    assert messages(submission) == [
        f"A1 (1).ipynb: The notebook {error}.",
        f"A1 (1).ipynb: Not graded as assignment 1: it {error}.",
    ]


def test_named_one_wins_over_one_by_content(tmp_path):
    submission = read_student(tmp_path, {"A1.ipynb": notebook("x"), "old.ipynb": notebook("layer4")})
    assert sources(submission) == {"1": ["x"]}
    message = "old.ipynb: Not graded as assignment 1: 'A1.ipynb' has the assignment's name."
    assert messages(submission) == [message]
