"""Worksheets that Moodle gave, filled and given back; ZIPs that it takes apart."""

import csv
import io
import re
import zipfile

import pytest

from grader.errors import UsageError
from grader.exporting import moodle
from grader.exporting.moodle import Wanted
from grader.exporting.reports import read_reports
from tests.exporting import making

ENGLISH = """\
Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,Last modified (submission),\
Last modified (grade),Feedback comments
Participant 12345,Anna-Lena Müller,anna@uni.example,Submitted for grading,,96.00,Yes,"Friday, 18 June 2021, 9:33 AM",-,
Participant 12346,José Łukasz,jose@uni.example,Submitted for grading,12.00,96.00,Yes,"Friday, 18 June 2021, 9:40 AM",-,
Participant 12399,Nobody Here,nobody@uni.example,No submission,,96.00,Yes,-,-,
"""
GERMAN = """\
ID;"Vollständiger Name";E-Mail-Adresse;Status;Bewertung;Bestwertung;"Bewertung kann geändert werden";\
"Zuletzt geändert (Abgabe)";"Zuletzt geändert (Bewertung)";"Feedback als Kommentar"
Teilnehmer/in12345;"Anna-Lena Müller";anna@uni.example;"Zur Bewertung abgegeben";;96,00;Ja;"Freitag, 18. Juni 2021";-;
Teilnehmer/in12346;"José Łukasz";jose@uni.example;"Zur Bewertung abgegeben";;96,00;Nein;"Freitag, 18. Juni 2021";-;
"""
UNKNOWN = """\
Tunniste\tKoko nimi\tSähköposti\tTila\tArvosana\tEnintään\tMuutettavissa\tMuokattu\tPalaute
Osallistuja 12345\tAnna-Lena Müller\tanna@uni.example\tPalautettu\t\t96,00\tKyllä\t-\t
Osallistuja 12346\tJosé Łukasz\tjose@uni.example\tPalautettu\t\t96,00\tKyllä\t-\t
Osallistuja 12399\tJoku Muu\tjoku@uni.example\tPalautettu\t\t96,00\tKyllä\t-\t
"""
ANONYMOUS = """\
Identifier,Status,Grade,Maximum grade,Grade can be changed,Last modified (grade),Feedback comments
Participant 12345,Submitted for grading,,96.00,Yes,-,
Participant 12346,Submitted for grading,,96.00,Yes,-,
"""


def filled(tmp_path, text, wanted=Wanted(), encoding="utf-8", rows=(making.ANNA, making.JOSE)):  # noqa: B008
    (tmp_path / "in.csv").write_bytes(text.encode(encoding))
    people = making.people(tmp_path / "reports", *rows)
    export = moodle.fill_worksheet(people, tmp_path / "in.csv", tmp_path / "out.csv", wanted)
    return export, (tmp_path / "out.csv").read_bytes().decode(encoding) if export.written else ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_nothing_but_grades_and_comments_changes(tmp_path, encoding, end):
    before = ENGLISH.replace("\n", end)
    export, after = filled(tmp_path, before, encoding=encoding)
    assert export.exported == ["anna", "josé"]
    assert export.notes == ["1 of 3 rows stay as they were"]
    old, new = ([*csv.reader(io.StringIO(text, newline=""))] for text in (before, after))
    assert [row[4] for row in new] == ["Grade", "61", "61", ""]
    assert new[1][9].startswith("<p>Total 61 of 96.</p><ul><li>1b ")
    assert new[3][9] == ""
    changed = {(row, column) for row in range(4) for column in range(10) if old[row][column] != new[row][column]}
    assert changed == {(1, 4), (1, 9), (2, 4), (2, 9)}
    # With the two grades and comments, it is Moodle's file byte for byte.
    comment = new[1][9]
    assert new[2][9] == comment
    assert not set(comment) & set(',"\r\n')
    lines = before.split(end)
    lines[1] = lines[1].replace(",,96.00,", ",61,96.00,") + comment
    lines[2] = lines[2].replace(",12.00,96.00,", ",61,96.00,") + comment
    assert after == end.join(lines)


def test_german_titles_semicolons_and_decimal_commas(tmp_path):
    export, after = filled(tmp_path, GERMAN, Wanted(comments=False), encoding="utf-8-sig")
    assert after == GERMAN.replace(";;96,00;Ja", ";61;96,00;Ja")
    assert [(entry.student, "locked" in entry.why) for entry in export.left_out] == [("josé", True)]


def test_halves_are_written_with_the_files_decimal_mark(tmp_path):
    for row in (making.ANNA, making.JOSE):
        making.report(tmp_path / "reports", making.undecided(row["id"]))
    making.table(tmp_path / "reports" / "students.csv", making.ANNA)
    (tmp_path / "in.csv").write_text(GERMAN, "utf-8")
    people = read_reports(tmp_path / "reports", allow_provisional=True).people
    moodle.fill_worksheet(people, tmp_path / "in.csv", tmp_path / "out.csv", Wanted(comments=False))
    assert ";86,5;96,00;Ja" in (tmp_path / "out.csv").read_text("utf-8")


def test_columns_of_an_unknown_language_are_told_by_what_they_hold(tmp_path):
    export, after = filled(tmp_path, UNKNOWN)
    assert [line.split("\t")[4] for line in after.splitlines()] == ["Arvosana", "61", "61", ""]
    assert "no column for comments that could be told; --feedback-column names it" in export.notes[0]
    _, after = filled(tmp_path, UNKNOWN, Wanted(feedback="Palaute"))
    assert [bool(line.split("\t")[8]) for line in after.splitlines()] == [True, True, True, False]


def test_an_anonymous_worksheet_has_numbers_alone(tmp_path):
    export, after = filled(tmp_path, ANONYMOUS)
    assert export.exported == ["anna", "josé"]
    assert [row["Grade"] for row in csv.DictReader(io.StringIO(after))] == ["61", "61"]


def test_a_worksheet_of_another_assignment_gives_no_points_to_strangers(tmp_path):
    other = ENGLISH.replace("12345", "9").replace("12346", "12345").replace("12399", "12346")
    other = other.replace("anna@uni.example", "").replace("jose@uni.example", "").replace("José Łukasz", "Ben Bär")
    export, _ = filled(tmp_path, other)
    assert not export.exported
    assert "points to different people there" in export.left_out[0].why
    assert export.left_out[1].why == "the number 12346 belongs to somebody else there (row 4, Nobody Here)"


def test_comments_of_a_person_stay_unless_they_shall_go(tmp_path):
    text = ENGLISH.replace('9:33 AM",-,', '9:33 AM",-,Well done')
    export, after = filled(tmp_path, text)
    assert next(csv.DictReader(io.StringIO(after)))["Feedback comments"] == "Well done"
    assert "row 2, Anna-Lena Müller has a comment already" in export.notes[0]
    _, after = filled(tmp_path, text, Wanted(replace_comments=True))
    assert next(csv.DictReader(io.StringIO(after)))["Feedback comments"].startswith("<p>Total")


def test_comments_are_html_and_hold_none_of_the_students(tmp_path):
    making.report(tmp_path / "reports", making.hostile("anna"))
    _, after = filled(tmp_path, ENGLISH)
    comment = next(csv.DictReader(io.StringIO(after, newline="")))["Feedback comments"]
    assert "&lt;script&gt;x&lt;/script&gt; ü" in comment
    assert set(re.findall(r"<[^>]*>", comment)) == {"<p>", "</p>", "<ul>", "</ul>", "<li>", "</li>"}
    # An upload is read by a program: nothing stands before a sign of equality.
    assert "; =HYPERLINK(" in comment


def test_what_the_files_encoding_lacks_is_written_as_html_has_it(tmp_path):
    making.report(tmp_path / "reports", making.hostile("anna"))
    (tmp_path / "reports" / "anna" / "report.json").write_text(
        (tmp_path / "reports" / "anna" / "report.json").read_text("utf-8").replace(" ü", " ∂"), "utf-8"
    )
    _, after = filled(tmp_path, ENGLISH.replace("Łukasz", "Lukasz"), encoding="cp1252")
    assert "&#8706;" in after
    assert "Anna-Lena Müller" in after


def test_another_maximum_needs_a_word(tmp_path):
    text = ENGLISH.replace("96.00", "100.00")
    with pytest.raises(
        UsageError, match=r"column 'Maximum grade': the maximum there is 100, that of the reports is 96"
    ):
        filled(tmp_path, text)
    export, _ = filled(tmp_path, text, Wanted(accept_maximum=True))
    assert export.exported == ["anna", "josé"]


@pytest.mark.parametrize(
    ("text", "wanted", "message"),
    [
        (
            "Name,Points\nAnna,\n",
            Wanted(),
            "expected a grading worksheet whose first column ends with participants' numbers",
        ),
        ("ID,X,Y\nP 12345,,\n", Wanted(), "cannot tell which column takes the points, found ID, X, Y.*--grade-column"),
        (ENGLISH, Wanted(grade="Marks"), "expected one column 'Marks', found 0 among Identifier"),
    ],
)
def test_files_that_are_no_worksheets_are_told(tmp_path, text, wanted, message):
    with pytest.raises(UsageError, match=message):
        filled(tmp_path, text, wanted)
    assert not (tmp_path / "out.csv").exists()


def names(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_feedback_files_stand_in_folders_that_moodle_takes_apart(tmp_path):
    people = making.people(tmp_path / "reports", {**making.ANNA, "name": "Anna_Lena Mu\u0308ller"}, making.JOSE)
    moodle.feedback_files(people, tmp_path / "out.zip")
    found = names(tmp_path / "out.zip")
    assert found == [
        "Anna Lena Müller_12345_assignsubmission_file_/report.html",
        "José Łukasz_12346_assignsubmission_file_/report.html",
    ]
    for name in found:
        parts = name.split("/")[0].split("_")
        assert (parts[1].isdecimal(), parts[2:4]) == (True, ["assignsubmission", "file"])


def test_feedback_files_by_a_worksheet(tmp_path):
    (tmp_path / "in.csv").write_text(ANONYMOUS, "utf-8")
    people = making.people(tmp_path / "reports", *making.TRIO)
    export = moodle.feedback_files(people, tmp_path / "out.zip", tmp_path / "in.csv")
    assert names(tmp_path / "out.zip") == [
        "Participant_12345_assignsubmission_file_/report.html",
        "Participant_12346_assignsubmission_file_/report.html",
    ]
    assert [entry.student for entry in export.left_out] == ["wei"]


def test_feedback_files_need_numbers_of_moodle(tmp_path):
    people = making.people(tmp_path / "reports", {**making.ANNA, "system": "canvas"})
    with pytest.raises(UsageError, match=r"expected participants' numbers of Moodle.*--worksheet"):
        moodle.feedback_files(people, tmp_path / "out.zip")
    people = making.people(tmp_path / "reports", making.ANNA, {**making.JOSE, "source_key": "12345"}, {"id": "wei"})
    assert [entry.student for entry in moodle.feedback_files(people, tmp_path / "out.zip").left_out] == [
        "anna",
        "josé",
        "wei",
    ]
    assert not (tmp_path / "out.zip").exists()
