"""From a platform's export through the import to what the same platform takes back."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from grader.exporting import blackboard, canvas, ilias, moodle, olat
from grader.exporting.moodle import Wanted
from grader.exporting.reports import read_reports
from grader.intake import write_students
from tests.exporting import making
from tests.intake.platforms import exports
from tests.intake.platforms.classroom import CLASS, quick
from tests.intake.platforms.openolat_export import normalise, openolat

LOGINS = {student.login for student in CLASS}


def graded(tmp_path: Path, files: dict[str, bytes]):
    """The people of a class that was imported and graded, a report each; the table is the import's own."""
    intake = quick(tmp_path, files)
    assert len(intake.submissions) == len(CLASS)
    reports = tmp_path / "reports"
    for submission in intake.submissions:
        making.report(reports, making.known(submission.student))
    rows = {
        submission.student: (intake.identities[submission.student], submission.received)
        for submission in intake.submissions
    }
    write_students(reports / "students.csv", rows)
    return read_reports(reports).people


def without(files: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name not in names}


def members(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_moodles_worksheet_comes_back_with_a_grade_for_everybody(tmp_path):
    people = graded(tmp_path, exports.moodle())
    (tmp_path / "worksheet.csv").write_bytes(exports.worksheet())
    export = moodle.fill_worksheet(people, tmp_path / "worksheet.csv", tmp_path / "out.csv", Wanted(comments=False))
    assert export.complete
    before = list(csv.reader(io.StringIO(exports.worksheet().decode())))
    after = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))
    place = before[0].index("Grade")
    assert [row[place] for row in after[1:]] == ["61"] * len(CLASS)
    assert [row[:place] + row[place + 1 :] for row in after] == [row[:place] + row[place + 1 :] for row in before]


def test_moodles_feedback_stands_in_the_folders_of_the_download(tmp_path):
    people = graded(tmp_path, exports.moodle())
    export = moodle.feedback_files(people, tmp_path / "out.zip")
    assert export.complete
    assert sorted(members(tmp_path / "out.zip")) == sorted(
        f"{student.name}_{exports.pid(student)}_assignsubmission_file_/report.html" for student in CLASS
    )


def test_an_anonymous_moodle_gets_its_numbers_back(tmp_path):
    files = {f"Participant_{exports.pid(student)}_assignsubmission_file_/a1.ipynb": b"{}" for student in CLASS}
    people = graded(tmp_path, files)
    moodle.feedback_files(people, tmp_path / "out.zip")
    numbers = {name.split("_")[1] for name in members(tmp_path / "out.zip")}
    assert numbers == {str(exports.pid(student)) for student in CLASS}


@pytest.mark.parametrize("with_gradebook", [True, False])
def test_canvass_gradebook_comes_back_with_points_for_everybody(tmp_path, with_gradebook):
    files = exports.canvas()
    people = graded(tmp_path, files if with_gradebook else without(files, "grades.csv"))
    (tmp_path / "gradebook.csv").write_bytes(exports.canvas_gradebook())
    export = canvas.fill_gradebook(people, tmp_path / "gradebook.csv", "DL Exam (1234)", tmp_path / "out.csv")
    assert export.complete
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))
    assert [(row["ID"], row["DL Exam (1234)"]) for row in rows] == [
        ("", "96"),
        *((str(student.uid), "61") for student in CLASS),
    ]


def test_ilias_gets_reports_in_its_own_folders(tmp_path):
    people = graded(tmp_path, exports.ilias())
    folders = [
        f"{normalise(student.last)}_{normalise(student.first)}_{student.login}_{student.uid}" for student in CLASS
    ]
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for folder in folders:
            archive.writestr(f"multi_feedback_DL_Exam_88/{folder}/", "")
    export = ilias.multi_feedback(people, tmp_path / "in.zip", tmp_path / "out.zip")
    found = [name for name in members(tmp_path / "out.zip") if name.endswith("report.html")]
    assert sorted(found) == sorted(f"multi_feedback_DL_Exam_88/{folder}/report.html" for folder in folders)
    assert export.complete


def test_blackboard_gets_points_by_user_name(tmp_path):
    people = graded(tmp_path, exports.blackboard())
    title = "DL Exam [Total Pts: 96 Score] |123456"
    rows = [("Last Name", "First Name", "Username", "Student ID", title)]
    rows += [(student.last, student.first, student.login, student.number, "") for student in CLASS]
    (tmp_path / "in.xls").write_bytes(exports.table(rows, "\t").decode().encode("utf-16"))
    export = blackboard.fill_grade_file(people, tmp_path / "in.xls", "DL Exam", tmp_path / "out.xls")
    assert export.complete
    after = csv.DictReader(io.StringIO((tmp_path / "out.xls").read_bytes().decode("utf-16")), delimiter="\t")
    assert [(row["Username"], row[title]) for row in after] == [(student.login, "61") for student in CLASS]


def test_openolat_gets_points_and_files_by_login(tmp_path):
    people = graded(tmp_path, openolat())
    assert olat.bulk_assessment(people, tmp_path / "bulk.txt", pass_points=48).complete
    lines = [line.split("\t") for line in (tmp_path / "bulk.txt").read_text("utf-8").splitlines()]
    assert {line[0] for line in lines} == LOGINS
    assert {tuple(line[1:3]) for line in lines} == {("61", "y")}
    olat.return_files(people, tmp_path / "return.zip")
    assert set(members(tmp_path / "return.zip")) == {f"{login}/report.html" for login in LOGINS}
    olat.correction_sheet(people, tmp_path / "sheet.csv")
    rows = csv.DictReader(io.StringIO((tmp_path / "sheet.csv").read_text("utf-8-sig"), newline=""))
    numbers = {row["registration number"] for row in rows}
    assert numbers == {student.number for student in CLASS}


@pytest.mark.parametrize("build", [exports.nbgrader, exports.openolat_task, exports.github_classroom])
def test_logins_survive_other_platforms(tmp_path, build):
    people = graded(tmp_path, build())
    assert olat.bulk_assessment(people, tmp_path / "bulk.txt").complete
    assert {line.split("\t")[0] for line in (tmp_path / "bulk.txt").read_text("utf-8").splitlines()} == LOGINS
