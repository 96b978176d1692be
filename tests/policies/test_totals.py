"""Dropped and bonus questions, rounding, and their order."""

import pytest

from grader.policies import apply_policies, with_policies
from tests.policies.tiny import changes, course, outcome, result


def test_without_policies_nothing_happens():
    plain = course().model_copy(update={"policies": None})
    student = result()
    assert apply_policies(plain, student, None, {}) is None
    assert with_policies(plain, student, None, {}) is student


def test_the_choice_of_an_attempt_alone_is_no_step():
    assert apply_policies(course('attempts = "best"'), result(), None, {}) is None


def test_a_student_whose_grading_broke_has_no_final_result():
    from dataclasses import replace

    rules = course('grades = { scale = "swiss" }')
    assert apply_policies(rules, replace(result(), status="failed"), None, {}) is None


def test_an_excluded_question_counts_neither_for_nor_against():
    found = outcome('dropped = { questions = ["1b"] }')
    assert (found.points, found.max_points) == (10, 14)
    assert found.steps[0].sentence == (
        "Left out: 1b. This counts neither for nor against anybody. The maximum is 14 points."
    )
    without = outcome('dropped = { questions = ["1b"] }', of=result({"1b": 0.0}))
    assert (without.points, without.max_points) == (10, 14)


def test_full_points_for_everybody():
    rules = 'dropped = { questions = ["1b", "1c"], how = "full" }'
    found = outcome(rules)
    assert (changes(found), found.points, found.max_points) == ({"dropped": 3}, 18, 20)
    assert outcome(rules, of=result({"1b": 0.0, "1c": 0.0})).points == 18
    assert found.steps[0].sentence == "Left out: 1b, 1c. Everybody gets the full 10 points."


def test_a_bonus_counts_but_not_into_the_maximum():
    found = outcome('bonus = { questions = ["1c"] }')
    assert (changes(found), found.points, found.max_points) == ({"bonus": 0}, 15, 16)
    full = outcome('bonus = { questions = ["1c"] }', of=result({"1a": 10.0, "1b": 6.0, "1c": 4.0}))
    assert (full.points, full.max_points) == (20, 16)


def test_a_bonus_up_to_the_maximum():
    rules = 'bonus = { questions = ["1c"], above_maximum = false }'
    full = outcome(rules, of=result({"1a": 10.0, "1b": 5.0, "1c": 4.0}))
    assert (changes(full), full.points, full.max_points) == ({"bonus": -3}, 16, 16)
    assert full.steps[0].sentence == "Bonus: 1c. The maximum is 16 points. Points above it do not count."
    assert changes(outcome(rules)) == {"bonus": 0}


@pytest.mark.parametrize(
    ("how", "points", "rounded"),
    [
        ("half-up", 1.5, 2),
        ("half-up", 0.5, 1),
        ("half-even", 1.5, 2),
        ("half-even", 0.5, 0),
        ("up", 0.5, 1),
        ("down", 1.5, 1),
    ],
)
def test_rounding_of_the_total(how, points, rounded):
    rules = f'rounding = {{ step = 1, rounding = "{how}" }}'
    found = outcome(rules, of=result({"1a": points, "1b": 0.0, "1c": 0.0}))
    assert found.points == rounded


def test_a_tie_is_a_tie_also_where_binary_numbers_have_none():
    # 0.1 · 3 / 2: in binary numbers 0.15000000000000002, which is no tie.
    found = outcome('rounding = { step = 0.1, rounding = "half-even" }', of=result({"1a": 0.25, "1b": 0.0, "1c": 0.0}))
    assert found.points == 0.2


def test_rounding_does_not_lead_above_what_can_be_reached():
    found = outcome("rounding = { step = 7 }", of=result({"1a": 10.0, "1b": 5.0, "1c": 4.0}))
    assert found.points == 20


ALL = """
deadline = 2026-01-31T12:00:00+01:00
late = { percent = 10, percent_of = "points" }
rounding = { step = 0.5, rounding = "half-up" }
bonus = { questions = ["1c"], above_maximum = false }
dropped = { questions = ["1b"] }
grades = { scale = "swiss" }
"""


def test_the_order_is_fixed_whatever_the_pack_says_first():
    student = result({"1a": 9.5, "1b": 5.0, "1c": 4.0})
    at = "2026-01-31T13:00:00+01:00"
    found = outcome(ALL, of=student, at=at)
    assert changes(found) == {"dropped": -5, "bonus": -3.5, "late": -1, "rounding": 0}
    assert list(changes(found)) == ["dropped", "bonus", "late", "rounding"]
    backwards = "\n".join(reversed(ALL.strip().split("\n")))
    assert outcome(backwards, of=student, at=at) == found
    assert (found.points, found.max_points, found.grade) == (9, 10, "5.50")


def test_steps_are_a_chain_from_the_marks_to_the_final_points():
    found = outcome(ALL, at="2026-02-03T13:00:00+01:00")
    assert found.steps[0].points_before == result().points
    for before, after in zip(found.steps, found.steps[1:], strict=False):
        assert after.points_before == before.points_after
    assert found.points == found.steps[-1].points_after


def test_marks_are_not_touched():
    student = result()
    graded = with_policies(course(ALL), student, None, {})
    assert (graded.points, graded.max_points, graded.assignments) == (15, 20, student.assignments)
    assert with_policies(course(ALL), graded, None, {}) is graded


def test_provisional_while_something_that_counts_is_open():
    assert outcome("rounding = { step = 1 }", of=result(undecided=("1a",))).provisional
    assert not outcome("rounding = { step = 1 }").provisional


@pytest.mark.parametrize("how", ["excluded", "full"])
def test_what_is_open_in_a_dropped_question_does_not_matter(how):
    rules = f'dropped = {{ questions = ["1b"], how = "{how}" }}'
    found = outcome(rules, of=result(undecided=("1b",)))
    assert (found.provisional, found.points) == (False, {"excluded": 10, "full": 16}[how])
    assert outcome(rules, of=result(undecided=("1b", "1c"))).provisional
