"""A whole class through the main job: times from students.csv, extensions beside the students, all files."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from grader.cli.main import call
from grader.errors import UsageError
from grader.regrade import RegradeOptions, regrade_class
from grader.run import Options, grade_class
from tests.policies.tiny import pack
from tests.reporting.pages import parse

RULES = """
[policies]
time_zone = "Europe/Zurich"
deadline = 2026-01-31T12:00:00
late = { points = 2, grace_minutes = 10 }
grades = { scale = "swiss" }
"""
STUDENTS = """id,submitted_at
alice,2026-01-31T12:05:00+01:00
bob,2026-02-01T18:00:00
carl,2026-02-01T18:00:00+01:00
"""
MARKS = "\n".join(f"{name}: {{1a: 8, 1b: 5, 1c: 2}}" for name in ("alice", "bob", "carl", "dora"))


class Quiet:
    def begin(self, students, sandbox) -> None:
        pass

    def doing(self, student, what) -> None:
        pass

    def done(self, student, graded) -> None:
        pass


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """Four students whose text answers a person has marked: nothing has to be executed."""
    source = tmp_path / "class"
    for name in ("alice", "bob", "carl", "dora"):
        (source / name).mkdir(parents=True)
        (source / name / "answers.yaml").write_text("1a: one\n1b: two\n1c: three\n", encoding="utf-8")
    (source / "students.csv").write_text(STUDENTS, encoding="utf-8")
    (source / "marks.yaml").write_text(MARKS, encoding="utf-8")
    (source / "extensions.yaml").write_text("carl: {minutes: 1800, reason: Illness}\nkarl: 10\n", encoding="utf-8")
    return Options(source, tmp_path / "out", pack(tmp_path / "pack", RULES), sandbox="local")


def grades(out: Path) -> dict[str, list[str]]:
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: [row["total"], row["final"], row["grade"], row["late"]] for row in csv.DictReader(file)}


def test_a_class(options):
    summary = grade_class(options, Quiet())
    assert grades(options.out) == {
        "alice": ["15", "15", "4.75", "no"],
        "bob": ["15", "11", "3.75", "yes (30 h 0 min)"],
        "carl": ["15", "15", "4.75", "no"],
        "dora": ["15", "15", "4.75", "unknown"],
    }
    assert summary.complete
    assert "extension for 'karl', of whom there is no submission; it is kept but used for nobody" in summary.problems
    assert not any("extensions.yaml" in problem for problem in summary.problems)
    report = json.loads((options.out / "bob" / "report.json").read_text("utf-8"))
    assert (report["points"], report["policy"]["points"]) == (15, 11)
    page = parse((options.out / "bob" / "report.html").read_text("utf-8"))
    assert page.one("a", href="#final-result").text == "Final result: 11 of 20 points, grade 3.75"
    overview = (options.out / "index.html").read_text("utf-8")
    assert "deadline extended to 2026-02-01 18:00: Illness" in overview
    assert "submission time not known" in overview


def test_a_changed_extension_changes_the_result_of_the_next_run(options):
    grade_class(options, Quiet())
    (options.source / "extensions.yaml").write_text("bob: 2026-02-01 18:00:00\n", encoding="utf-8")
    grade_class(options, Quiet())
    assert {name: row[1] for name, row in grades(options.out).items()} == {
        "alice": "15",
        "bob": "15",
        "carl": "11",
        "dora": "15",
    }


def test_another_file_of_extensions(options, tmp_path, capsys):
    own = tmp_path / "granted.yaml"
    own.write_text("bob: {minutes: 1800}\n", encoding="utf-8")
    arguments = [str(options.source), "--out", str(options.out), "--course", str(options.course)]
    assert call([*arguments, "--sandbox", "local", "--extensions", str(own)]) == 0
    assert [row[1] for row in grades(options.out).values()] == ["15", "15", "11", "15"]
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["Student", "Points", "Status", "Open", "Final", "Grade"] in shown
    assert ["carl", "15", "/", "20", "final", "11", "/", "20", "3.75"] in shown


def test_without_policies_nothing_is_added(options):
    pack(options.course, "")
    (options.source / "extensions.yaml").unlink()
    grade_class(options, Quiet())
    head = (options.out / "grades.csv").read_text("utf-8").splitlines()[0]
    assert head.endswith("total,max,status,open")
    assert "policy" not in json.loads((options.out / "bob" / "report.json").read_text("utf-8"))


BEST = """
[policies]
attempts = "best"
deadline = 2026-01-31T12:00:00+01:00
"""


def hand_in(options: Options, at: str, text: str) -> None:
    (options.source / "students.csv").write_text(f"id,submitted_at\nalice,{at}\n", encoding="utf-8")
    (options.source / "alice" / "answers.yaml").write_text(f"1a: {text}\n1b: two\n1c: three\n", encoding="utf-8")


def test_the_best_attempt_counts_in_every_file_and_every_later_run(options):
    (options.source / "extensions.yaml").unlink()
    pack(options.course, BEST + "late = { points = 2 }")
    hand_in(options, "2026-01-31T11:00:00+01:00", "one")
    grade_class(options, Quiet())
    hand_in(options, "2026-02-01T18:00:00+01:00", "one, and more")
    for only in ((), (), ("bob",)):
        grade_class(replace(options, only=only), Quiet())
        assert grades(options.out)["alice"] == ["15", "15", "", "no"]
        report = json.loads((options.out / "alice" / "report.json").read_text("utf-8"))
        assert report["policy"]["points"] == 15
        assert "Of 2 attempts, number 1 counts (best)." in report["problems"]


def test_a_regrade_keeps_the_best_attempt(options):
    (options.source / "extensions.yaml").unlink()
    pack(options.course, BEST + "late = { points = 2 }")
    hand_in(options, "2026-01-31T11:00:00+01:00", "one")
    grade_class(options, Quiet())
    hand_in(options, "2026-02-01T18:00:00+01:00", "one, and more")
    grade_class(options, Quiet())
    pack(options.course, BEST + "late = { points = 2 }\nbonus = { questions = ['1c'] }")
    assert regrade_class(RegradeOptions(options.out)).students == 4
    assert grades(options.out)["alice"] == ["15", "15", "", "no"]
    report = json.loads((options.out / "alice" / "report.json").read_text("utf-8"))
    assert (report["policy"]["points"], report["policy"]["max_points"]) == (15, 16)
    assert "Of 2 attempts, number 1 counts (best)." in report["problems"]


def test_a_regrade_tells_first_whose_final_result_a_policy_changes(options, capsys):
    grade_class(options, Quiet())
    pack(options.course, RULES.replace("points = 2", "points = 4"))
    written = (options.out / "grades.csv").read_text("utf-8")
    changes = regrade_class(RegradeOptions(options.out, dry_run=True)).changes
    assert [(one.student, one.final_before, one.final_after) for one in changes] == [
        ("bob", "11 / 20, grade 3.75, not passed", "7 / 20, grade 2.75, not passed")
    ]
    assert call(["regrade", "--out", str(options.out), "--dry-run"]) == 0
    assert "final 11 / 20, grade 3.75, not passed → 7 / 20" in " ".join(capsys.readouterr().out.split())
    assert (options.out / "grades.csv").read_text("utf-8") == written


def test_another_attempt_may_count_after_a_regrade(options):
    (options.source / "extensions.yaml").unlink()
    pack(options.course, BEST + "late = { points = 2 }")
    hand_in(options, "2026-02-01T18:00:00+01:00", "one")
    grade_class(options, Quiet())
    hand_in(options, "2026-02-04T18:00:00+01:00", "one, and more")
    grade_class(options, Quiet())
    assert grades(options.out)["alice"][1] == "11"
    pack(options.course, BEST.replace("best", "last") + "late = { points = 2 }")
    regrade_class(RegradeOptions(options.out))
    assert grades(options.out)["alice"][1] == "5"
    report = json.loads((options.out / "alice" / "report.json").read_text("utf-8"))
    assert report["policy"]["points"] == 5
    assert not any("attempts" in problem for problem in report["problems"])


def test_a_regrade_knows_the_extensions_when_their_file_is_gone(options):
    grade_class(options, Quiet())
    (options.source / "extensions.yaml").unlink()
    pack(options.course, RULES + "rounding = { step = 0.5 }\n")
    regrade_class(RegradeOptions(options.out))
    assert grades(options.out)["carl"] == ["15", "15", "4.75", "no"]
    report = json.loads((options.out / "carl" / "report.json").read_text("utf-8"))
    assert [step["kind"] for step in report["policy"]["steps"]] == ["late", "rounding"]


def test_attempts_are_compared_by_the_policies_of_today(options):
    (options.source / "extensions.yaml").unlink()
    pack(options.course, BEST)
    hand_in(options, "2026-02-05T11:00:00+01:00", "one")
    grade_class(options, Quiet())
    pack(options.course, BEST + "late = { points = 2 }")
    hand_in(options, "2026-02-01T11:00:00+01:00", "two")
    grade_class(options, Quiet())
    assert grades(options.out)["alice"] == ["15", "13", "", "yes (23 h 0 min)"]


def test_a_wrong_extension_ends_the_command_before_anything_is_graded(options):
    (options.source / "extensions.yaml").write_text("carl: soon\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"extensions\.yaml: carl › deadline: expected a date and time"):
        grade_class(options, Quiet())
    assert not (options.out / "grades.csv").exists()
