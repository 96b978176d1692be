"""Which attempt counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.policies import Attempt, choose_attempt

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def attempt(number: int, points: float, *, minutes: float | None = 0, content: str = "", status: str = "final"):
    at = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Attempt(number, at, content or f"content {number}", points, status)


THREE = [attempt(2, 9, minutes=20), attempt(3, 4, minutes=30), attempt(1, 5, minutes=10)]


@pytest.mark.parametrize(("rule", "number"), [("first", 1), ("best", 2), ("last", 3)])
def test_the_rules(rule, number):
    assert choose_attempt(THREE, rule).number == number


def test_time_wins_over_number():
    swapped = [attempt(1, 5, minutes=30), attempt(2, 5, minutes=10)]
    assert choose_attempt(swapped, "first").number == 2
    assert choose_attempt(swapped, "last").number == 1


@pytest.mark.parametrize("time", [None, datetime(2020, 1, 1, 12)])
def test_numbers_tell_the_order_where_a_time_is_not_known(time):
    first = attempt(1, 5, minutes=30)
    second = Attempt(2, time, "b", 5, "final")
    assert choose_attempt([second, first], "last").number == 2


def test_of_equally_good_ones_the_earliest_is_best():
    assert choose_attempt([attempt(2, 7, minutes=9), attempt(1, 7, minutes=5), attempt(3, 6)], "best").number == 1


def test_the_same_upload_again_is_no_attempt_of_its_own():
    again = [attempt(1, 5, content="a"), attempt(2, 7, minutes=10, content="b"), attempt(3, 7, minutes=90, content="b")]
    assert choose_attempt(again, "last").number == 2
    # Back to an earlier version is a decision of the student.
    assert choose_attempt([*again, attempt(4, 5, minutes=99, content="a")], "last").number == 4


def test_unknown_contents_are_never_the_same():
    unknown = [Attempt(number, NOON + timedelta(minutes=number), "", 5, "final") for number in (1, 2)]
    assert choose_attempt(unknown, "last").number == 2


def test_an_attempt_whose_grading_broke_is_best_only_alone():
    broken = attempt(2, 9, minutes=10, status="failed")
    assert choose_attempt([attempt(1, 0), broken], "best").number == 1
    assert choose_attempt([broken], "best").number == 2
    assert choose_attempt([attempt(1, 0), broken], "last").number == 2


def test_no_attempt():
    with pytest.raises(ValueError, match="expected at least one attempt"):
        choose_attempt([], "best")


ATTEMPTS = st.lists(
    st.builds(
        attempt,
        st.integers(1, 9),
        st.sampled_from([0, 1.5, 8]),
        minutes=st.sampled_from([None, 0, 10, 20]),
        content=st.sampled_from(["a", "b", "c"]),
        status=st.sampled_from(["final", "provisional", "failed"]),
    ),
    min_size=1,
    unique_by=lambda made: made.number,
)


@given(ATTEMPTS, st.randoms(use_true_random=False), st.sampled_from(["best", "last", "first"]))
def test_the_choice_does_not_depend_on_the_order_of_the_list(attempts, random, rule):
    mixed = list(attempts)
    random.shuffle(mixed)
    assert choose_attempt(mixed, rule) == choose_attempt(attempts, rule)


@given(ATTEMPTS)
def test_best_is_as_good_as_any_that_is_graded(attempts):
    best = choose_attempt(attempts, "best")
    contents = {made.content_hash: made for made in attempts}
    graded = [made.points for made in attempts if made.status != "failed"]
    if graded and len(contents) == len(attempts):
        assert best.points == max(graded)
