"""Figures of a class against values computed by hand, and as properties."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.reporting.overview import overview_of
from grader.reporting.overview.scores import correlation
from grader.results import AssignmentResult, CriterionResult, QuestionResult, StudentResult
from tests.reporting import exams
from tests.reporting.cohort import cohort, with_wrong_rubrics

MOST = {"1a": 4.0, "1b": 4.0, "2a": 2.0}


def criterion(ident, points, most, **more):
    outcome = "review" if points is None else "met" if points >= most else "not-met" if points <= 0 else "partial"
    comment = f"lost {ident}" if outcome in {"not-met", "partial"} else ""
    return CriterionResult(ident, points, most, **{"outcome": outcome, "comment": comment, **more})


def question(ident, criteria, *, kind="code", status=None, **more):
    points = max(0.0, sum(one.points or 0.0 for one in criteria))
    status = status or ("review" if any(one.points is None for one in criteria) else "graded")
    comments = tuple(one.comment for one in criteria if one.comment)
    most = MOST[ident]
    return QuestionResult(ident, f"Title {ident}", kind, points, most, status, comments, tuple(criteria), **more)


def student(name, *questions, **more):
    parts = []
    for ident in ("1", "2"):
        mine = tuple(one for one in questions if one.id[0] == ident)
        points, most = sum(one.points for one in mine), sum(one.max_points for one in mine)
        parts.append(AssignmentResult(ident, f"Part {ident}", points, most, mine))
    is_open = any(one.status == "review" for one in questions)
    values = {"status": "provisional" if is_open else "final", "assignments": tuple(parts), **more}
    return StudentResult(name, sum(part.points for part in parts), sum(MOST.values()), **values)


def plain(name, a, b, c):
    """A student with three questions of one criterion (1a and 1b: points of 4, 2a: points of 2)."""
    given = {"1a": a, "1b": b, "2a": c}
    return student(name, *(question(key, [criterion(f"{key}.x", points, MOST[key])]) for key, points in given.items()))


# Columns: points of 1a, 1b and 2a of ten students.
TEN = [(0, 1, 0), (1, 0, 0), (1, 2, 1), (2, 1, 1), (2, 2, 1), (2, 3, 1), (3, 2, 1), (3, 3, 2), (4, 3, 2), (4, 4, 2)]


def test_difficulty_and_discrimination_by_hand():
    figures = overview_of([plain(f"s{at}", *points) for at, points in enumerate(TEN)])
    first = figures.questions[0]
    assert (first.mean, first.full, first.graded, first.undecided, first.missing) == (2.2, 2, 10, 0, 0)
    # x = 1a; y = 1b + 2a. Σx = 22, Σy = 32, Σx² = 64, Σy² = 134, Σxy = 89 by pencil, hence
    r = (10 * 89 - 22 * 32) / math.sqrt((10 * 64 - 22**2) * (10 * 134 - 32**2))
    assert first.discrimination.value == pytest.approx(r)
    assert first.discrimination.n == 10
    assert first.discrimination.upper == pytest.approx(math.tanh(math.atanh(r) + 1.96 / math.sqrt(7)))


def test_reliability_by_hand():
    figures = overview_of([plain(f"s{at}", *points) for at, points in enumerate(TEN)])
    # Variances with n - 1: 1a 15.6/9, 1b 12.9/9, 2a 4.9/9; totals 0..10 with Σ = 54, Σ² = 376: 84.4/9.
    assert figures.reliability.value == pytest.approx(3 / 2 * (1 - (15.6 + 12.9 + 4.9) / 84.4))
    assert overview_of([plain("one", 1, 1, 1)]).reliability.value is None


def test_spread_and_distribution_by_hand():
    figures = overview_of([plain(f"s{at}", *points) for at, points in enumerate(TEN)])
    exam, first, second = figures.spreads
    assert (exam.name, exam.n, exam.mean, exam.median, exam.max_points) == ("Exam", 10, 5.4, 5.5, 10.0)
    assert exam.deviation == pytest.approx(math.sqrt(84.4 / 9))
    assert (first.name, first.mean, first.max_points) == ("Assignment 1", 4.3, 8.0)
    assert (second.mean, second.max_points) == (1.1, 2.0)
    # Totals: 1 1 4 4 5 6 6 8 9 10, in bars of one point.
    assert [bar.count for bar in figures.bins] == [0, 2, 0, 0, 2, 1, 2, 0, 1, 2]
    assert [(bar.low, bar.high) for bar in figures.bins][-1] == (9.0, 10.0)


def test_nobody_and_few_students_have_no_correlation():
    assert overview_of([]).questions == ()
    few = overview_of([plain(f"s{at}", *points) for at, points in enumerate(TEN[:9])])
    assert few.questions[0].discrimination.value is None
    assert (few.questions[0].discrimination.n, few.questions[0].discrimination.why) == (9, "fewer than 10 students")
    alike = overview_of([plain(f"s{at}", 4, b, c) for at, (_, b, c) in enumerate(TEN)])
    assert alike.questions[0].discrimination.value is None
    assert alike.questions[0].discrimination.why == "everybody has the same points"


def test_what_is_open_or_not_handed_in_is_left_out():
    results = [plain(f"s{at}", *points) for at, points in enumerate(TEN)]
    waiting = student("w", question("1a", [criterion("1a.x", None, 4.0)]), question("1b", [criterion("1b.x", 4, 4.0)]))
    absent = student("a", question("1a", [criterion("1a.x", 0, 4.0, comment="")], status="missing"))
    figures = overview_of([*results, waiting, absent])
    first = figures.questions[0]
    assert (first.graded, first.undecided, first.missing, first.discrimination.n) == (11, 1, 1, 10)
    assert first.mean == pytest.approx(22 / 11)
    lost = figures.criteria[0]
    assert (lost.id, lost.n, lost.lost, lost.undecided) == ("1a.x", 10, (0,), (10,))
    assert [(item.column.id, item.points, item.students) for item in figures.open] == [("1a", 4.0, (10,))]
    assert {item.kind: (item.assignments, item.students) for item in figures.troubles} == {
        "missing": ((("1", 1),), (11,))
    }


def test_what_is_carried_forward_is_neither_met_nor_lost():
    note = "carried forward from 1(a), not deducted again"
    carried = student("c", question("1a", [criterion("1a.x", 4, 4.0, outcome="carried", comment=note)]))
    figures = overview_of([carried])
    assert (figures.criteria[0].n, figures.criteria[0].carried) == (0, 1)
    assert figures.faults == ()


def test_faults_know_their_students_and_the_most_frequent_is_first():
    results = [plain("a", 0, 4, 0), plain("b", 4, 4, 0), plain("c", 4, 4, 2), plain("d", 2, 4, 0)]
    assert [(fault.comment, fault.students) for fault in overview_of(results).faults] == [
        ("lost 2a.x", (0, 1, 3)),
        ("lost 1a.x", (0, 3)),
    ]


def test_groups_are_those_who_lost_the_same_points_of_the_same_criteria():
    def one(name, x, y):
        return student(name, question("1a", [criterion("1a.x", x, 2.0), criterion("1a.y", y, 2.0)]))

    results = [one("a", 0, 0), one("b", 0, 2), one("c", 0, 0), one("d", 0, 1), one("e", 2, 2), one("f", None, 0)]
    (group,) = overview_of(results).groups
    assert (group.where, group.students, group.anchor) == ("1a", (0, 2), "1a")
    assert group.lost == (("1a.x", "1a.x", 0.0), ("1a.y", "1a.y", 0.0))


def test_groups_of_assignments_need_three_lost_criteria_of_code():
    def one(name, *points, kind="code"):
        criteria = [criterion(f"1a.{at}", value, 1.0) for at, value in enumerate(points)]
        return student(name, question("1a", criteria, kind=kind))

    results = [one("a", 0, 0, 0, 1), one("b", 0, 0, 0, 1), one("c", 0, 0, 1, 1), one("d", 0, 0, 1, 1)]
    (group,) = overview_of(results).wholes
    assert (group.where, group.students, len(group.lost)) == ("1", (0, 1), 3)
    assert overview_of([one(name, 0, 0, 0, 1, kind="text") for name in "ab"]).wholes == ()


def kinds(results):
    return {(flag.kind, flag.criterion or flag.column.id): flag for flag in overview_of(results).flags}


def test_a_criterion_that_everybody_loses_is_flagged():
    results = [plain(f"s{at}", 0, b, c) for at, (_, b, c) in enumerate(TEN)]
    flag = kinds(results)["everybody", "1a.x"]
    assert flag.said == "All 10 students who answered lost it."
    assert flag.students == tuple(range(10))
    assert ("everybody", "1a.x") not in kinds(results[:4])
    assert ("everybody", "1a.x") not in kinds([*results[:9], plain("met", 4, 1, 1)])
    many = [plain(f"s{at}", 4 if at == 7 else 0, 1, 1) for at in range(40)]
    assert kinds(many)["everybody", "1a.x"].said == "39 of 40 students who answered lost it."


def test_a_criterion_that_the_better_lose_is_flagged():
    turned = [plain(f"s{at}", 4 - a, b, c) for at, (a, b, c) in enumerate(TEN)]
    flag = kinds(turned)["negative", "1a.x"]
    assert "correlation −0.8" in flag.said
    assert flag.said.endswith("over 10 students.")
    assert ("negative", "1a.x") not in kinds([plain(f"s{at}", *points) for at, points in enumerate(TEN)])
    assert ("negative", "1a.x") not in kinds(turned[:9])


def test_a_weak_negative_correlation_may_be_chance():
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(2, 20))
    x -= (np.dot(x, y) / np.dot(y, y) + 0.2) * y
    assert correlation(x, y).value < -0.1
    assert not correlation(x, y).is_negative


def test_a_rubric_that_people_contradict_is_flagged():
    def marked(name, points, computed):
        return student(name, question("1a", [criterion("1a.x", points, 4.0, computed=computed)], marked_by="person"))

    agreeing = [marked(f"s{at}", 4, 4.0) for at in range(8)]
    twice = [*agreeing, marked("x", 4, 0.0), marked("y", 0, 4.0)]
    flag = kinds(twice)["people", "1a.x"]
    assert flag.said == "People's marks differ from what was computed for 2 of 10 students."
    assert flag.students == (8, 9)
    assert kinds([*agreeing, marked("x", 4, 0.0)]) == {}
    assert kinds([*agreeing, *agreeing, *twice]) == {}
    first_mark = student("z", question("1a", [criterion("1a.x", 4, 4.0)], marked_by="person"))
    assert overview_of([*twice, first_mark]).criteria[0].compared == 10


def test_a_question_that_people_mark_otherwise_as_a_whole_is_flagged():
    def marked(name, points, computed):
        whole = question("1a", [criterion("1a.x", 4, 4.0)], marked_by="person", computed=computed)
        return student(name, replace(whole, points=points))

    results = [marked("a", 1.0, 4.0), marked("b", 0.0, 4.0), marked("c", 4.0, 4.0)]
    flag = kinds(results)["people", "1a"]
    assert (flag.criterion, flag.students) == ("", (0, 1))


def test_code_that_is_often_left_to_people_is_flagged_and_text_is_not():
    def waiting(name, kind):
        return student(name, question("1a", [criterion("1a.x", None, 4.0)], kind=kind))

    decided = [plain(f"s{at}", 4, 4, 2) for at in range(9)]
    assert ("undecided", "1a.x") in kinds([*decided, *(waiting(name, "code") for name in "abc")])
    assert ("undecided", "1a.x") not in kinds([*decided, waiting("a", "code")])
    texts = [waiting(f"t{at}", "text") for at in range(12)]
    assert kinds(texts) == {}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_of_a_whole_class_the_wrong_rubrics_are_flagged_and_no_others(seed):
    results = cohort(300, seed)
    assert kinds(results) == {}
    wrong = {("everybody", "1d.batch"), ("negative", "4a.3"), ("people", "2e.batch")}
    assert kinds(with_wrong_rubrics(results)).keys() == wrong


def test_troubles_are_told_by_kind_and_ours_come_first():
    base = plain("a", 4, 4, 2)
    first, second = base.assignments
    results = [
        replace(base, assignments=(replace(first, fault="time"), replace(second, fault="time", stand_ins=("SVHN",)))),
        replace(base, assignments=(first, replace(second, fault="rubric")), problems=("Two notebooks",)),
        replace(base, assignments=(), status="failed", problems=("The sandbox stopped answering.",)),
        replace(base, assignments=(replace(first, fault="something new"), second)),
    ]
    found = [(item.kind, item.is_ours, item.assignments, item.students) for item in overview_of(results).troubles]
    assert found == [
        ("failed", True, (), (2,)),
        ("rubric", True, (("2", 1),), (1,)),
        ("time", False, (("1", 1), ("2", 1)), (0,)),
        ("upload", False, (), (1,)),
        ("stand-ins", False, (("2", 1),), (0,)),
        ("something new", True, (("1", 1),), (3,)),
    ]


def test_times_are_of_those_whose_notebooks_ran():
    results = [replace(plain(f"s{at}", 4, 4, 2), duration_s=float(at)) for at in range(21)]
    times = overview_of(results).times
    assert (times.total_s, times.median_s, times.p95_s) == (210.0, 10.5, 19.05)
    assert times.longest[0] == (20, 20.0)
    assert len(times.longest) == 10
    assert overview_of([plain("s", 4, 4, 2)]).times is None


def test_lean_results_have_the_same_figures():
    results = [exams.known_exam(), exams.full_exam(), exams.open_exam(), exams.absent_exam(), exams.failed_exam()]
    assert overview_of([result.lean() for result in results]) == overview_of(results)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(0, 2**16))
def test_figures_stay_within_their_bounds(size, seed):
    results = cohort(size, seed)
    figures = overview_of(results)
    assert sum(bar.count for bar in figures.bins) == size
    for item in figures.questions:
        assert 0 <= item.mean <= item.column.max_points
        assert item.full <= item.graded
        assert item.graded + item.undecided == size
        assert item.discrimination.value is None or -1 <= item.discrimination.value <= 1
    for one in figures.criteria:
        assert len(one.lost) + len(one.partial) <= one.n <= size - one.carried - len(one.undecided)
    for part in (*figures.faults, *figures.groups, *figures.wholes, *figures.flags, *figures.open, *figures.troubles):
        assert list(part.students) == sorted(set(part.students))
        assert all(0 <= at < size for at in part.students)
    for group in figures.groups:
        assert len(group.students) > 1


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=10, max_size=30),
    st.floats(0.5, 10),
    st.floats(-50, 50),
)
def test_a_correlation_knows_no_scale(pairs, scale, shift):
    x, y = np.array(pairs).T
    plain_one, moved = correlation(x, y), correlation(scale * x + shift, y)
    if plain_one.value is not None and moved.value is not None and np.ptp(x) > 1e-3:
        assert moved.value == pytest.approx(plain_one.value, abs=1e-6)
        assert plain_one.value <= plain_one.upper + 1e-12
