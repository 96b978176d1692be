"""``grade import``: what it writes, writes again, and refuses; the map file; ``students.csv``."""

import json
from datetime import UTC, datetime

import pytest

from grader.cli.main import call
from grader.errors import UsageError
from grader.intake import (
    Identity,
    Origin,
    Received,
    import_submissions,
    read_map,
    read_students,
    read_submissions,
    write_students,
)
from tests.intake.making import HINTS, contents, messages, notebook, write
from tests.intake.platforms import exports
from tests.intake.platforms.classroom import COURSE_HINTS, QUESTIONS, found, place
from tests.intake.platforms.exports import EXPORTS
from tests.intake.platforms.openolat_export import openolat


@pytest.mark.parametrize("export", [one for one in EXPORTS if one.pattern is None], ids=lambda one: one.name)
def test_what_an_import_wrote_is_read_like_the_export_itself(tmp_path, export):
    source = place(tmp_path, export.build(), "folder", export.label)
    direct = read_submissions(source, tmp_path / "w1", COURSE_HINTS, questions=QUESTIONS)
    import_submissions(source, tmp_path / "out", questions=QUESTIONS)
    again = read_submissions(tmp_path / "out", tmp_path / "w2", COURSE_HINTS, questions=QUESTIONS)
    assert found(again) == found(direct)
    assert again.identities == direct.identities
    assert {one.student: one.received for one in again.submissions} == {
        one.student: one.received for one in direct.submissions
    }
    assert again.problems == ()


def test_a_second_import_of_the_same_source_replaces_the_first(tmp_path):
    source = place(tmp_path, exports.moodle(), "folder")
    out = tmp_path / "out"
    first = import_submissions(source, out, questions=QUESTIONS)
    before = contents(out)
    (out / "marks.yaml").write_text("Li Wang: {}")
    (source / "Li Wang_14145_assignsubmission_onlinetext/onlinetext.html").unlink()
    second = import_submissions(source, out, questions=QUESTIONS)
    assert len(first.lines) == 5
    assert {line.student for line in first.lines} - {line.student for line in second.lines} == set()
    assert contents(out) == before - {"Li Wang/answers.yaml", "Li Wang/answers.raw.yaml"} | {"marks.yaml"}


def test_what_people_changed_is_never_overwritten(tmp_path):
    source = place(tmp_path, exports.moodle(), "zip")
    out = tmp_path / "out"
    import_submissions(source, out, questions=QUESTIONS)
    answers = out / "José Ángel García" / "answers.yaml"
    answers.write_text("1a: by hand")
    with pytest.raises(UsageError, match="changed since the import"):
        import_submissions(source, out, questions=QUESTIONS)
    assert answers.read_text() == "1a: by hand"


@pytest.mark.parametrize("inside", [{"mine.txt": b"x"}, {".grader-import.json": b"{"}, {".grader-import.json": b"[]"}])
def test_a_folder_of_something_else_is_refused(tmp_path, inside):
    source = place(tmp_path, exports.moodle(), "zip")
    out = write(tmp_path / "out", inside)
    with pytest.raises(UsageError, match=r"is not empty|cannot be read"):
        import_submissions(source, out)
    assert contents(out) == set(inside)


def test_a_damaged_record_is_refused(tmp_path):
    source = place(tmp_path, exports.moodle(), "zip")
    record = json.dumps({"schema": "grader.import/1", "source": str(source.resolve())})
    with pytest.raises(UsageError, match=r"\.grader-import\.json is damaged"):
        import_submissions(source, write(tmp_path / "out", {".grader-import.json": record}))


def test_an_import_of_another_source_is_refused(tmp_path):
    import_submissions(place(tmp_path, exports.moodle(), "zip", "one"), tmp_path / "out")
    with pytest.raises(UsageError, match="was not made by an import of"):
        import_submissions(place(tmp_path, exports.canvas(), "zip", "two"), tmp_path / "out")


def test_a_destination_in_the_source_and_a_file_are_refused(tmp_path):
    source = place(tmp_path, exports.moodle(), "folder")
    with pytest.raises(UsageError, match="lies in the source"):
        import_submissions(source, source / "out")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        import_submissions(source, tmp_path / "file")


def test_a_neutral_class_needs_no_import(tmp_path):
    source = write(tmp_path / "class", {"alice/a.ipynb": notebook("a"), "bob/a.ipynb": notebook("b")})
    with pytest.raises(UsageError, match="shows the signs of no platform"):
        import_submissions(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_prints_who_and_what_was_left_out(tmp_path, capsys):
    source = place(tmp_path, openolat(), "zip")
    mapping = tmp_path / "map.yaml"
    mapping.write_text("essay144e: 1b\n")
    assert call(["import", str(source), str(tmp_path / "out"), "--map", str(mapping)]) == 0
    shown = capsys.readouterr().out
    assert "amuell" in shown
    assert "5 students from OpenOlat test" in shown
    assert "replaced by later uploads" in shown
    assert "replaced by later uploads" in (tmp_path / "out" / "import-notes.txt").read_text()
    assert (tmp_path / "out" / "amuell" / "answers.yaml").read_text().startswith("1b: |")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "moodel"], "moodel"),
        (["--from", "canvas"], "nobody's submission was found"),
        (["--pattern", "("], "not a valid regular expression"),
        (["--map", "missing.csv"], "cannot be opened"),
    ],
)
def test_wrong_usage_is_told_with_status_2(tmp_path, capsys, arguments, message):
    source = place(tmp_path, {"a/b.ipynb": b"", "c/d.ipynb": b""}, "folder")
    assert call(["import", str(source), str(tmp_path / "out"), *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.yaml", "Describe the steps: 1a\nessay17: '-'\n"),
        ("map.csv", "title,question\nDescribe the steps,1a\nessay17,-\n"),
        ("map.csv", "\ufeffDescribe the steps;1a\nessay17;-\n"),
        ("map.tsv", "Describe the steps\t1a\nessay17\t-\n"),
    ],
)
def test_a_map_is_yaml_or_a_table(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_map(tmp_path / name) == {"Describe the steps": "1a", "essay17": "-"}


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: {b: c}\n", "a: [", "just text"])
def test_a_map_of_another_form_is_refused(tmp_path, text):
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"neither a list of 'title: question' nor a table"):
        read_map(tmp_path / "map.yaml")


def test_a_map_to_a_question_that_does_not_exist_is_refused(tmp_path):
    source = place(tmp_path, openolat(), "folder")
    with pytest.raises(UsageError, match="question '9z', which is none of the course's"):
        import_submissions(source, tmp_path / "out", Origin(mapping={"essay144e": "9z"}), questions=QUESTIONS)


ROWS = {
    "alice": (
        Identity("Ålice, A.", "alice", "a@x.ch", "007", "key 1", "moodle", "Team"),
        Received(datetime(2021, 6, 18, 9, 33, 12, tzinfo=UTC), True, 2),
    ),
    "bob": (Identity(), Received(late=False)),
}


def test_students_csv_is_read_beside_the_folders(tmp_path):
    source = write(
        tmp_path / "class", {"alice/assignment1.ipynb": notebook("a"), "bob/assignment1.ipynb": notebook("b")}
    )
    write_students(source / "students.csv", ROWS)
    intake = read_submissions(source, tmp_path / "work", HINTS)
    assert dict(intake.identities) == {name: identity for name, (identity, _) in ROWS.items()}
    assert {one.student: one.received for one in intake.submissions} == {name: row[1] for name, row in ROWS.items()}
    assert messages(intake) == []


def test_students_csv_of_the_only_student_is_not_believed(tmp_path):
    source = write(tmp_path / "class", {"alice/one.zip": b"", "alice/students.csv": "id,late\none,no\n"})
    intake = read_submissions(source, tmp_path / "work", HINTS)
    assert intake.identities == {}
    nested = write(
        tmp_path / "two", {"alice/a.ipynb": notebook("a"), "alice/students.csv": "id\nalice\n", "bob/a.ipynb": b""}
    )
    assert read_submissions(nested, tmp_path / "work2", HINTS).identities == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,login\nA,a\n", "expected a column 'id'"),
        ("id,late\nalice,perhaps\n", "The late of 'alice' is 'perhaps', which cannot be read"),
        ("id;submitted_at\nalice;yesterday\n", "The submitted_at of 'alice' is 'yesterday'"),
        ("id,name\nalice,A\nalice,B\n", "'alice' stands in several rows"),
        ("id\nalice\nzoe\n", "'zoe' stand there, but handed nothing in"),
    ],
)
def test_faults_of_students_csv_are_said(tmp_path, text, said):
    files = {"alice/assignment1.ipynb": notebook("a"), "bob/assignment1.ipynb": notebook("b"), "students.csv": text}
    intake = read_submissions(write(tmp_path / "class", files), tmp_path / "work", HINTS)
    assert len(intake.submissions) == 2
    assert any(said in message for message in messages(intake))


def test_students_csv_is_read_back(tmp_path):
    write_students(tmp_path / "students.csv", ROWS)
    assert read_students(tmp_path / "students.csv") == (ROWS, [])
