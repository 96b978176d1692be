"""answers.yaml: what is understood, and what is said of the rest."""

from __future__ import annotations

import pytest

from grader.intake.answers import parse_answers
from tests.intake.making import SMALL, messages, read_student

QUESTIONS = ("1a", "1b", "4a")


def parsed(text: str):
    answers, problems = parse_answers(text, "answers.yaml", QUESTIONS)
    return answers, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('1a: "Resize to 224 × 224"', "Resize to 224 × 224"),
        ("1a: |\n  Two\n  lines\n", "Two\nlines"),
        ("1a: 1024", "1024"),
        ("1a: 10:20", "10:20"),
        ("1a: 2021-06-18", "2021-06-18"),
        ("1a: yes", "yes"),
        ("1a:", ""),
        ("1A: text", "text"),
        ("1a: !!python/object/apply:os.system ['true']", ["right"]),
        ('1a: "=1+1 <script>"', "=1+1 <script>"),
    ],
)
def test_texts_stay_as_typed(text, answer):
    assert parsed(text)[0] == {"1a": answer}


@pytest.mark.parametrize(
    "marks",
    [
        "[right, wrong, unanswered]",
        "[R, W, ]",
        "[r, w, '']",
        "[yes, no, null]",
        "[true, False, ~]",
        "[Richtig, falsch, '-']",
        "\n- right\n- wrong\n- unanswered",
        "right, wrong, unanswered",
        "R W ?",
        '"[r, w, -]"',
    ],
)
def test_marks(marks):
    answers, problems = parsed(f"4a: {marks}")
    expected = ["right", "wrong"] if marks == "[R, W, ]" else ["right", "wrong", "unanswered"]
    assert (answers, problems) == ({"4a": expected}, [])


@pytest.mark.parametrize(
    ("text", "answers", "message"),
    [
        ("9z: x", {}, "There is no question '9z': its answer is ignored."),
        ("1a: x\n1a: y", {"1a": "y"}, "Question 1a is answered twice: the later answer counts."),
        ("1a: {b: c}", {"1a": ""}, "The answer to 1a is neither a text nor a list of marks."),
        (
            "4a: [right, maybe]",
            {"4a": ["right", "unanswered"]},
            "Mark 2 of question 4a is 'maybe', expected right, wrong or unanswered: counted as unanswered.",
        ),
        (
            "1a: &a [x, x]\n1b: [*a, *a]",
            {},
            "The answers are refused: line 2 holds an alias ('*a'). Put texts in quotes.",
        ),
        ("1a: [[[[x]]]]", {}, "The answers are refused: line 1 is nested too deeply. Put texts in quotes."),
        ("- x\n- y", {}, "The answers are refused: they must be lines of the form '1a: text'. Put texts in quotes."),
        ("just text", {}, "The answers are refused: they must be lines of the form '1a: text'. Put texts in quotes."),
        (
            "1a: x\n---\n1b: y",
            {},
            "The answers are refused: they hold several YAML documents ('---'). Put texts in quotes.",
        ),
    ],
)
def test_what_is_reported(text, answers, message):
    assert parsed(text) == (answers, [f"answers.yaml: {message}"])


def test_broken_yaml_costs_only_the_broken_answer():
    answers, problems = parsed("1a: Resize: to 224\n4a: [right, wrong]\n1b: 'open\n")
    assert answers == {"1a": "Resize: to 224", "4a": ["right", "wrong"], "1b": "open"}
    assert problems == [
        "answers.yaml: The answers are not valid YAML "
        "(line 1: mapping values are not allowed in this context); read line by line.",
        "answers.yaml: The answer to 1a is not valid YAML: taken as plain text.",
        "answers.yaml: The answer to 1b is not valid YAML: taken as plain text.",
    ]


def test_alias_bomb_is_refused():
    lines = ["1a: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert parsed("\n".join(lines)) == (
        {},
        ["answers.yaml: The answers are refused: line 2 holds an alias ('*a0'). Put texts in quotes."],
    )


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{" * 5000, "- " * 5000, "1a: " + "[" * 5000, "\x00\x07: x", "? ? ?", "%"]
)
def test_nonsense_does_no_harm(text):
    assert parsed(text)[1]


@pytest.mark.parametrize(
    "raw",
    [
        "1a: Größe\n".encode(),
        b"\xef\xbb\xbf" + "1a: Größe\n".encode(),
        "1a: Größe\n".encode("utf-16"),
        "1a: Größe\n".encode("cp1252"),
        "1a: Größe\r\n".encode(),
    ],
)
def test_encodings(tmp_path, raw):
    assert read_student(tmp_path, {"Answers.YML": raw}, questions=QUESTIONS).answers == {"1a": "Größe"}


def test_too_large(tmp_path):
    submission = read_student(tmp_path, {"answers.yaml": b"1a: " + b"x" * 11_000}, limits=SMALL)
    message = "answers.yaml: The answers are not read: 11 KiB, at most 10 KiB are."
    assert (submission.answers, messages(submission)[:1]) == ({}, [message])


def test_several_answer_files(tmp_path):
    submission = read_student(tmp_path, {"answers.yaml": "1a: x", "old/answers.yaml": "1a: y"})
    assert submission.answers == {"1a": "x"}
    assert messages(submission)[0] == "old/answers.yaml: Not read: the answers of 'answers.yaml' count."
