"""Tables and workbooks, read back by the programs' own readers."""

import csv
import io

import openpyxl
import pytest

from grader.course import load_course
from grader.exporting import tables, titles, workbook
from grader.exporting.reports import read_reports
from grader.rubric_modules import bundled_course
from tests.exporting import making
from tests.reporting import exams


def rows(path, encoding="utf-8-sig"):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding), newline="")))


def test_the_grade_table_has_everybody_with_who_they_are_and_every_question(tmp_path):
    export = tables.grade_table(making.trio_people(tmp_path / "reports"), tmp_path / "grades.csv")
    assert export.exported == ["anna", "josé", "wei"]
    anna, jose, wei = rows(tmp_path / "grades.csv")
    assert (anna["name"], anna["registration_number"], anna["late"]) == ("Anna-Lena Müller", "0021-700-001", "no")
    assert {ident: float(anna[ident]) for ident in exams.KNOWN_EXAM} == {
        ident: points for ident, (points, _, _) in exams.KNOWN_EXAM.items()
    }
    assert [anna[f"assignment {part}"] for part in "1234"] == ["11", "15", "20.5", "14.5"]
    assert (anna["total"], anna["max"], anna["status"]) == ("61", "96", "final")
    assert (jose["total"], wei["status"], wei["open"]) == ("96", "provisional", "1b 2b 2f")


def test_formulas_are_defused_where_people_read_and_only_there(tmp_path):
    making.report(tmp_path / "reports", making.hostile("=1+1"), "evil")
    making.table(
        tmp_path / "reports" / "students.csv", {"id": "=1+1", "name": "@SUM(1)", "login": "-x", "email": "+a@b.ch"}
    )
    people = read_reports(tmp_path / "reports").people
    tables.grade_table(people, tmp_path / "grades.csv")
    row = rows(tmp_path / "grades.csv")[0]
    assert [row[name] for name in ("id", "name", "login", "email")] == ["'=1+1", "'@SUM(1)", "'-x", "'+a@b.ch"]
    tables.nbgrader_grades(people, tmp_path / "nbgrader.csv")
    assert rows(tmp_path / "nbgrader.csv")[0]["student_id"] == "-x"


def test_the_workbook_has_an_overview_and_a_sheet_a_question(tmp_path):
    people = making.trio_people(tmp_path / "reports")
    course = load_course(bundled_course())
    assert titles.is_of(course, people)
    workbook.grade_workbook(people, tmp_path / "a.xlsx", titles.criterion_titles(course))
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["overview", *exams.KNOWN_EXAM]
    overview = list(book["overview"].iter_rows(values_only=True))
    anna = dict(zip(overview[0], overview[1], strict=True))
    assert (anna["registration number"], anna["total"], anna["1c"]) == ("0021-700-001", 61, 1.5)
    sheet = list(book["1c"].iter_rows(values_only=True))
    anna = dict(zip(sheet[0], sheet[1], strict=True))
    assert (anna["points"], anna["max"], anna["comments"]) == (1.5, 3, "Feature map not saved and returned")
    assert anna["1c.feature-map outcome"] == "not-met"
    assert any(head.startswith("1c.feature-map: ") and value == 0 for head, value in anna.items())
    review = [
        dict(zip(sheet[0], row, strict=True))
        for sheet in [list(book["2f"].iter_rows(values_only=True))]
        for row in sheet
    ]
    assert review[3]["status"] == "review"
    assert review[3]["2f.loop outcome"] == "review"


def test_registration_numbers_are_text_and_no_cell_is_a_formula(tmp_path):
    making.report(tmp_path / "reports", making.hostile("=cmd|'/c calc'!A0"), "evil")
    making.table(
        tmp_path / "reports" / "students.csv", {"id": "=cmd|'/c calc'!A0", "name": "+x", "registration_number": "007"}
    )
    workbook.grade_workbook(read_reports(tmp_path / "reports").people, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert not [cell.value for cell in cells if isinstance(cell.value, str) and cell.value.startswith(tuple("=+-@\t"))]
    number = [cell for cell in book["overview"][2] if cell.value == "007"]
    assert [(cell.data_type, cell.number_format) for cell in number] == [("s", "@")]
    comments = next(str(cell.value) for cell in book["1c"][2] if "HYPERLINK" in str(cell.value))
    assert comments.startswith("'=HYPERLINK")
    assert "<script>x</script> ü" in comments
    assert "\x1b" not in comments


def test_sheets_have_names_that_workbooks_take(tmp_path):
    wanted = ["a/b:c", "A-B-C", "x" * 40, "x" * 31, "History", "", "sheet", "'q'"]
    workbook.write_workbook(tmp_path / "a.xlsx", [(name, [{"n": float(place)}]) for place, name in enumerate(wanted)])
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert [sheet["A2"].value for sheet in book] == list(range(len(wanted)))
    assert len({name.casefold() for name in book.sheetnames}) == len(wanted)
    assert all(0 < len(name) <= 31 for name in book.sheetnames)


def test_texts_longer_than_a_cell_are_cut(tmp_path):
    workbook.write_workbook(tmp_path / "a.xlsx", [("a", [{"n": "x" * 40_000, "m": "a\x00b"}])])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["a"]
    assert len(sheet["A2"].value) == 32_767
    assert sheet["B2"].value == "a[U+0000]b"


def test_nbgrader_reads_its_own_columns(tmp_path):
    people = making.people(
        tmp_path / "reports", making.ANNA, {"id": "bär", "name": "Bär, Ben", "email": "b@uni.example"}
    )
    tables.nbgrader_grades(people, tmp_path / "nbgrader.csv", "hw")
    text = (tmp_path / "nbgrader.csv").read_text("utf-8")
    assert '"' not in text
    assert text.splitlines()[0] == (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score"
    )
    read = rows(tmp_path / "nbgrader.csv", "utf-8")
    assert [row["assignment"] for row in read] == ["hw1", "hw2", "hw3", "hw4"] * 2
    assert [(row["score"], row["max_score"]) for row in read[:4]] == [
        ("11", "21"), ("15", "26"), ("20.5", "27"), ("14.5", "22"),
    ]  # fmt: skip
    assert (read[0]["student_id"], read[0]["timestamp"], read[0]["last_name"]) == (
        "amuell", "2021-06-18T09:33:12", "Anna-Lena Müller",
    )  # fmt: skip
    assert (read[4]["student_id"], read[4]["last_name"], read[4]["first_name"]) == ("bär", "Bär", "Ben")


@pytest.mark.parametrize("write", [tables.grade_table, tables.nbgrader_grades, workbook.grade_workbook])
def test_nothing_is_written_for_nobody(tmp_path, write):
    assert write((), tmp_path / "out").written is None
    assert not (tmp_path / "out").exists()
