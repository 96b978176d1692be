"""Archives of a whole class, and sources that cannot be read at all."""

from __future__ import annotations

import pytest

from grader.errors import UserError
from grader.intake import Intake, read_submissions
from tests.intake.making import HINTS, SMALL, contents, messages, notebook, sources, tarred, write, zipped

NOTEBOOK = notebook("alice = 1")
DAMAGED = "cannot be unpacked: it is damaged or not an archive (File is not a zip file)."


def by_student(intake: Intake) -> dict[str, dict[str, list[str]]]:
    return {submission.student: sources(submission) for submission in intake.submissions}


CLASS = {
    "alice/assignment1.ipynb": NOTEBOOK,
    "alice/picture.png": b"png",
    "bob/assignment1.ipynb": notebook("bob = 1"),
    "marks.yaml": b"alice: {}\n",
}


@pytest.mark.parametrize("prefix", ["", "submissions/"])
@pytest.mark.parametrize("kind", ["zip", "tar.gz", "folder"])
def test_whole_class_with_or_without_a_wrapping_folder(tmp_path, prefix, kind):
    files = {prefix + name: content for name, content in CLASS.items()}
    source = tmp_path / f"class.{kind}"
    if kind == "folder":
        write(source, files)
    else:
        source.write_bytes(zipped(files) if kind == "zip" else tarred(files.items()))
    intake = read_submissions(source, tmp_path / "work", HINTS)
    assert {s.student: sources(s) for s in intake.submissions} == {
        "alice": {"1": ["alice = 1"]},
        "bob": {"1": ["bob = 1"]},
    }
    assert intake.marks is not None
    assert intake.marks.read_bytes() == b"alice: {}\n"
    wrapped = f"class.{kind}: The folder 'submissions' was taken as a wrapper around 2 students."
    assert messages(intake) == ([wrapped] if prefix else [])


def test_class_archive_of_archives(tmp_path):
    source = tmp_path / "class.zip"
    source.write_bytes(
        zipped(
            {
                "alice.zip": zipped({"assignment1.ipynb": NOTEBOOK}),
                "bob/work.zip": zipped({"assignment1.ipynb": NOTEBOOK}),
            }
        )
    )
    intake = read_submissions(source, tmp_path / "work", HINTS)
    assert by_student(intake) == {"alice": {"1": ["alice = 1"]}, "bob": {"1": ["alice = 1"]}}


@pytest.mark.parametrize("prefix", ["", "submissions/"])
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"../evil": b"x"}, None),
        ({"a.bin": bytes(150_000), "b.bin": bytes(100_000)}, "it looks like an archive bomb"),
        (
            {f"{n}.txt": b"" for n in range(60)},
            "it holds more than the 50 files and folders allowed.",
        ),
    ],
)
def test_hostile_part_of_a_class_archive_affects_its_student_only(tmp_path, prefix, files, message):
    entries = {f"{prefix}alice/{name}": content for name, content in files.items()}
    source = tmp_path / "class.zip"
    source.write_bytes(zipped({**entries, f"{prefix}bob/assignment1.ipynb": notebook("bob = 1")}))
    intake = read_submissions(source, tmp_path / "work", HINTS, limits=SMALL)
    bob = intake.submissions[-1]
    assert (bob.student, sources(bob), bob.problems) == ("bob", {"1": ["bob = 1"]}, ())
    if message is not None:
        alice = intake.submissions[0]
        assert (alice.student, dict(alice.notebooks), contents(alice.folder)) == ("alice", {}, set())
        assert messages(alice)[0].startswith(f"class.zip: The upload was refused: {message}")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "class.zip",
            b"PK\x03\x04 truncated",
            DAMAGED,
        ),
        ("class.zip", b"", "cannot be unpacked: it is empty (0 bytes)."),
        ("class.pdf", b"%PDF", "is neither a folder nor a ZIP or tar archive."),
    ],
)
def test_unreadable_source_is_the_users_business(tmp_path, name, content, message):
    source = tmp_path / name
    source.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_submissions(source, tmp_path / "work", HINTS)
    assert caught.value.args[0] == f"{source} {message}"
