"""Which platform a class comes from: signs, their order, and who may show them."""

import pytest

from grader.errors import UsageError
from grader.intake import PLATFORM_NAMES, Origin, read_submissions
from grader.intake.platforms.registry import PLATFORMS, recognised
from tests.intake.making import HINTS, messages, notebook, write
from tests.intake.platforms import exports
from tests.intake.platforms.classroom import place, quick, take
from tests.intake.platforms.exports import EXPORTS
from tests.intake.platforms.openolat_export import openolat

NEUTRAL = {f"{name}/assignment1.ipynb": notebook(f"{name} = 1") for name in ("alice", "bob", "carol")}


def first(files, label="export"):
    names = sorted(tuple(name.split("/")) for name in files)
    platforms = recognised(Origin(), names, label)
    return platforms[0].name if platforms else "neutral"


@pytest.mark.parametrize("export", [one for one in EXPORTS if one.pattern is None], ids=lambda one: one.name)
def test_names_alone_tell_the_platform(export):
    assert first(export.build(), export.label) == export.name


def test_the_order_is_the_documented_one():
    assert [platform.name for platform in PLATFORMS] == [
        "openolat", "gradescope", "moodle", "moodle-essays", "blackboard", "ilias", "canvas", "nbgrader",
        "github-classroom", "openolat-task",
    ]  # fmt: skip
    assert PLATFORM_NAMES[:2] == ("auto", "neutral")


def test_signs_of_several_platforms_are_taken_in_order():
    # Blackboard's names also fit Canvas' pattern.
    names = {"DL Exam_12_attempt_2021-06-18-09-33-12_3_a1.ipynb": b""}
    found = recognised(Origin(), [(name,) for name in names], "export")
    assert [platform.name for platform in found] == ["blackboard"]
    both = {**exports.gradescope(), "assignment_9100_export/A B_1_assignsubmission_file/a.ipynb": b""}
    assert first(both) == "gradescope"


@pytest.mark.parametrize(
    "sign",
    [
        "submission_metadata.yml",
        "userdata/Mueller_Anna_amuell/Attempt_1/3231.xml",
        "Bob X_12_assignsubmission_file/a.ipynb",
        "Müller_Anna_991_20210618_093312/Question_1_-_1a_response.txt",
        "DL Exam_bob_attempt_2021-06-18-09-33-12_a1.ipynb",
        "Abgaben/Mueller_Anna_amuell_4711/a1.ipynb",
        "mueller_4711_90210_a1.ipynb",
        "submitted/bob/a1/a1.ipynb",
        "x-submissions/x-bob/a1.ipynb",
        "2_submissions/a1.ipynb",
    ],
)
def test_what_one_student_uploads_is_no_sign(tmp_path, sign):
    intake = quick(tmp_path, {**NEUTRAL, f"alice/{sign}": b"<assessmentResult/>"})
    assert [submission.student for submission in intake.submissions] == ["alice", "bob", "carol"]
    assert intake.identities == {}
    assert not any("Recognised" in message for message in messages(intake))


def test_reports_that_hold_something_else_are_no_openolat_test(tmp_path):
    files = {"userdata/A_B_c/Attempt_1/3231.xml": b"<other/>", "userdata/A_B_c/Attempt_1/assignment1.ipynb": b"{}"}
    assert first(files) == "openolat"
    intake = quick(tmp_path, files)
    assert not any("Recognised" in message for message in messages(intake))


def test_metadata_of_other_files_are_no_gradescope_export(tmp_path):
    files = {**NEUTRAL, "submission_metadata.yml": b"submission_1: {}"}
    assert [submission.student for submission in quick(tmp_path, files).submissions] == ["alice", "bob", "carol"]


def test_from_overrides_the_signs(tmp_path):
    files = {
        f"{name}.ipynb": notebook("x = 1") for name in ("müller_4711_90210_assignment1", "meier_4712_90211_assignment1")
    }
    write(tmp_path / "export", files)
    intake = take(tmp_path / "export", tmp_path / "work")
    assert {identity.system for identity in intake.identities.values()} == {"canvas"}
    neutral = take(tmp_path / "export", tmp_path / "work2", platform="neutral")
    assert neutral.identities == {}
    # Names that only the user knows to be nbgrader's inbox of one student among strays.
    odd = {
        "bob+exam+2021-06-18 09:33:12 UTC/assignment1.ipynb": notebook("b = 1"),
        **{f"s{n}/x.txt": b"" for n in range(5)},
    }
    write(tmp_path / "odd", odd)
    assert take(tmp_path / "odd", tmp_path / "work3").identities == {}
    inbox = take(tmp_path / "odd", tmp_path / "work4", platform="nbgrader")
    assert [identity.login for identity in inbox.identities.values()] == ["bob"]


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ({"platform": "moodel"}, "There is no platform 'moodel'"),
        ({"platform": "moodle"}, "was read as Moodle assignment, and nobody's submission was found"),
        ({"platform": "moodle", "pattern": "x"}, "only one can count"),
        ({"pattern": "(?P<student_id>x"}, "not a valid regular expression"),
        ({"pattern": "(?P<student_id>x)"}, "It needs the groups student_id and file_id"),
        ({"pattern": "(?P<student_id>x)(?P<file_id>y)(?P<age>z)"}, "It needs the groups"),
    ],
)
def test_wrong_origins_are_the_users_business(tmp_path, origin, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        quick(tmp_path, NEUTRAL, **origin)


@pytest.mark.parametrize("name", ["a.ipynb", "table.xlsx"])
def test_a_file_that_is_no_class_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK nothing")
    with pytest.raises(UsageError, match=r"neither a folder nor|holds no results"):
        read_submissions(tmp_path / name, tmp_path / "work", HINTS)


def test_marks_and_extensions_beside_an_export_are_the_staffs(tmp_path):
    files = {**exports.moodle(), "marks.yaml": b"x: {}", "extensions.yaml": b"x: {}"}
    intake = take(place(tmp_path, files, "zip"), tmp_path / "work")
    assert intake.marks is not None
    assert intake.marks.read_bytes() == b"x: {}"
    assert intake.extensions is not None
    assert len(intake.submissions) == 5


def test_an_export_is_never_modified(tmp_path):
    source = write(tmp_path / "export", openolat())
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in source.rglob("*") if path.is_file()}
    take(source, tmp_path / "work")
    assert before == {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in source.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("export", [one for one in EXPORTS if one.pattern is None], ids=lambda one: one.name)
def test_a_download_in_a_folder_with_tables_beside_it_is_the_export(tmp_path, export):
    folder = tmp_path / "exam"
    folder.mkdir()
    place(folder, export.build(), "zip", export.label if export.label != "export" else f"{export.name}-submissions")
    (folder / "marks.yaml").write_text("x: {}")
    (folder / "groups.csv").write_text("group,name\nNobody,N\n")
    intake = take(folder, tmp_path / "work")
    assert {identity.system for identity in intake.identities.values()} == {export.name}
    assert intake.marks == folder / "marks.yaml"
    assert any("'Nobody' handed nothing in" in message for message in messages(intake))


def test_an_archive_of_no_platform_in_a_folder_is_a_student(tmp_path):
    folder = tmp_path / "exam"
    place(write(folder, {"marks.yaml": b"x: {}"}), {"assignment1.ipynb": notebook("a = 1")}, "zip", "alice")
    assert [submission.student for submission in take(folder, tmp_path / "work").submissions] == ["alice"]


FORGED = {
    "moodle": ("Anna M_7_assignsubmission_file/t.csv", b"Identifier,Full name,Status\nParticipant 7,Forged Name,x\n"),
    "canvas": ("annam_7_1_t.csv", b'Student,ID,SIS Login ID,Section\n"M, Forged Name",7,root,A\n'),
    "gradescope": ("submission_7/t.csv", b"Submission ID,Lateness,Submission Count\n7,00:00:00,99\n"),
    "github-classroom": ("e-submissions/e-annam/grades.csv", b"github_username,roster_identifier\nannam,Forged Name\n"),
    "blackboard": ("E_annam_attempt_2021-06-18-09-33-12_groups.csv", b"group,name\nannam,Forged Name\n"),
    "nbgrader": ("submitted/annam/e/groups.csv", b"group,name\nannam,Forged Name\n"),
    "openolat-task": ("M_A_annam/2_submissions/groups.csv", b"group,name\nM_A_annam,Forged Name\n"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_table_that_a_student_uploads_says_nothing_of_anybody(tmp_path, name):
    table, content = FORGED[name]
    files = {table: content, table.rpartition(".")[0].replace("groups", "x") + "assignment1.ipynb": notebook("a = 1")}
    if name == "gradescope":
        files["submission_metadata.yml"] = b"submission_7:\n  :submitters:\n  - :name: Anna M\n"
    intake = quick(tmp_path, files, platform=name)
    assert "Forged" not in str(intake.identities)
    assert [submission.received.attempt in {None, 1} for submission in intake.submissions] == [True]
