"""Proposals against labelled answers: what they say is right, and they say enough to be worth their place."""

import random
import string
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.course import load_course
from grader.errors import CourseError
from grader.rubric_modules import load_proposers
from grader.scoring.human import load_marks
from grader.scoring.proposals import Finding, propose
from rubrics.proposals import proposers
from tests.proposals.answers import LABELLED
from tests.proposals.held_out import HELD_OUT

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT / "rubrics")
QUESTIONS = {question.id: question for question in COURSE.questions()}


def proposed(question: str, answer: str) -> dict[str, float]:
    """Criterion → proposed points, hints left out."""
    found = propose(QUESTIONS[question], answer, proposers)
    return {ident: one.points for ident, one in found.items() if one.points is not None}


@pytest.mark.parametrize(("question", "answer", "labels"), [*LABELLED, *HELD_OUT], ids=lambda value: str(value)[:40])
def test_no_proposal_contradicts_a_label(question, answer, labels) -> None:
    found = proposed(question, answer)
    assert {ident: points for ident, points in found.items() if ident in labels} == {
        ident: labels[ident] for ident in found if ident in labels
    }


@pytest.mark.parametrize(("answers", "least"), [(LABELLED, 0.95), (HELD_OUT, 0.85)], ids=["labelled", "held-out"])
def test_most_points_that_are_earned_are_proposed(answers, least) -> None:
    """A proposer that never speaks contradicts nobody. The counts are those of docs/review.md."""
    labels = [
        (points, proposed(question, answer).get(ident))
        for question, answer, all_of in answers
        for ident, points in all_of.items()
    ]
    said = [one for one in labels if one[1] is not None]
    earned = [one for one in labels if one[0] > 0]
    seen = [one for one in earned if one[1] is not None]
    print(f"{len(labels)} labels, {len(said)} proposed; of {len(earned)} that earn points, {len(seen)} proposed")
    assert len(said) >= 0.75 * len(labels)
    assert len(seen) >= least * len(earned)


def test_the_sample_classs_marks_are_not_contradicted() -> None:
    """Marks of whole questions bound the sum of what is proposed; marks of criteria are compared one by one."""
    marks = load_marks(ROOT / "submissions" / "marks.yaml", COURSE)
    compared = 0
    for student, questions in marks.items():
        answers = yaml.safe_load((ROOT / "submissions" / student / "answers.yaml").read_text(encoding="utf-8"))
        for question, mark in questions.items():
            found = proposed(question, str(answers.get(question, "")))
            for ident, points in mark.criteria.items():
                if ident in found:
                    compared += 1
                    assert found[ident] == points, (student, ident)
            if mark.points is not None and found:
                compared += 1
                most = sum(criterion.points for criterion in QUESTIONS[question].criteria if criterion.id not in found)
                assert sum(found.values()) <= mark.points <= sum(found.values()) + most, (student, question)
    assert compared >= 20


def test_every_text_question_has_a_proposer_whose_criteria_are_the_courses() -> None:
    assert set(proposers) == {question.id for question in COURSE.questions() if question.kind == "text"}
    for question, answer, _ in LABELLED:
        known = {criterion.id for criterion in QUESTIONS[question].criteria}
        assert {finding.criterion for finding in proposers[question](answer)} <= known


@given(st.text(max_size=300), st.sampled_from(sorted(proposers)))
@settings(max_examples=150, deadline=None)
def test_any_text_is_survived(answer, question) -> None:
    for one in proposers[question](answer):
        assert one.share is None or 0 <= one.share <= 1


@pytest.mark.parametrize(
    "attack",
    [
        "∂z_o/∂a_qkm = " + "(" * 5000 + "w" + ")" * 5000,
        "∂z_o/∂a_qkm = " + "w/(K M)*" * 2000 + "1",
        "∂z_o/∂a_qkm = " + "999999" * 300,
        "z_o = " + "Σ_" * 3000,
        "alpha = " + "\\frac" * 4000,
        "1x" * 6000,
        "W1 " + "k×" * 5000,
        "224 " * 4000,
        "dropout " * 2400,
        "= " * 8000,
        "∂z" + " " * 9000 + "∂b",
        "-" * 18000,
    ],
    ids=lambda value: value[:20],
)
def test_hostile_answers_take_no_time(attack) -> None:
    began = time.process_time()
    for question in proposers:
        propose(QUESTIONS[question], attack, proposers)
    assert time.process_time() - began < 5


def test_random_letters_propose_no_points() -> None:
    source = random.Random(3)
    for _ in range(100):
        answer = " ".join("".join(source.choices(string.ascii_lowercase, k=7)) for _ in range(30))
        for question in proposers:
            assert not any(proposed(question, answer).values()), (question, answer)


def test_a_proposer_that_breaks_proposes_nothing() -> None:
    def broken(answer):
        yield Finding("2a.w1", 1.0, "")
        raise RuntimeError(answer)

    assert propose(QUESTIONS["2a"], "x", {"2a": broken}) == {}
    assert propose(QUESTIONS["2a"], "x", {"2a": lambda _: [Finding("2z.no", 1.0, "")]}) == {}
    assert propose(QUESTIONS["2a"], " ", proposers) == {}


def test_a_pack_may_bring_its_own(tmp_path) -> None:
    assert set(load_proposers(tmp_path)) == set(proposers)
    (tmp_path / "proposals.py").write_text("proposers = {'1a': None}")
    assert load_proposers(tmp_path) == {"1a": None}
    (tmp_path / "proposals.py").write_text("proposers = 3")
    with pytest.raises(CourseError, match="proposers"):
        load_proposers(tmp_path)
