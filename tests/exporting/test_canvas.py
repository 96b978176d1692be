"""Gradebooks of Canvas, there and back."""

import csv
import io

import pytest

from grader.errors import UsageError
from grader.exporting import canvas
from grader.exporting.reports import read_reports
from tests.exporting import making

GRADEBOOK = """\
Student,ID,SIS User ID,SIS Login ID,Section,Other (77),DL Exam (1234),Current Score
,,,,,Manual Posting,,
    Points Possible,,,,,10,96,(read only)
"Müller, Anna-Lena",4711,0021-700-001,amuell,Group A,9.50,,88.2
"Łukasz, José",4712,,,"Group ""B"" 2",EX,12,
"Bär, Ben",4713,,,Group A,,EX,
"Student, Test",4799,,,Group A,,,
"""
SEMICOLONS = """\
LastName;FirstName;ID;SIS User ID;SIS Login ID;Section;DL Exam (1234)
    Points Possible;;;;;;96,00
Müller;Anna-Lena;4711;;amuell;Group A;
Łukasz;José;4712;;jlukas;Group A;
"""


def filled(tmp_path, text, assignment="DL Exam (1234)", rows=(making.ANNA, making.JOSE), **options):
    (tmp_path / "in.csv").write_bytes(text.encode())
    people = making.people(tmp_path / "reports", *rows)
    export = canvas.fill_gradebook(people, tmp_path / "in.csv", assignment, tmp_path / "out.csv", **options)
    return export, (tmp_path / "out.csv").read_bytes().decode() if export.written else ""


@pytest.mark.parametrize("assignment", ["DL Exam (1234)", "DL Exam", "1234"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_one_column_is_filled_and_ids_and_header_rows_stay(tmp_path, assignment, end, mark):
    before = mark + GRADEBOOK.replace("\n", end)
    export, after = filled(tmp_path, before, assignment)
    assert after == before.replace("9.50,,88.2", "9.50,61,88.2").replace("EX,12,", "EX,61,")
    assert export.exported == ["anna", "josé"]
    assert export.notes == ["2 of 4 rows stay as they were"]
    rows = list(csv.reader(io.StringIO(after.removeprefix("\ufeff"), newline="")))
    assert [row[1] for row in rows] == ["ID", "", "", "4711", "4712", "4713", "4799"]
    assert rows[2][0] == "    Points Possible"


def test_semicolons_decimal_commas_and_two_columns_of_names(tmp_path):
    for row in (making.ANNA, making.JOSE):
        making.report(tmp_path / "reports", making.undecided(row["id"]))
    making.table(tmp_path / "reports" / "students.csv", making.JOSE)
    (tmp_path / "in.csv").write_text(SEMICOLONS, "utf-8")
    people = read_reports(tmp_path / "reports", allow_provisional=True).people
    # One is known by the login, the other, whom the table lacks, by nothing that is there.
    export = canvas.fill_gradebook(people, tmp_path / "in.csv", "1234", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text("utf-8") == SEMICOLONS.replace("jlukas;Group A;", "jlukas;Group A;86,5")
    assert [entry.student for entry in export.left_out] == ["anna"]


def test_who_is_excused_stays_excused(tmp_path):
    export, after = filled(tmp_path, GRADEBOOK, rows=(making.ANNA, {"id": "ben", "name": "Ben Bär"}))
    assert {entry.student: entry.why for entry in export.left_out} == {"ben": "row 6, Bär, Ben is excused (EX)"}
    assert '"Bär, Ben",4713,,,Group A,,EX,' in after


def test_names_of_folders_are_enough_where_they_are_clear(tmp_path):
    for name in ("Anna-Lena Mu\u0308ller", "jose_lukasz", "Somebody"):
        making.report(tmp_path / "reports", making.known(name))
    (tmp_path / "in.csv").write_text(GRADEBOOK, "utf-8")
    people = read_reports(tmp_path / "reports").people
    export = canvas.fill_gradebook(people, tmp_path / "in.csv", "1234", tmp_path / "out.csv")
    assert export.exported == ["Anna-Lena Müller", "jose_lukasz"]
    assert [entry.student for entry in export.left_out] == ["Somebody"]


def test_two_rows_of_one_name_are_nobodys(tmp_path):
    twins = GRADEBOOK.replace("Bär, Ben", "Müller, Anna-Lena")
    export, _ = filled(tmp_path, twins, rows=({"id": "anna", "name": "Anna-Lena Müller"}, making.JOSE))
    assert export.exported == ["josé"]
    assert export.left_out[0].why == "several people there fit: row 4, Müller, Anna-Lena, row 6, Müller, Anna-Lena"


@pytest.mark.parametrize(
    ("text", "assignment", "message"),
    [
        (GRADEBOOK, "Exam", r"expected one assignment 'Exam', found 0 among 'Other \(77\)', 'DL Exam \(1234\)'"),
        (GRADEBOOK.replace("Other", "DL Exam"), "DL Exam", "found 2 among"),
        (GRADEBOOK.replace(",96,", ",100,"), "1234", r"column 'DL Exam \(1234\)': the maximum there is 100"),
        ("a,b\n1,2\n", "1234", "expected a gradebook of Canvas with a column 'ID', found a, b"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, text, assignment, message):
    with pytest.raises(UsageError, match=message):
        filled(tmp_path, text, assignment)
    assert not (tmp_path / "out.csv").exists()


def test_another_maximum_may_be_accepted(tmp_path):
    export, _ = filled(tmp_path, GRADEBOOK.replace(",96,", ",100,"), accept_maximum=True)
    assert export.complete
