"""Course packs whose policies are wrong, with what staff read."""

import pytest

from grader.course import load_course
from grader.errors import CourseError
from grader.rubric_modules import bundled_course
from tests.policies.tiny import loaded

GRADES = "[policies.grades]\nscale = "
DEADLINE = "deadline = 2026-01-31T12:00:00+01:00\n"
BOUNDARIES = GRADES + '"boundaries"\nboundaries = [{}]\n'


def boundaries(*pairs: tuple[str, float]) -> str:
    inner = ", ".join(f'{{ grade = "{grade}", from = {start} }}' for grade, start in pairs)
    return f'{GRADES}"boundaries"\nboundaries = [{inner}]\n'


CASES = {
    "an unknown question is dropped": (
        'dropped = { questions = ["9z"] }',
        "policies: dropped: the course has no question '9z'; it has 1a, 1b, 1c.",
    ),
    "an unknown question is a bonus": ('bonus = { questions = ["1d"] }', "bonus: the course has no question '1d'"),
    "a question twice": ('bonus = { questions = ["1a", "1a"] }', "bonus: the question '1a' occurs more than once"),
    "bonus and dropped": (
        'bonus = { questions = ["1a"] }\ndropped = { questions = ["1a"] }',
        "question 1a is both a bonus and dropped",
    ),
    "nothing left": (
        'bonus = { questions = ["1a"] }\ndropped = { questions = ["1b", "1c"] }',
        "no question is left that counts into the maximum",
    ),
    "no question": ("dropped = { questions = [] }", "policies › dropped › questions: "),
    "a misspelt key": ("roundings = { step = 1 }", "policies › roundings: Extra inputs are not permitted"),
    "a step of 0": ("rounding = { step = 0 }", "policies › rounding › step: Input should be greater than 0"),
    "a day without a time": (
        "deadline = 2026-01-31",
        "policies › deadline: expected a date and time such as 2026-01-31T23:59:00+01:00, found 2026-01-31",
    ),
    "a time without a zone": (
        "deadline = 2026-01-31T12:00:00",
        "expected a time with its offset, e.g. 2026-01-31T12:00:00+01:00, or a time_zone beside it",
    ),
    "an unknown zone": ('time_zone = "Europe/Zuerich"', "such as 'Europe/Zurich', found 'Europe/Zuerich'"),
    "an unknown zone and a deadline": (
        'time_zone = "Mars"\ndeadline = 2026-01-31T12:00:00',
        "policies › time_zone: expected the IANA name",
    ),
    "a time that comes twice": (
        'time_zone = "Europe/Zurich"\ndeadline = 2026-10-25T02:30:00',
        "the clocks are changed then: 2026-10-25T02:30:00 comes twice in Europe/Zurich; add the offset",
    ),
    "a time that never comes": (
        'time_zone = "Europe/Zurich"\ndeadline = 2026-03-29T02:30:00',
        "2026-03-29T02:30:00 comes never in Europe/Zurich",
    ),
    "late without a deadline": ("late = { points = 1 }", "policies: late needs a deadline, found none"),
    "an extension without a deadline": (
        '[[policies.extension]]\nstudent = "alice"\nminutes = 5',
        "extension needs a deadline, found none",
    ),
    "an extension that says nothing": (
        DEADLINE + '[[policies.extension]]\nstudent = "alice"',
        "expected either a deadline or minutes",
    ),
    "an extension that ends before the deadline": (
        DEADLINE + '[[policies.extension]]\nstudent = "alice"\ndeadline = 2026-01-30T12:00:00+01:00',
        "an extension ends after the deadline, 2026-01-31T12:00:00+01:00, found 2026-01-30T12:00:00+01:00",
    ),
    "an extension twice": (
        DEADLINE + '[[policies.extension]]\nstudent = "a"\nminutes = 5\n' * 2,
        "extension: the student 'a' occurs more than once",
    ),
    "points and percent": (DEADLINE + "late = { points = 1, percent = 5 }", "in points or in percent, found both"),
    "no deduction at all": (
        DEADLINE + "late = { grace_minutes = 5 }",
        "policies › late: expected points, percent or cut_off_hours, found none of them",
    ),
    "a limit of nothing": (DEADLINE + "late = { cut_off_hours = 5, at_most = 3 }", "at_most limits a deduction"),
    "more than everything": (DEADLINE + "late = { percent = 5, at_most = 101 }", "expected at most 100, found 101"),
    "a cut-off within the grace time": (
        DEADLINE + "late = { cut_off_hours = 1, grace_minutes = 60 }",
        "cut_off_hours = 1 ends before grace_minutes = 60 are over",
    ),
    "a deduction below 0": (DEADLINE + "late = { points = -1 }", "policies › late › points: "),
    "infinite points": (DEADLINE + "late = { points = inf }", "policies › late › points: "),
    "boundaries that do not descend": (
        boundaries(("A", 80), ("B", 80), ("C", 0)),
        "boundaries descend from the best grade to the worst, but 'A' begins at 80 and 'B' after it at 80",
    ),
    "no grade for the worst": (boundaries(("A", 80), ("B", 50)), "the worst grade begins at 0"),
    "a grade twice": (boundaries(("A", 80), ("A", 0)), "the grade 'A' occurs more than once"),
    "a grade nobody can reach": (
        boundaries(("A", 101), ("B", 0)),
        "grade 'A' needs 20.2 points, but at most 20 can be reached",
    ),
    "an unknown passing grade": (
        boundaries(("A", 80), ("B", 0)) + 'passing = "E"',
        "passing = 'E' is none of the grades A, B",
    ),
    "an unknown scale": (GRADES + '"french"', "policies › grades: "),
    "a six nobody can reach": (
        GRADES + '"swiss"\npoints_for_six = 21',
        "the best grade needs 21 points, but at most 20 can be reached",
    ),
    "a four above the six": (
        GRADES + '"swiss"\npoints_for_four = 20',
        "the passing grade is reached with fewer points than the best one (20), found 20",
    ),
    "a passing grade off the scale": (
        GRADES + '"linear"\nlowest = 1\nhighest = 6\npassing = 6',
        "expected the passing grade between lowest = 1 and highest = 6, found 6",
    ),
    "two pass marks": (
        "pass_mark = { percent = 50 }\n" + GRADES + '"swiss"',
        "the grades say already who passes: leave out pass_mark",
    ),
    "a pass mark nobody can reach": ("pass_mark = { points = 20.5 }", "pass_mark needs 20.5 points"),
    "half a pass mark": ("pass_mark = {}", "policies › pass_mark: expected either points or percent"),
}


@pytest.mark.parametrize(("policies", "message"), CASES.values(), ids=CASES)
def test_wrong_policies_are_explained(policies, message, tmp_path):
    with pytest.raises(CourseError) as caught:
        loaded(tmp_path, f"[policies]\n{policies}")
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'course.toml'}: policies")


def test_points_of_a_bonus_make_more_reachable(tmp_path):
    rules = '[policies]\nbonus = {{ questions = ["1c"]{} }}\npass_mark = {{ points = 18 }}'
    assert loaded(tmp_path, rules.format("")).policies is not None
    with pytest.raises(CourseError, match="pass_mark needs 18 points, but at most 16 can be reached"):
        loaded(tmp_path, rules.format(", above_maximum = false"))


def test_the_bundled_course_has_no_policies():
    assert load_course(bundled_course()).policies is None
