"""Scoring a class again from its journals."""

import pytest

from grader.errors import UsageError
from grader.regrade import RegradeOptions, regrade_class
from tests.reporting.pages import parse
from tests.support.tiny import Place, write_course


def regraded(place: Place, **options):
    return regrade_class(RegradeOptions(place.out, **options))


def test_nothing_changed_nothing_happens(place: Place) -> None:
    place.grade()
    before = place.files()
    done = regraded(place)
    assert (done.students, done.changes, done.scored) == (3, [], 0)
    assert place.files() == before


def test_a_dry_run_tells_and_changes_nothing(place: Place) -> None:
    place.grade()
    before = place.files()
    write_course(place.course, comment="far too small", least=1)
    done = regraded(place, dry_run=True)
    assert place.files() == before
    told = {one.student: (one.before, one.after) for one in done.changes}
    assert told == {"s00": (1.0, 1.0), "s01": (2.0, 4.0), "s02": (2.0, 4.0)}
    through = done.changes[1].differences[0]
    assert (through.criterion, through.before.comment, through.after.comment) == ("1b.size", "x is small", "")
    assert (through.before.points, through.after.points) == (0.0, 2.0)
    again = regraded(place)
    assert [one.student for one in again.changes] == ["s00", "s01", "s02"]
    assert place.files() != before
    assert regraded(place).changes == []
    assert place.play.count() == 3


def test_a_regrade_and_a_run_agree(place: Place) -> None:
    place.grade()
    write_course(place.course, comment="far too small", least=2)
    regraded(place)
    after = place.files()
    summary = place.grade()
    assert summary.unchanged == 3
    assert place.files() == after


def test_only_the_questions_whose_code_changed_are_scored(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.grade()
    source = (place.course / "assignment1.py").read_text()
    scored = []
    from grader.pipeline.scoring import Scorer

    original = Scorer._decide
    monkeypatch.setattr(
        Scorer,
        "_decide",
        lambda self, student, question: scored.append(question.id) or original(self, student, question),
    )
    (place.course / "assignment1.py").write_text(source.replace("if x > 0", "if x > 1"))
    regraded(place)
    # Both functions use a helper of the file itself, so both depend on all of it.
    assert set(scored) == {"1b", "1d"}
    scored.clear()
    write_course(place.course, comment="far too small")
    regraded(place)
    scored.clear()
    write_course(place.course, comment="small")
    regraded(place)
    assert scored == []


def test_what_no_journal_answers_keeps_its_mark_and_is_said(place: Place) -> None:
    place.grade()
    write_course(place.course, asked="y", least=1)
    done = regraded(place)
    assert done.needs_kernel == {"s00": ["1d"], "s01": ["1d"], "s02": ["1d"]}
    assert {one.student: one.after for one in done.changes} == {"s01": 4.0, "s02": 4.0}
    assert place.play.count() == 3
    assert {result.student: result.points for result in place.grade().results}["s01"] == 3.0
    assert place.play.count() == 6


def test_a_criterion_that_left_the_pack_does_not_break_the_class(place: Place) -> None:
    place.grade()
    path = place.course / "course.toml"
    path.write_text(path.read_text().replace("1b.size", "1b.other"))
    done = regraded(place)
    assert set(done.faults) == {"s00", "s01", "s02"}
    write_course(place.course)
    assert not regraded(place).faults


def test_one_student_alone(place: Place) -> None:
    place.grade()
    write_course(place.course, least=0)
    assert [one.student for one in regraded(place, only=("s01",)).changes] == ["s01"]
    with pytest.raises(UsageError, match="nobody"):
        regraded(place, only=("nobody",))


def test_many_students_are_scored_in_processes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.grade()
    monkeypatch.setattr("grader.regrade.FEW", 0)
    write_course(place.course, comment="far too small")
    done = regraded(place, jobs=2)
    assert sorted(one.student for one in done.changes) == ["s00", "s01", "s02"]


def test_names_stay_hidden_and_so_does_their_order(place: Place) -> None:
    (place.source / "s01" / "marks.yaml").write_text("s01: {1a: 9}\n")  # its own marks are named in a problem
    place.grade(anonymous=True)
    before = place.files()["index.html"]
    assert b"student-" in before
    write_course(place.course, comment="far too small", least=1)
    assert regraded(place).changes
    written = place.files()
    assert not any("s01" in name or b"s01" in content for name, content in written.items())
    aliases = names_of(written["index.html"])
    assert aliases == sorted(aliases) == names_of(before)
    assert len(set(aliases)) == 3


def names_of(overview: bytes) -> list[str]:
    """Students of the overview's table, in its order."""
    table = parse(overview.decode()).one("table", id="students").one("tbody")
    return [row.one("th").text for row in table.all("tr")]


def test_without_a_run_there_is_nothing_to_score(place: Place) -> None:
    with pytest.raises(UsageError, match="knows no run"):
        regraded(place)


SIGN = """
@rubric.question("1d")
def sign(student):
    steps = [{"slot": "x", "expr": var("asked")}]
    x = student.ask(Request("evaluate", {"steps": steps})).data["steps"][0]["value"]["value"]
    yield met("1d.sign", "") if x == 2 else not_met("1d.sign", f"x = {x}")
"""


def test_a_question_scored_again_alone_hears_what_it_heard_first(place: Place) -> None:
    rubric = place.course / "assignment1.py"
    source = rubric.read_text().replace('value(student, "x")', 'value(student, "asked")')
    before = source.partition('@rubric.question("1d")')[0]
    rubric.write_text(before + SIGN)
    # The kernel says 1 to the first question and 2 to the second.
    assert [result.points for result in place.grade().results] == [2.0] * 3
    rubric.write_text(before + SIGN.replace("x == 2", "2 == x"))
    done = regraded(place)
    assert (done.changes, done.faults, done.scored) == ([], {}, 3)
