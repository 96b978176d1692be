"""What OLAT and OpenOlat take back."""

import csv
import io
import zipfile

import openpyxl
import pytest

from grader.errors import UsageError
from grader.exporting import olat
from grader.exporting.reports import read_reports
from tests.exporting import making
from tests.reporting import exams


def test_bulk_assessment_is_divided_by_tabs_and_nothing_else(tmp_path):
    people = making.trio_people(tmp_path / "reports")
    export = olat.bulk_assessment(people, tmp_path / "bulk.txt", pass_points=90)
    data = (tmp_path / "bulk.txt").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert [line.split("\t") for line in data.decode().splitlines()] == [
        ["amuell", "61", "n", "See your report. Total 61 of 96."],
        ["jlukas", "96", "y", "See your report. Total 96 of 96."],
        ["wzhang", "86.5", "n", "See your report. Total 86.5 of 96."],
    ]
    assert b'"' not in data
    assert export.exported == ["anna", "josé", "wei"]


def test_passed_stays_empty_when_nobody_says_what_passes(tmp_path):
    olat.bulk_assessment(making.people(tmp_path / "reports", making.ANNA), tmp_path / "bulk.txt")
    assert (tmp_path / "bulk.txt").read_text().split("\t")[2] == ""


@pytest.mark.parametrize(
    ("field", "found"), [("email", "anna@uni.example"), ("registration_number", "0021-700-001"), ("id", "anna")]
)
def test_people_are_identified_as_olat_is_told(tmp_path, field, found):
    people = making.people(tmp_path / "reports", making.ANNA)
    olat.bulk_assessment(people, tmp_path / "bulk.txt", identifier=field)
    assert (tmp_path / "bulk.txt").read_text().split("\t")[0] == found


def test_who_has_no_login_or_anothers_is_left_out(tmp_path):
    people = making.people(
        tmp_path / "reports",
        making.ANNA,
        {"id": "ben"},
        {"id": "cleo", "login": "SAME"},
        {"id": "dan", "login": "same"},
        {"id": "eve", "login": "e\tve"},
    )
    export = olat.bulk_assessment(people, tmp_path / "bulk.txt")
    assert export.exported == ["anna"]
    assert {entry.student: entry.why for entry in export.left_out} == {
        "ben": "no login is known",
        "cleo": "several students have 'SAME'",
        "dan": "several students have 'same'",
        "eve": "'e\\tve' cannot stand in a line of a table",
    }
    assert len((tmp_path / "bulk.txt").read_text().splitlines()) == 1


def test_a_class_without_logins_is_told_what_to_do(tmp_path):
    making.report(tmp_path, making.full("ada"))
    with pytest.raises(UsageError, match=r"expected logins of the students in students\.csv.*--identifier id"):
        olat.bulk_assessment(read_reports(tmp_path).people, tmp_path / "bulk.txt")


def test_return_files_stand_in_folders_named_as_people(tmp_path):
    people = making.people(
        tmp_path / "reports",
        making.ANNA,
        {"id": "ben", "login": "../ben"},
        {"id": "cleo", "login": ".cleo"},
        making.JOSE,
    )
    (tmp_path / "reports" / "josé" / "report.html").unlink()
    export = olat.return_files(people, tmp_path / "return.zip")
    with zipfile.ZipFile(tmp_path / "return.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["amuell/report.html"]
        assert archive.read("amuell/report.html") == (tmp_path / "reports" / "anna" / "report.html").read_bytes()
    assert [entry.student for entry in export.left_out] == ["ben", "cleo", "josé"]


def test_the_correction_sheet_goes_by_question_in_the_order_of_the_class(tmp_path):
    people = making.trio_people(tmp_path / "reports")
    olat.correction_sheet(people, tmp_path / "sheet.csv")
    table = list(csv.DictReader(io.StringIO((tmp_path / "sheet.csv").read_text("utf-8-sig"), newline="")))
    assert [row["question"] for row in table] == [ident for ident in exams.KNOWN_EXAM for _ in range(3)]
    one = [row for row in table if row["question"] == "1e"]
    assert [row["login"] for row in one] == ["amuell", "jlukas", "wzhang"]
    assert (one[0]["points"], one[0]["max"], one[0]["registration number"]) == ("4.5", "8", "0021-700-001")
    assert one[0]["comment"].splitlines() == list(exams.KNOWN_EXAM["1e"][1])
    waiting = [row for row in table if row["question"] == "1b"][2]
    assert (waiting["points"], waiting["comment"], waiting["open"]) == ("", "", "yes")
    assert one[0]["open"] == ""


def test_the_correction_sheet_as_workbook(tmp_path):
    olat.correction_sheet(making.trio_people(tmp_path / "reports"), tmp_path / "sheet.xlsx")
    book = openpyxl.load_workbook(tmp_path / "sheet.xlsx")
    assert book.sheetnames == list(exams.KNOWN_EXAM)
    assert [cell.value for cell in book["1e"][2]] == [
        "Anna-Lena Müller", "amuell", "0021-700-001", 4.5, "\n".join(exams.KNOWN_EXAM["1e"][1]), None,
    ]  # fmt: skip


def test_the_correction_sheet_as_page_copies_what_the_buttons_show_and_runs_nothing_of_strangers(tmp_path):
    making.report(tmp_path / "reports", making.hostile("<img src=x onerror=alert(1)>"), "evil")
    olat.correction_sheet(read_reports(tmp_path / "reports").people, tmp_path / "sheet.html", "Deep <Learning>")
    page = (tmp_path / "sheet.html").read_text("utf-8")
    assert "<img" not in page
    assert "<script>x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "Deep &lt;Learning&gt;" in page
    assert '<button type="button" title="Copy the score">4.5</button>' in page
    assert "script-src &#39;sha256-" in page
    assert page.count("<script") == 1


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"expected a name that ends with \.html, \.xlsx or \.csv"):
        olat.correction_sheet((), tmp_path / "sheet.pdf")
