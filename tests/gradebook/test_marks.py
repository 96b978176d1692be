"""People's marks: they win, are tied to what was marked, and never get lost."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from grader.cli.main import call
from grader.errors import UsageError
from grader.gradebook import Database, Gradebook
from grader.gradebook.tables import Base
from tests.support.tiny import Place, write_student


def report(place: Place, student: str) -> dict:
    return json.loads((place.out / student / "report.json").read_text(encoding="utf-8"))


def question(place: Place, student: str, ident: str) -> dict:
    return {part["id"]: part for group in report(place, student)["assignments"] for part in group["questions"]}[ident]


def grade(place: Place, *arguments: str) -> int:
    return call([*arguments, "--out", str(place.out), "--course", str(place.course)])


def test_a_mark_counts_at_once_and_after_every_run(place: Place) -> None:
    place.grade()
    assert grade(place, "mark", "s01", "1a", "1.5", "--comment", "steps", "--author", "ann") == 0
    assert question(place, "s01", "1a")["points"] == 1.5
    assert question(place, "s01", "1a")["comments"] == ["steps"]
    assert "s01,1.5," in (place.out / "grades.csv").read_text(encoding="utf-8")
    place.grade(fresh=True)
    assert question(place, "s01", "1a")["marked_by"] == "person"


def test_criteria_take_back_and_history(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.grade()
    assert grade(place, "mark", "s00", "1a", "--criterion", "1a.idea=1", "--criterion", "1a.steps=0") == 0
    assert question(place, "s00", "1a")["points"] == 1.0
    assert grade(place, "mark", "s00", "1b", "2", "--reason", "by hand", "--author", "ann") == 0
    assert grade(place, "mark", "s00", "1b", "--take-back", "--author", "bob") == 0
    assert question(place, "s00", "1b")["points"] == 0.0
    capsys.readouterr()
    assert grade(place, "mark", "s00", "1b", "--history") == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" ann ")[2] or line.partition(" bob ")[2] for line in said] == [
        "marked: 2 points",
        "taken back: 2 points",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("s09", "1a", "1"), "no submission of 's09'"),
        (("s00", "9z", "1"), "no question '9z'"),
        (("s00", "1a", "7"), "between 0 and 2"),
        (("s00", "1a", "--criterion", "1a.other=1"), "no criterion '1a.other'"),
        (("s00", "1a"), "either POINTS or --criterion"),
        (("s00", "1a", "1", "--comment", "#3"), "no comment #3"),
        (("s00", "1a", "--take-back"), "no mark of a person"),
    ],
)
def test_wrong_marks_are_refused_with_a_reason(place: Place, capsys, arguments, said: str) -> None:
    place.grade()
    assert grade(place, "mark", *arguments) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_new_upload_flags_the_mark_until_it_is_confirmed(place: Place) -> None:
    place.grade()
    grade(place, "mark", "s01", "1a", "2")
    grade(place, "mark", "s01", "1b", "1")
    write_student(place.source / "s01", 1, answer="quite another idea")
    problems = place.grade().problems
    assert [line.partition(":")[0] for line in problems] == ["s01 1a"]
    assert question(place, "s01", "1a")["points"] == 2.0
    assert grade(place, "mark", "s01", "1a", "--confirm") == 0
    assert place.grade().problems == []


def test_the_staffs_file_is_taken_over_changed_and_taken_back(place: Place) -> None:
    marks = place.folder / "marks.yaml"
    marks.write_text("s00: {1a: 2}\ns01: {1a: {points: 1, comment: short}}\n", encoding="utf-8")
    place.grade(marks=marks)
    assert question(place, "s01", "1a")["comments"] == ["short"]
    grade(place, "mark", "s00", "1a", "0.5")
    place.grade(marks=marks)
    assert question(place, "s00", "1a")["points"] == 0.5
    marks.write_text("s00: {1a: 1}\n", encoding="utf-8")
    lines = place.grade(marks=marks).problems
    assert question(place, "s00", "1a")["points"] == 1.0
    assert question(place, "s01", "1a")["status"] == "review"
    assert any(line.startswith("s01 1a") for line in lines)


def test_without_the_file_its_marks_stay(place: Place) -> None:
    marks = place.folder / "marks.yaml"
    marks.write_text("s00: {1a: 2}\n", encoding="utf-8")
    place.grade(marks=marks)
    place.grade()
    assert question(place, "s00", "1a")["points"] == 2.0


def test_a_table_goes_out_and_comes_back(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    write_student(place.source / "s02", 2, answer="'=1+1 is \"formula\", so; is this'")
    place.grade()
    path = place.folder / "marks.csv"
    assert grade(place, "marks", "export", str(path)) == 0
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert [(row["student"], row["question"], row["state"]) for row in rows] == [
        (f"s0{at}", "1a", "open") for at in range(3)
    ]
    assert rows[2]["answer"].startswith("'=1+1")
    rows[0] |= {"points": "1,5", "comment": "good"}
    rows[1] |= {"criteria": "1a.idea=1; 1a.steps=0,5"}
    rows[2] |= {"points": "many"}
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert grade(place, "marks", "import", str(path), "--author", "ann") == 1
    said = capsys.readouterr().out
    assert "2 marks taken" in said
    assert "line 4" in said
    assert question(place, "s00", "1a")["points"] == 1.5
    assert question(place, "s01", "1a")["points"] == 1.5
    assert question(place, "s02", "1a")["status"] == "review"
    assert grade(place, "marks", "import", str(path)) == 1
    assert "0 marks taken, 2 unchanged" in capsys.readouterr().out
    assert grade(place, "mark", "s02", "1a", "1", "--comment", "#1") == 0
    assert question(place, "s02", "1a")["comments"] == ["good"]


def test_status_and_aliases(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.grade()
    grade(place, "mark", "s01", "1a", "2", "--author", "ann")
    capsys.readouterr()
    assert grade(place, "status", "--students", "--anonymous") == 0
    said = capsys.readouterr().out
    assert "2 open, of 2 of 3 students" in said
    assert "ann marked 1" in said
    assert "s00" not in said
    alias = next(word for word in said.split() if word.startswith("student-"))
    assert grade(place, "mark", alias, "1a", "1") == 0


def test_a_table_that_is_none_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.grade()
    path = place.folder / "x.csv"
    path.write_text("a,b\n1,2\n")
    assert grade(place, "marks", "import", str(path)) == 2
    assert "columns student, question and points" in " ".join(capsys.readouterr().err.split())
    assert grade(place, "marks", "import", str(place.folder / "none.csv")) == 2


def test_migrations_make_the_tables_of_the_models(tmp_path: Path) -> None:
    database = Database(tmp_path / "book.sqlite")
    with database.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_a_student_of_another_class_is_unknown(tmp_path: Path) -> None:
    database = Database(tmp_path / "book.sqlite")
    one, two = Gradebook(database, "one"), Gradebook(database, "two")
    one.enrol(["ann"], None)
    with database.reading() as connection, pytest.raises(UsageError, match="has no student 'ann'"):
        two.student_id(connection, "ann")
    database.close()
