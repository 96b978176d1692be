"""Folders of students: names, junk, links, strays, marks."""

from __future__ import annotations

import os
import unicodedata

import pytest

from grader.errors import UserError
from grader.intake import AssignmentHint, read_submissions, safe_name, working_files
from tests.intake.making import HINTS, SMALL, contents, messages, notebook, read, read_student, sources, write, zipped

NOTEBOOK = notebook("x = 1")
NFC, NFD = (unicodedata.normalize(form, "Müller") for form in ("NFC", "NFD"))


def test_clean_folder_is_used_as_it_is(tmp_path):
    files = {"assignment1.ipynb": NOTEBOOK, "data/picture.png": b"png", "helper.py": b"x"}
    submission = read_student(tmp_path, files)
    assert submission.folder == tmp_path / "class" / "alice"
    assert working_files(submission, "1").keys() == files.keys()


def test_missing_source(tmp_path):
    with pytest.raises(UserError) as caught:
        read_submissions(tmp_path / "nothing", tmp_path / "work", HINTS)
    message = f"There is no folder or archive {tmp_path / 'nothing'}. Give the folder or ZIP with the submissions."
    assert str(caught.value) == message


def test_workspace_in_use(tmp_path):
    work = write(tmp_path / "work", {"file": b""})
    with pytest.raises(UserError) as caught:
        read_submissions(write(tmp_path / "class", {}), work, HINTS)
    assert str(caught.value) == f"The workspace {work} is not empty. Give an empty folder."


def test_empty_class(tmp_path):
    intake = read(tmp_path, {".DS_Store": b""})
    assert (intake.submissions, intake.marks) == ((), None)
    assert messages(intake) == ["class: There is no student's folder. Put a folder a student there."]


@pytest.mark.parametrize("files", [{"": b""}, {".DS_Store": b"", "__MACOSX/._x.ipynb": b"", ".git/HEAD": b""}])
def test_empty_folder(tmp_path, files):
    (tmp_path / "class" / "alice").mkdir(parents=True)
    submission = read_student(tmp_path, {name: content for name, content in files.items() if name})
    assert dict(submission.notebooks) == {}
    assert messages(submission) == ["alice: The folder is empty: nothing was uploaded."]


def test_folder_without_notebook(tmp_path):
    submission = read_student(tmp_path, {"picture.png": b"png"})
    assert messages(submission) == ["alice: No notebook uploaded."]


def test_junk_is_skipped(tmp_path):
    junk = [
        "._assignment1.ipynb", "__MACOSX/assignment1.ipynb", ".ipynb_checkpoints/assignment1-checkpoint.ipynb",
        "~$assignment1.ipynb", "Thumbs.db", "desktop.ini", ".DS_Store", ".git/assignment1.ipynb",
    ]  # fmt: skip
    submission = read_student(tmp_path, {"assignment1.ipynb": NOTEBOOK, **dict.fromkeys(junk, b"junk")})
    assert sources(submission) == {"1": ["x = 1"]}
    assert messages(submission) == []
    assert working_files(submission, "1").keys() == {"assignment1.ipynb"}


def test_junk_beside_students_is_no_student(tmp_path):
    intake = read(
        tmp_path, {"alice/assignment1.ipynb": NOTEBOOK, "__MACOSX/x.ipynb": b"", ".git/HEAD": b"", ".DS_Store": b""}
    )
    assert [submission.student for submission in intake.submissions] == ["alice"]
    assert messages(intake) == []


def test_marks_of_a_student_count_for_nothing(tmp_path):
    submission = read_student(tmp_path, {"assignment1.ipynb": NOTEBOOK, "marks.yaml": b"alice: {1a: {points: 2}}"})
    assert messages(submission) == [
        "marks.yaml: A marks.yaml among a student's files counts for nothing. "
        "Marks of the staff stand beside the students' folders."
    ]


def test_extensions_of_a_student_count_for_nothing(tmp_path):
    submission = read_student(tmp_path, {"assignment1.ipynb": NOTEBOOK, "extensions.yaml": b"alice: {minutes: 9000}"})
    assert messages(submission) == [
        "extensions.yaml: An extensions.yaml among a student's files counts for nothing. "
        "Extensions of the staff stand beside the students' folders."
    ]


def test_extensions_beside_the_students(tmp_path):
    files = {"alice/assignment1.ipynb": NOTEBOOK, "bob/": b"", "extensions.yaml": b""}
    intake = read(tmp_path, files)
    assert intake.extensions == tmp_path / "class" / "extensions.yaml"
    assert (messages(intake), intake.marks) == ([], None)


def test_marks_beside_the_students(tmp_path):
    intake = read(tmp_path, {"alice/assignment1.ipynb": NOTEBOOK, "bob/": b"", "marks.yaml": b""})
    assert intake.marks == tmp_path / "class" / "marks.yaml"


def test_stray_files_are_reported(tmp_path):
    files = {"alice/assignment1.ipynb": NOTEBOOK, "assignment1.ipynb": NOTEBOOK, "grades.xlsx": b"", "README.md": b""}
    intake = read(tmp_path, files)
    assert [submission.student for submission in intake.submissions] == ["alice"]
    assert messages(intake) == [
        "class: 'assignment1.ipynb', 'grades.xlsx' not graded: beside the students' folders, so nobody's. "
        "Put each file into the folder of its student."
    ]


@pytest.mark.parametrize("more", [{}, {"data/picture.png": b""}, {"marks.yaml": b""}])
def test_folder_that_is_one_student(tmp_path, more):
    intake = read(tmp_path, {"assignment1.ipynb": NOTEBOOK, **more})
    (submission,) = intake.submissions
    assert (submission.student, sources(submission), intake.marks) == ("class", {"1": ["x = 1"]}, None)
    assert messages(intake) == ["class: The source itself holds notebooks and was taken as one student, 'class'."]


def test_archive_that_is_one_student(tmp_path):
    source = tmp_path / "alice.zip"
    source.write_bytes(zipped({"assignment1.ipynb": NOTEBOOK}))
    (submission,) = read_submissions(source, tmp_path / "work", HINTS).submissions
    assert (submission.student, sources(submission)) == ("alice", {"1": ["x = 1"]})


@pytest.mark.parametrize(
    "files",
    [
        {"alice/work/assignment1.ipynb": NOTEBOOK},
        {"alice/assignment1/x.ipynb": NOTEBOOK, "alice/assignment2/x.ipynb": NOTEBOOK},
        {"alice/one/x.ipynb": NOTEBOOK, "alice/two/x.ipynb": NOTEBOOK, "alice/picture.png": b""},
    ],
)
def test_only_student_is_no_wrapper(tmp_path, files):
    intake = read(tmp_path, files)
    assert [submission.student for submission in intake.submissions] == ["alice"]
    assert messages(intake) == []


def test_folder_descends_into_the_only_folder(tmp_path):
    submission = read_student(tmp_path, {"Exam/work/assignment1.ipynb": NOTEBOOK, "Exam/work/image.jpg": b""})
    assert submission.folder == tmp_path / "class" / "alice" / "Exam" / "work"


def test_files_beside_the_notebook_come_first(tmp_path):
    files = {"one/A1.ipynb": NOTEBOOK, "one/image.jpg": b"one", "two/A2.ipynb": NOTEBOOK, "image.jpg": b"top"}
    submission = read_student(tmp_path, files)
    assert working_files(submission, "1")["image.jpg"].read_bytes() == b"one"
    assert working_files(submission, "2")["image.jpg"].read_bytes() == b"top"
    assert working_files(submission, "3")["two/A2.ipynb"].read_bytes() == NOTEBOOK


def test_links_in_a_folder_are_never_followed(tmp_path):
    secret = write(tmp_path / "secret", {"key.ipynb": notebook("secret")})
    alice = write(tmp_path / "class" / "alice", {"assignment1.ipynb": NOTEBOOK})
    (alice / "assignment2.ipynb").symlink_to(secret / "key.ipynb")
    (alice / "data").symlink_to(secret)
    (alice / "loop").symlink_to(alice)
    submission = read_student(tmp_path, {})
    assert sources(submission) == {"1": ["x = 1"]}
    assert submission.notebooks["2"].error == "was left out: it is a link"
    assert contents(submission.folder) == {"assignment1.ipynb"}
    assert submission.folder != alice
    message = "alice: 'assignment2.ipynb', 'data', 'loop' left out: it is a link."
    assert messages(submission) == [message]


def test_student_that_is_a_link(tmp_path):
    secret = write(tmp_path / "secret", {"assignment1.ipynb": notebook("secret")})
    root = write(tmp_path / "class", {})
    (root / "alice").symlink_to(secret)
    submission = read_student(tmp_path, {})
    assert sources(submission) == {}
    assert messages(submission)[0] == "alice: It is a link and was not followed. Put the folder itself there."


def test_pipe_in_a_folder(tmp_path):
    alice = write(tmp_path / "class" / "alice", {"assignment1.ipynb": NOTEBOOK})
    os.mkfifo(alice / "assignment2.ipynb")
    submission = read_student(tmp_path, {})
    assert messages(submission) == ["alice: 'assignment2.ipynb' left out: it is a device, pipe or socket."]


def test_too_many_files(tmp_path):
    submission = read_student(tmp_path, {f"{n:02}.txt": b"" for n in range(60)}, limits=SMALL)
    assert messages(submission)[0] == "alice: There are more than 50 files: the rest was not looked at."


def test_too_large_folder(tmp_path):
    submission = read_student(tmp_path, {"assignment1.ipynb": NOTEBOOK, "data.bin": bytes(300_000)}, limits=SMALL)
    assert sources(submission) == {"1": ["x = 1"]}
    assert contents(submission.folder) == {"assignment1.ipynb"}
    message = "alice: 'data.bin' left out: the files of a student may take 195 KiB together."
    assert messages(submission) == [message]


def test_too_deep_folder(tmp_path):
    submission = read_student(tmp_path, {"a/b/c/d/e/f.txt": b"", "assignment1.ipynb": NOTEBOOK}, limits=SMALL)
    assert messages(submission) == ["alice: 'a/b/c/d/e' left out: it lies more than 4 folders deep."]


def test_umlauts_in_both_normal_forms(tmp_path):
    intake = read(tmp_path, {f"{NFD}/A1.ipynb": notebook("decomposed"), f"{NFC}/A1.ipynb": notebook("composed")})
    composed, decomposed = intake.submissions
    assert (composed.student, sources(composed)) == (NFC, {"1": ["composed"]})
    assert (decomposed.student, sources(decomposed)) == (f"{NFC} (2)", {"1": ["decomposed"]})
    message = "Müller: There are several students 'Müller': this one is called 'Müller (2)'."
    assert messages(intake) == [message]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_umlauts_in_both_normal_forms_in_a_zip(tmp_path):
    source = tmp_path / "class.zip"
    source.write_bytes(zipped({f"{NFC}/A1.ipynb": notebook("composed"), f"{NFD}/A1.ipynb": notebook("decomposed")}))
    intake = read_submissions(source, tmp_path / "work", HINTS)
    assert {s.student: sources(s) for s in intake.submissions} == {
        "Müller": {"1": ["composed"]},
        "Müller (2)": {"1": ["decomposed"]},
    }


def test_decomposed_umlaut_alone_is_composed(tmp_path):
    (submission,) = read(tmp_path, {f"{NFD}/A1.ipynb": NOTEBOOK}).submissions
    assert submission.student == NFC


def test_folder_and_archive_of_the_same_name(tmp_path):
    intake = read(tmp_path, {"alice.zip": zipped({"A1.ipynb": notebook("zip")}), "alice/A1.ipynb": notebook("folder")})
    assert {s.student: sources(s) for s in intake.submissions} == {
        "alice": {"1": ["folder"]},
        "alice (2)": {"1": ["zip"]},
    }
    message = "alice.zip: There are several students 'alice': this one is called 'alice (2)'."
    assert messages(intake) == [message]


def test_students_who_differ_in_case_only(tmp_path):
    intake = read(tmp_path, {"Alice/A1.ipynb": notebook("A"), "alice/A1.ipynb": notebook("a")})
    assert [submission.student for submission in intake.submissions] == ["Alice", "alice"]
    assert messages(intake) == [
        "class: The students 'Alice', 'alice' differ in case only. Check that they are different people."
    ]


STRANGE_NAMES = [
    "<script>alert(1)</script>".replace("/", "\u2215"),
    "=cmd|'calc'!A1",
    "a\nb",
    "..\\..\\etc",
    "-rf",
    "con",
    "…",
    "x" * 250,
    "李小龍",
    "O'Neill, Anna-Maria",
    "alice@example.org",
]


def test_strange_names_of_students(tmp_path):
    intake = read(tmp_path, {f"{name}/A1.ipynb": NOTEBOOK for name in STRANGE_NAMES})
    assert {submission.student for submission in intake.submissions} == set(STRANGE_NAMES)
    assert all(sources(submission) == {"1": ["x = 1"]} for submission in intake.submissions)


@pytest.mark.parametrize(
    ("student", "folder"),
    [
        ("alice", "alice"),
        ("Müller, Anna-Maria (12)", "Müller, Anna-Maria (12)"),
        ("李小龍", "李小龍"),
        ("alice@example.org", "alice@example.org"),
        ("../../etc", None),
        ("<b>x</b>", None),
        ("a\nb", None),
        ("=1+1", None),
        ("-rf", None),
        ("..", None),
        ("", None),
        ("NUL.txt", None),
        ("x" * 500, None),
        ("\ud800", None),
        (NFD, None),
        ("alice-0123456789", None),
    ],
)
def test_safe_name(student, folder):
    name = safe_name(student)
    assert name == folder if folder else name != student
    assert name == safe_name(student)
    assert name not in {"", ".", ".."}
    assert not set(name) & set('/\\<>:"|?*\n\x00=')
    assert len(name.encode()) <= 140
    assert not name.startswith(("-", ".", "=", "+", "@"))


def test_safe_names_differ():
    names = [*STRANGE_NAMES, "a_b", "a b", "a/b", "a\\b", "a:b", NFC, NFD, "Alice", "alice"]
    names += [safe_name(name) for name in names if safe_name(name) != name]
    assert len({safe_name(name) for name in names}) == len(names)


def test_name_that_is_not_utf8(tmp_path):
    root = os.fsencode(write(tmp_path / "class", {}))
    os.mkdir(root + b"/M\xfcller")
    (submission,) = read(tmp_path, {}).submissions
    assert submission.student == "Müller"


def test_assignment_without_patterns_gets_no_notebook(tmp_path):
    root = write(tmp_path / "class", {"alice/x.ipynb": b"{"})
    (submission,) = read_submissions(root, tmp_path / "work", [AssignmentHint("4")]).submissions
    assert dict(submission.notebooks) == {}
