"""Deductions by time: each rule at its boundaries."""

from datetime import datetime, timedelta

import pytest

from grader.course_policies import Extension
from tests.policies.tiny import DEADLINE, Came, changes, outcome, result

ZURICH = 'time_zone = "Europe/Zurich"\n'


def late(rules: str, at: str | Came | None, **more) -> float:
    """The points that lateness takes off."""
    return -changes(outcome(DEADLINE + rules, at=at, **more))["late"]


@pytest.mark.parametrize(
    ("at", "points"),
    [
        ("2026-01-20T00:00:00+01:00", 0),
        ("2026-01-31T12:00:00+01:00", 0),
        ("2026-01-31T11:00:00+00:00", 0),
        ("2026-01-31T12:00:00.000001+01:00", 2),
        ("2026-02-01T12:00:00+01:00", 2),
        ("2026-02-01T12:00:01+01:00", 4),
        ("2026-02-02T12:00:00+01:00", 4),
    ],
)
def test_a_day_has_started_right_after_the_deadline_and_after_each_24_hours(at, points):
    assert late("points = 2", at) == points


@pytest.mark.parametrize(
    ("at", "points"),
    [
        ("2026-01-31T12:00:01+01:00", 0),
        ("2026-02-01T11:59:59+01:00", 0),
        ("2026-02-01T12:00:00+01:00", 2),
        ("2026-02-02T11:59:59+01:00", 2),
        ("2026-02-02T12:00:00+01:00", 4),
    ],
)
def test_completed_days(at, points):
    assert late('points = 2\ncount = "completed"', at) == points


@pytest.mark.parametrize(
    ("at", "points"),
    [
        ("2026-01-31T12:00:01+01:00", 0.5),
        ("2026-01-31T13:00:00+01:00", 0.5),
        ("2026-01-31T13:00:00.000001+01:00", 1),
        ("2026-01-31T17:30:00+01:00", 3),
    ],
)
def test_hours(at, points):
    assert late('points = 0.5\nper = "hour"', at) == points


def test_completed_hours():
    assert late('points = 0.5\nper = "hour"\ncount = "completed"', "2026-01-31T14:59:59+01:00") == 1


def test_once_is_the_same_after_a_second_and_after_a_month():
    assert late('points = 3\nper = "once"', "2026-01-31T12:00:01+01:00") == 3
    assert late('points = 3\nper = "once"', "2026-02-28T12:00:01+01:00") == 3


@pytest.mark.parametrize(
    ("at", "points"),
    [
        ("2026-01-31T12:15:00+01:00", 0),
        ("2026-01-31T12:15:00.000001+01:00", 2),
        # Grace forgives; it does not move the deadline from which days are counted.
        ("2026-02-01T12:10:00+01:00", 4),
    ],
)
def test_grace(at, points):
    assert late("points = 2\ngrace_minutes = 15", at) == points


def test_percent_of_the_maximum_and_of_the_points():
    at = "2026-02-01T13:00:00+01:00"
    assert late("percent = 10", at) == 4
    assert late('percent = 10\npercent_of = "points"', at) == 3


def test_percent_of_a_maximum_without_dropped_questions():
    dropped = 'deadline = 2026-01-31T12:00:00+01:00\ndropped = { questions = ["1a"] }\nlate = { percent = 10 }'
    found = outcome(dropped, at="2026-01-31T13:00:00+01:00")
    assert changes(found) == {"dropped": -8, "late": -1}
    assert (found.points, found.max_points) == (6, 10)


def test_the_limit_of_a_deduction():
    at = "2026-02-10T13:00:00+01:00"
    assert late("percent = 10\nat_most = 30", at) == 6
    assert late("points = 1.5\nat_most = 4", at) == 4
    assert late("points = 1.5\nat_most = 4", "2026-02-02T12:00:00+01:00") == 3


def test_a_deduction_never_leads_below_zero():
    found = outcome(DEADLINE + "points = 7", at="2026-02-10T13:00:00+01:00")
    assert (changes(found)["late"], found.points) == (-15, 0)


@pytest.mark.parametrize(("at", "points"), [("2026-02-03T12:00:00+01:00", 12), ("2026-02-03T12:00:00.000001+01:00", 0)])
def test_after_the_cut_off_nothing_counts(at, points):
    assert outcome(DEADLINE + "points = 1\ncut_off_hours = 72", at=at).points == points


def test_a_cut_off_alone():
    rules = DEADLINE + "cut_off_hours = 24"
    found = outcome(rules, at="2026-02-01T12:00:00+01:00")
    assert (found.points, found.late) == (15, "yes")
    assert found.steps[-1].sentence.endswith("Lateness up to 1 day costs nothing.")
    found = outcome(rules, at="2026-02-01T12:00:01+01:00")
    assert found.points == 0
    assert found.steps[-1].sentence.endswith("More than 1 day after the deadline nothing counts.")


@pytest.mark.parametrize(("rounding", "points"), [("half-up", 1.5), ("half-even", 1), ("up", 1.5), ("down", 1)])
def test_rounding_of_the_deduction(rounding, points):
    # 10 % of 12.5 points are 1.25: a tie between 1 and 1.5.
    rules = f'percent = 10\npercent_of = "points"\nstep = 0.5\nrounding = "{rounding}"'
    assert late(rules, "2026-01-31T13:00:00+01:00", of=result({"1a": 5.5})) == points


def test_without_rules_lateness_is_only_said():
    found = outcome("deadline = 2026-01-31T12:00:00+01:00", at="2026-01-31T14:05:00+01:00")
    assert (found.points, found.late, found.late_by_s) == (15, "yes", 7500)
    assert found.steps[0].sentence == (
        "Handed in 2 h 5 min after the deadline, 2026-01-31 12:00 UTC+01:00. Lateness costs nothing in this course."
    )


def test_what_the_student_reads():
    rules = DEADLINE + "percent = 10\ngrace_minutes = 15\nat_most = 50"
    assert outcome(rules, at="2026-02-01T14:30:00+01:00").steps[0].sentence == (
        "Handed in 1 day 2 h after the deadline, 2026-01-31 12:00 UTC+01:00. The grace time of 15 min was over. "
        "The deduction is 10 % of the maximum. It counts for each started day, 2 in all. "
        "At most 50 % are deducted."
    )
    assert outcome(rules, at="2026-01-31T12:10:00+01:00").steps[0].sentence == (
        "Handed in 10 min after the deadline, 2026-01-31 12:00 UTC+01:00. "
        "The grace time of 15 min was not over: nothing is deducted."
    )
    assert outcome(rules, at="2026-01-31T12:00:00+01:00").steps[0].sentence == (
        "Handed in on time. The deadline was 2026-01-31 12:00 UTC+01:00."
    )


@pytest.mark.parametrize("at", [None, Came()])
def test_an_unknown_time_costs_nothing_and_is_told_to_the_staff(at):
    found = outcome(DEADLINE + "points = 2\ncut_off_hours = 1", at=at)
    assert (found.points, found.late, found.notes) == (15, "unknown", ("submission time not known",))
    assert "nothing is deducted" in found.steps[0].sentence


def test_late_by_the_system_but_nobody_knows_how_late():
    found = outcome(DEADLINE + "points = 2", at=Came(None, late=True))
    assert (found.points, found.late) == (15, "unknown")
    assert found.notes == ("submission time not known, but the system it came from calls it late",)


@pytest.mark.parametrize(
    ("at", "flag", "notes"),
    [
        ("2026-01-31T11:00:00+01:00", True, ("on time, but the system it came from calls it late",)),
        ("2026-01-31T13:00:00+01:00", False, ("late, but the system it came from calls it on time",)),
        ("2026-01-31T11:00:00+01:00", False, ()),
        ("2026-01-31T13:00:00+01:00", True, ()),
        ("2026-01-31T13:00:00+01:00", None, ()),
    ],
)
def test_the_staff_reads_where_the_system_disagrees(at, flag, notes):
    assert outcome(DEADLINE + "points = 2", at=Came(datetime.fromisoformat(at), late=flag)).notes == notes


def test_a_time_without_a_zone_is_not_guessed():
    written = Came(datetime(2026, 1, 31, 12, 30))
    found = outcome(DEADLINE + "points = 2", at=written)
    assert (found.points, found.late) == (15, "unknown")
    assert found.notes[0].startswith("submission time not known: expected a time with its offset")


def test_a_time_without_a_zone_is_read_by_the_clock_of_the_course():
    written = Came(datetime(2026, 1, 31, 12, 30))
    found = outcome(ZURICH + DEADLINE + "points = 2", at=written)
    assert (found.points, found.late_by_s) == (13, 1800)
    assert found.submitted_at == "2026-01-31T12:30:00+01:00"


# On 2026-03-29 the clocks of Zurich jump from 2:00 to 3:00; on 2026-10-25 they go back from 3:00 to 2:00.
@pytest.mark.parametrize(
    ("deadline", "at", "points"),
    [
        # The day across the change in spring ends by the clock, after 23 hours.
        ("2026-03-28T18:00:00", "2026-03-29T18:00:00+02:00", 2),
        ("2026-03-28T18:00:00", "2026-03-29T18:00:01+02:00", 4),
        # The one in autumn after 25 hours.
        ("2026-10-24T18:00:00", "2026-10-25T18:00:00+01:00", 2),
        ("2026-10-24T18:00:00", "2026-10-25T18:00:01+01:00", 4),
        # 2:30 does not exist on the next day: the later reading, 3:30, counts.
        ("2026-03-28T02:30:00", "2026-03-29T03:30:00+02:00", 2),
        ("2026-03-28T02:30:00", "2026-03-29T03:30:01+02:00", 4),
        # 2:30 exists twice on the next day: the second one counts.
        ("2026-10-24T02:30:00", "2026-10-25T02:30:00+01:00", 2),
        ("2026-10-24T02:30:00", "2026-10-25T02:30:01+01:00", 4),
    ],
)
def test_days_by_the_clock_when_it_is_changed(deadline, at, points):
    rules = f"{ZURICH}deadline = {deadline}\nlate = {{ points = 2 }}"
    assert -changes(outcome(rules, at=at))["late"] == points


def test_without_a_named_zone_a_day_has_24_hours():
    rules = "deadline = 2026-03-28T18:00:00+01:00\nlate = { points = 2 }"
    assert -changes(outcome(rules, at="2026-03-29T19:00:00+02:00"))["late"] == 2
    assert -changes(outcome(rules, at="2026-03-29T19:00:01+02:00"))["late"] == 4


def test_hours_pass_whatever_the_clock_shows():
    rules = f'{ZURICH}deadline = 2026-03-29T01:30:00\nlate = {{ points = 1, per = "hour" }}'
    assert -changes(outcome(rules, at="2026-03-29T03:30:00+02:00"))["late"] == 1


def test_an_extension_by_minutes():
    own = {"alice": Extension(minutes=60, reason="Illness")}
    rules = DEADLINE + "points = 2"
    assert outcome(rules, at="2026-01-31T13:00:00+01:00", extensions=own).points == 15
    found = outcome(rules, at="2026-01-31T13:00:01+01:00", extensions=own)
    assert (found.points, found.late_by_s, found.due) == (13, 1, "2026-01-31T13:00:00+01:00")
    assert outcome(rules, of=result(student="bob"), at="2026-01-31T13:00:00+01:00", extensions=own).points == 13


def test_the_reason_of_an_extension_is_for_the_staff_alone():
    own = {"alice": Extension(minutes=60, reason="Illness")}
    found = outcome(DEADLINE + "points = 2", at="2026-01-31T12:30:00+01:00", extensions=own)
    assert found.notes == ("deadline extended to 2026-01-31 13:00: Illness",)
    assert found.steps[0].sentence == (
        "Handed in on time. The deadline was 2026-01-31 13:00 UTC+01:00. This deadline is an extension."
    )


def test_minutes_of_an_extension_pass_whatever_the_clock_shows():
    rules = f"{ZURICH}deadline = 2026-03-29T01:30:00\nlate = {{ points = 2 }}"
    own = {"alice": Extension(minutes=60)}
    found = outcome(rules, at="2026-03-29T03:30:00+02:00", extensions=own)
    assert (found.points, found.due) == (15, "2026-03-29T03:30:00+02:00")


def test_grace_and_cut_off_follow_the_extended_deadline():
    own = {"alice": Extension(deadline=datetime.fromisoformat("2026-02-02T12:00:00+01:00"))}
    rules = DEADLINE + "points = 2\ngrace_minutes = 15\ncut_off_hours = 24"
    due = datetime.fromisoformat("2026-02-02T12:00:00+01:00")
    for delay, points in ((timedelta(minutes=15), 15), (timedelta(hours=24), 13), (timedelta(hours=25), 0)):
        assert outcome(rules, at=Came(due + delay), extensions=own).points == points


def test_an_extension_in_the_pack():
    rules = (
        "deadline = 2026-01-31T12:00:00+01:00\nlate = { points = 2 }\n"
        'extension = [{ student = "alice", deadline = 2026-02-02T12:00:00+01:00 }]'
    )
    assert outcome(rules, at="2026-02-02T12:00:00+01:00").points == 15
    assert outcome(rules, of=result(student="bob"), at="2026-02-02T12:00:00+01:00").points == 11


def test_very_late_is_no_trouble():
    assert outcome(DEADLINE + "points = 0.1\nat_most = 1", at="9999-12-31T23:00:00+00:00").points == 14
