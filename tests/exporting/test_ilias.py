"""The multi-feedback structure of ILIAS."""

import zipfile

import pytest

from grader.errors import UsageError
from grader.exporting import ilias
from tests.exporting import making

TOP = "multi_feedback_DL_Exam_88"
FOLDERS = ["Mueller_Anna-Lena_amuell_301", "Lukasz_Jose_j_lukas_302", "Else_Nobody_nelse_303"]


def structure(path, folders=FOLDERS, top=TOP):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{top}/", "")
        for folder in folders:
            archive.writestr(f"{top}/{folder}/", "")
    return path


def filled(tmp_path, *rows, **made):
    people = making.people(tmp_path / "reports", *rows)
    return ilias.multi_feedback(people, structure(tmp_path / "in.zip", **made), tmp_path / "out.zip")


def test_reports_go_into_the_folders_of_the_structure(tmp_path):
    export = filled(tmp_path, {**making.ANNA, "login": ""}, {**making.JOSE, "login": "j_lukas"}, making.WEI)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            f"{TOP}/",
            *(f"{TOP}/{folder}/" for folder in FOLDERS),
            f"{TOP}/{FOLDERS[0]}/report.html",
            f"{TOP}/{FOLDERS[1]}/report.html",
        ]
        assert archive.read(f"{TOP}/{FOLDERS[0]}/report.html") == (tmp_path / "reports/anna/report.html").read_bytes()
    assert [entry.student for entry in export.left_out] == ["wei"]
    assert export.notes == ["1 of 3 folders stay empty"]


def test_people_are_known_by_the_number_that_ilias_gave_them(tmp_path):
    export = filled(tmp_path, {"id": "a", "name": "Nobody Else", "source_key": "303", "system": "ilias"})
    assert export.exported == ["a"]


def test_namesakes_in_the_structure_are_left_out_without_a_login(tmp_path):
    folders = ["Mueller_Anna_amuell_301", "Mueller_Anna_amuell2_302"]
    export = filled(tmp_path, {"id": "a", "name": "Anna Müller"}, folders=folders)
    assert "several people there fit" in export.left_out[0].why
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize("made", [{"top": "feedback_88"}, {"folders": ["x"]}, {"folders": []}])
def test_other_archives_are_refused(tmp_path, made):
    with pytest.raises(UsageError, match="expected one folder multi_feedback_… with a folder a person"):
        filled(tmp_path, making.ANNA, **made)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "in.zip").write_text("no")
    with pytest.raises(UsageError, match="found none that can be read"):
        ilias.multi_feedback((), tmp_path / "in.zip", tmp_path / "out.zip")
