"""From points to grades."""

from fractions import Fraction

import pytest

from grader.policies.grades import grade
from tests.policies.tiny import course, outcome, result

LETTERS = """
grades = { scale = "boundaries", passing = "C", boundaries = [
  { grade = "A", from = 90 }, { grade = "B", from = 75 }, { grade = "C", from = 50 }, { grade = "F", from = 0 } ] }
"""
# The percentages that many German examination regulations have.
GERMAN = """
grades = { scale = "boundaries", passing = "4.0", boundaries = [
  { grade = "1.0", from = 95 }, { grade = "1.3", from = 90 }, { grade = "1.7", from = 85 },
  { grade = "2.0", from = 80 }, { grade = "2.3", from = 75 }, { grade = "2.7", from = 70 },
  { grade = "3.0", from = 65 }, { grade = "3.3", from = 60 }, { grade = "3.7", from = 55 },
  { grade = "4.0", from = 50 }, { grade = "5.0", from = 0 } ] }
"""


def graded(rules: str, points: float):
    policies = course(rules).policies
    assert policies is not None
    found = grade(policies, Fraction(points), Fraction(20))
    return found.text, found.passed


@pytest.mark.parametrize(
    ("points", "text", "passed"),
    [
        (0, "1.00", False),
        (11, "3.75", False),
        (11.5, "4.00", True),  # 3.875: a tie goes up
        (12, "4.00", True),
        (15, "4.75", True),
        (20, "6.00", True),
    ],
)
def test_swiss(points, text, passed):
    assert graded('grades = { scale = "swiss" }', points) == (text, passed)


@pytest.mark.parametrize(
    ("step", "points", "text"),
    [(0.5, 15, "5.0"), (0.5, 14.5, "4.5"), (0.1, 15, "4.8"), (1, 15, "5"), (0.25, 15, "4.75")],
)
def test_steps_of_swiss_grades(step, points, text):
    assert graded(f'grades = {{ scale = "swiss", step = {step} }}', points)[0] == text


@pytest.mark.parametrize(("how", "text"), [("half-up", "4.8"), ("half-even", "4.8"), ("up", "4.8"), ("down", "4.7")])
def test_rounding_of_a_grade_at_a_tie(how, text):
    assert graded(f'grades = {{ scale = "swiss", step = 0.1, rounding = "{how}" }}', 15)[0] == text


@pytest.mark.parametrize(
    ("points", "text"), [(0, "1.00"), (4, "2.50"), (8, "4.00"), (12, "5.00"), (16, "6.00"), (18, "6.00")]
)
def test_swiss_in_two_pieces(points, text):
    rules = 'grades = { scale = "swiss", points_for_four = 8, points_for_six = 16 }'
    assert graded(rules, points) == (text, points >= 8)


def test_points_for_six_alone():
    assert graded('grades = { scale = "swiss", points_for_six = 15 }', 12) == ("5.00", True)


@pytest.mark.parametrize(
    ("points", "text", "passed"),
    [
        (0, "5.0", False),
        (10, "4.0", True),
        (9.99, "4.0", True),
        (9, "4.1", False),
        (15, "2.5", True),
        (20, "1.0", True),
    ],
)
def test_a_scale_whose_best_grade_is_the_smaller_number(points, text, passed):
    rules = 'grades = { scale = "linear", lowest = 5, highest = 1, passing = 4, points_for_passing = 10 }'
    assert graded(rules, points) == (text, passed)


def test_up_is_towards_the_better_grade_on_any_scale():
    rules = 'grades = { scale = "linear", lowest = 5, highest = 1, passing = 4, step = 1, rounding = "up" }'
    assert graded(rules, 11)[0] == "2"


@pytest.mark.parametrize(
    ("points", "letter", "passed"),
    [(18, "A", True), (17.99, "B", True), (15, "B", True), (10, "C", True), (9.5, "F", False), (0, "F", False)],
)
def test_letters(points, letter, passed):
    assert graded(LETTERS, points) == (letter, passed)


@pytest.mark.parametrize(("points", "text", "passed"), [(19, "1.0", True), (10, "4.0", True), (9.99, "5.0", False)])
def test_german_grades(points, text, passed):
    assert graded(GERMAN, points) == (text, passed)


def test_boundaries_in_points_without_a_passing_grade():
    rules = """grades = { scale = "boundaries", unit = "points", boundaries = [
      { grade = "good", from = 12.5 }, { grade = "bad", from = 0 } ] }"""
    assert graded(rules, 12.5) == ("good", None)
    assert graded(rules, 12.25) == ("bad", None)


@pytest.mark.parametrize(("mark", "least"), [("points = 11.5", 11.5), ("percent = 60", 12)])
def test_a_pass_mark(mark, least):
    assert graded(f"pass_mark = {{ {mark} }}", least) == ("", True)
    assert graded(f"pass_mark = {{ {mark} }}", least - 0.25) == ("", False)


def test_a_pass_mark_beside_grades_that_do_not_say_it():
    rules = LETTERS.replace('passing = "C", ', "") + "\npass_mark = { percent = 75 }"
    assert graded(rules, 14.5) == ("C", False)


def test_a_bonus_cannot_lead_above_the_best_grade():
    rules = 'bonus = { questions = ["1c"] }\ngrades = { scale = "swiss" }'
    found = outcome(rules, of=result({"1a": 10.0, "1b": 6.0, "1c": 4.0}))
    assert (found.points, found.max_points, found.grade) == (20, 16, "6.00")


def test_grades_are_explained():
    swiss = outcome('grades = { scale = "swiss" }', of=result({"1a": 7.5}))
    assert swiss.grade_about == (
        "The line from 1 at 0 points to 6 at 20 points has 4.625 at 14.5 points; rounded: 4.75.",
    )
    assert outcome(LETTERS).grade_about == ("15 of 20 points are 75 %; B begins at 75 %.",)
    assert outcome("pass_mark = { points = 12.5 }").grade_about == ("Passed from 12.5 points on.",)
    two = outcome('grades = { scale = "swiss", points_for_four = 10, points_for_six = 18 }')
    assert two.grade_about == (
        "The line from 1 at 0 points over 4 at 10 points to 6 at 18 points has 5.25 at 15 points; rounded: 5.25.",
    )
