"""From outcomes, marks and keys to points."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.course import Course, load_course
from grader.errors import RubricError, UsageError
from grader.rubric_modules import bundled_course
from grader.scoring import carried, met, not_met, partial, review
from grader.scoring.human import HumanMark, load_marks
from grader.scoring.marks import apply_mark, score_choice, score_code, score_missing, score_text

COURSE: Course = load_course(bundled_course())
QUESTIONS = {question.id: question for question in COURSE.questions()}


def all_met(ident: str) -> list:
    return [met(criterion.id) for criterion in QUESTIONS[ident].criteria]


def test_full_points() -> None:
    result = score_code(QUESTIONS["1c"], all_met("1c"))
    assert (result.points, result.status, result.comments) == (3.0, "graded", ())


def test_a_fault_costs_its_points_and_brings_its_comment() -> None:
    outcomes = [met("1c.pretrained"), met("1c.logits"), not_met("1c.feature-map", "nothing of B×512×7×7 was found")]
    result = score_code(QUESTIONS["1c"], outcomes)
    assert result.points == 1.5
    assert result.comments == ("Feature map not saved and returned",)


def test_carried_keeps_the_points_with_the_note() -> None:
    outcomes = [*all_met("2d")[:3], carried("2d.encoding", "2c", "D is 26"), met("2d.target")]
    result = score_code(QUESTIONS["2d"], outcomes)
    assert result.points == 5.0
    assert result.comments == ("carried forward from 2(c), not deducted again",)


def test_review_leaves_points_open() -> None:
    result = score_code(
        QUESTIONS["1c"], [met("1c.pretrained"), met("1c.logits"), review("1c.feature-map", "two networks")]
    )
    assert (result.points, result.status) == (1.5, "review")
    assert result.criteria[2].points is None


def test_partial_and_detail() -> None:
    outcomes = [
        met(c.id) if c.id != "2f.loop" else partial("2f.loop", 2 / 3, "…", detail="gradients are never zeroed")
        for c in QUESTIONS["2f"].criteria
    ]
    result = score_code(QUESTIONS["2f"], outcomes)
    assert result.points == 4.5
    assert result.comments == ("Training loop is wrong: gradients are never zeroed",)


def test_variant_comment() -> None:
    outcomes = [
        met(c.id) if c.id != "3c.size" else not_met("3c.size", "16×16", variant="smaller")
        for c in QUESTIONS["3c"].criteria
    ]
    assert score_code(QUESTIONS["3c"], outcomes).comments == ("images are scaled to a wrong size",)


def test_only_the_last_criterion_met_brings_the_question_comment() -> None:
    outcomes = [met("2d.len"), *[not_met(c.id, "…") for c in QUESTIONS["2d"].criteria[1:]]]
    result = score_code(QUESTIONS["2d"], outcomes)
    assert (result.points, result.comments) == (1.0, ("only `__len__` is correct (+1)",))


@pytest.mark.parametrize(
    "outcomes", [[], all_met("1c")[:2], [*all_met("1c"), met("1c.logits")], [*all_met("1c"), met("1d.size")]]
)
def test_a_rubric_that_breaks_its_contract_is_told(outcomes: list) -> None:
    with pytest.raises(RubricError, match="question 1c"):
        score_code(QUESTIONS["1c"], outcomes)


@pytest.mark.parametrize(
    ("marks", "points"),
    [
        (["wrong", "right", "wrong", "right", "right"], 5.0),
        (["wrong", "right", "unanswered", "right", "right"], 4.0),
        (["wrong", "right", "right", "right", "right"], 3.5),
        (["right", "wrong", "right", "wrong", "wrong"], 0.0),
        (["wrong"], 1.0),
        (None, 0.0),
    ],
)
def test_true_false(marks: list[str] | None, points: float) -> None:
    assert score_choice(QUESTIONS["4a"], marks).points == points


@given(st.lists(st.sampled_from(["right", "wrong", "unanswered"]), max_size=9))
def test_true_false_stays_within_its_points(marks: list[str]) -> None:
    result = score_choice(QUESTIONS["4c"], marks)
    assert 0 <= result.points <= result.max_points
    assert result.points * 2 == int(result.points * 2)


def test_text_waits_for_a_person_and_silence_earns_nothing() -> None:
    assert score_text(QUESTIONS["1a"], "Resize it").status == "review"
    assert score_text(QUESTIONS["1a"], "  ").status == "missing"
    assert score_text(QUESTIONS["1a"], None).points == 0


def test_no_notebook() -> None:
    assert score_missing(QUESTIONS["1c"], "").comments == ("No notebook uploaded",)
    assert score_missing(QUESTIONS["1c"], "not JSON").comments == ("No notebook uploaded", "not JSON")
    assert score_missing(QUESTIONS["1f"], "").comments == ("No notebook uploaded",)


def test_a_persons_mark_wins() -> None:
    question = QUESTIONS["2b"]
    computed = score_text(question, "something")
    criteria = HumanMark(None, {"2b.sequence": 0, "2b.decision": 0, "2b.loss": 1})
    assert apply_mark(question, computed, criteria).comments == ("only loss is correct",)
    whole = apply_mark(question, computed, HumanMark(2.5, {}, "nearly"))
    assert (whole.points, whole.status, whole.comments, whole.marked_by) == (2.5, "graded", ("nearly",), "person")
    single = apply_mark(question, computed, HumanMark(None, {"2b.loss": 1}))
    assert (single.points, single.status) == (1.0, "review")


def test_what_was_computed_is_kept_beside_a_persons_mark() -> None:
    question = QUESTIONS["4a"]
    computed = score_choice(question, ["right"] * 5)
    assert apply_mark(question, computed, HumanMark(1.5)).computed == computed.points
    open_before = score_text(QUESTIONS["2b"], "something")
    assert apply_mark(QUESTIONS["2b"], open_before, HumanMark(1.5)).computed is None
    code = QUESTIONS["2c"]
    outcomes = [
        met("2c.letters"),
        not_met("2c.hyphen", "27"),
        review("2c.size", "?"),
        met("2c.case"),
        met("2c.available"),
    ]
    scored = score_code(code, outcomes)
    marked = apply_mark(code, scored, HumanMark(None, {"2c.hyphen": 0.5, "2c.size": 0.5}))
    assert {criterion.id: criterion.computed for criterion in marked.criteria} == {
        "2c.letters": None,
        "2c.hyphen": 0.0,
        "2c.size": None,
        "2c.case": None,
        "2c.available": None,
    }
    assert marked.computed is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alice: {9z: 1}", "alice: the course has no question '9z'"),
        ("alice: {1b: 7}", "alice: 1b: expected points between 0 and 5, found 7"),
        ("alice: {1b: {points: lots}}", "expected points between 0 and 5, found 'lots'"),
        ("alice: {2b: {criteria: {2b.los: 1}}}", "question 2b has no criterion '2b.los'"),
        ("alice: {2b: {pints: 1}}", "expected points, criteria or comment"),
        ("alice: 3", "alice: expected question ids with marks, found 3"),
        ("- a", "expected students with their marks, found list"),
        ("{", "not a YAML file"),
    ],
)
def test_wrong_marks_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "marks.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_marks(path, COURSE)
    assert message in str(caught.value)


def test_marks_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "marks.yaml"
    path.write_text('alice:\n  1b: {points: 0, comment: "The derivative is missing"}\n  2b: {criteria: {2b.loss: 1}}\n')
    marks = load_marks(path, COURSE)
    assert marks["alice"]["1b"] == HumanMark(0.0, {}, "The derivative is missing")
    assert marks["alice"]["2b"].criteria == {"2b.loss": 1.0}
