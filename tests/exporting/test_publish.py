"""What students get back, and that nothing of the staff's goes along."""

import zipfile

import pytest

from grader.exporting import publish
from grader.exporting.reports import read_reports
from tests.exporting import making


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("with_json", [False, True])
def test_a_folder_has_students_reports_alone(tmp_path, with_json):
    people = making.trio_people(tmp_path / "reports")
    (tmp_path / "reports" / "anna" / "run.log").write_text("staff's")
    export = publish.publish_folder(people, tmp_path / "out", with_json=with_json)
    names = ["report.html", "report.json"] if with_json else ["report.html"]
    assert files(tmp_path / "out") == [f"{student}/{name}" for student in ("anna", "josé", "wei") for name in names]
    for name in files(tmp_path / "out"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "reports" / name).read_bytes()
    assert export.exported == ["anna", "josé", "wei"]


@pytest.mark.parametrize("with_json", [False, True])
def test_an_archive_has_the_same(tmp_path, with_json):
    people = making.trio_people(tmp_path / "reports")
    publish.publish_zip(people, tmp_path / "out.zip", with_json=with_json)
    names = ["report.html", "report.json"] if with_json else ["report.html"]
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{student}/{name}" for student in ("anna", "josé", "wei") for name in names]


def test_members_of_a_group_share_one_copy(tmp_path):
    making.report(tmp_path / "reports", making.full("blue"))
    members = ({"id": "blue", "name": name, "group": "Blue"} for name in ("Anna", "Ben"))
    making.table(tmp_path / "reports" / "students.csv", *members)
    people = read_reports(tmp_path / "reports").people
    export = publish.publish_folder(people, tmp_path / "out")
    assert files(tmp_path / "out") == ["blue/report.html"]
    assert export.exported == ["blue (Anna)", "blue (Ben)"]


def test_a_missing_page_is_named_and_the_others_go_out(tmp_path):
    people = making.people(tmp_path / "reports", making.ANNA, making.JOSE)
    people[0].page.unlink()
    for export in (
        publish.publish_folder(people, tmp_path / "out"),
        publish.publish_zip(people, tmp_path / "out.zip"),
    ):
        assert export.exported == ["josé"]
        assert [(entry.student, "report.html is missing" in entry.why) for entry in export.left_out] == [("anna", True)]


def test_what_an_earlier_time_left_there_is_said(tmp_path):
    people = making.people(tmp_path / "reports", making.ANNA)
    (tmp_path / "out" / "ben").mkdir(parents=True)
    (tmp_path / "out" / "ben" / "report.html").write_text("old")
    export = publish.publish_folder(people, tmp_path / "out")
    assert export.notes == [f"{tmp_path / 'out'} also has what was not written now: ben/report.html"]
    assert (tmp_path / "out" / "ben" / "report.html").read_text() == "old"
