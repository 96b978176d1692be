"""Builds the exports of all other platforms, as formats.md describes them, from the one class."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import openpyxl

from tests.intake.platforms.classroom import CLASS, MAX, ZOE, Student, typed, uploads
from tests.intake.platforms.openolat_export import normalise, openolat


def table(rows: Sequence[Sequence[object]], delimiter: str = ",") -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode()


def html(text: str) -> bytes:
    return ("<div>" + "".join(f"<p>{escape(line)}</p>" for line in text.split("\n")) + "</div>").encode()


def pid(student: Student) -> int:
    return student.uid * 3


def moodle(prefix: str = "", in_folders: bool = True, trailing: str = "") -> dict[str, bytes]:
    """Team Blue hands in once; the worksheet tells its members."""
    files: dict[str, bytes] = {}
    for student in CLASS:
        name, key = (student.group, 77) if student.group else (student.name, pid(student))
        person = f"{prefix}{name.replace('_', ' ')}_{key}_assignsubmission_"
        for file, content in student.files.items():
            files[f"{person}file{trailing}/{file}" if in_folders else f"{person}file_{file}"] = content
        if typed(student):
            files[f"{person}onlinetext{'/' if in_folders else '_'}onlinetext.html"] = html(typed(student))
    return files | {"Grades-DL-Exam-99.csv": worksheet()}


def worksheet() -> bytes:
    header = (
        "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed",
        "Group", "Last modified (submission)", "Last modified (grade)", "Feedback comments",
    )  # fmt: skip
    rows: list[Sequence[object]] = [header]
    for student in CLASS:
        status = "Submitted for grading" + (" - 1 day late" if student.late else "")
        time = f"{student.time:%A, %d %B %Y, %I:%M %p}"
        rows.append((
            f"Participant {pid(student)}", student.name, student.email, status, "", "96.00", "Yes", student.group, time,
            "-", "",
        ))  # fmt: skip
    return table(rows)


def moodle_essays(by_question: bool = False, flat: bool = True) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for student in CLASS:
        tries = [(student.uid * 2, student.text, student.files, "20210618_093312")]
        if student.earlier:
            tries.append((student.uid * 2 - 1, "an earlier text", student.earlier, "20210617_080000"))
        for ident, text, notebooks, time in tries:
            attempt = f"{student.last}_{student.first}_{ident}_{time}".replace(" ", "_")
            for question, prefix in (
                ("Question_1_-_1a_Image_Preprocessing", "r"),
                ("Question_2_-_1f", "1"),
                ("Question_3_-_2g", "2"),
            ):
                path = f"{question}/{attempt}" if by_question else f"{attempt}/{question}"
                path += "_" if flat else "/"
                files[f"{path}response.txt"] = text.encode() if prefix == "r" else b""
                files[f"{path}questiontext.txt"] = b"1a: what is asked"
                name = f"assignment{prefix}.ipynb"
                if name in notebooks:
                    files[f"{path}attachments/{name}"] = notebooks[name]
    return files


def canvas() -> dict[str, bytes]:
    files: dict[str, bytes] = {"grades.csv": canvas_gradebook()}
    for student in CLASS:
        name = "".join(c for c in f"{student.last}{student.first}".lower() if c.isalnum())
        late = "LATE_" if student.late else ""
        for number, (file, content) in enumerate(student.files.items()):
            files[f"{name}_{late}{student.uid}_{90210 + number}_{file}"] = content
        for number, (file, content) in enumerate(student.earlier.items()):
            files[f"{name}_{late}{student.uid}_{80210 + number}_{file}"] = content
        if typed(student):
            files[f"{name}_{late}{student.uid}_text.html"] = html(typed(student))
    return files


def canvas_gradebook() -> bytes:
    rows: list[Sequence[object]] = [
        ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "DL Exam (1234)"),
        ("    Points Possible", "", "", "", "", 96),
    ]
    rows += [(f"{s.last}, {s.first}", s.uid, s.number, s.login, "Group A", "") for s in CLASS]
    return table(rows)


def gradescope() -> dict[str, bytes]:
    lines, files = [], {}
    for student in CLASS:
        if student is MAX:
            continue
        files |= {f"assignment_9100_export/submission_{student.uid}/{n}": c for n, c in uploads(student).items()}
        members = (ZOE, MAX) if student is ZOE else (student,)
        lines += [f"submission_{student.uid}:", "  :submitters:"]
        for member in members:
            lines += [f"  - :name: {member.name}", f"    :sid: '{member.number}'", f"    :email: {member.email}"]
        lines += [
            f"  :created_at: {student.time:%Y-%m-%d %H:%M:%S}.000000000 Z",
            "  :score: 61.5",
            "  :results: {tests: []}",
        ]
    rows = [("First Name", "Last Name", "SID", "Email", "Submission ID", "Lateness (H:M:S)", "Submission Count")]
    rows += [
        (
            s.first,
            s.last,
            s.number,
            s.email,
            str(s.uid),
            "14:59:01" if s.late else "00:00:00",
            "2" if s.earlier else "1",
        )
        for s in CLASS
        if s is not MAX
    ]
    files["assignment_9100_export/submission_metadata.yml"] = "\n".join(lines).encode()
    files["assignment_9100_export/grades.csv"] = table(rows)
    return files


def ilias(upper: bool = True) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    book = openpyxl.Workbook()
    book.active.append(("Last name", "First name", "Login", "Date", "Text"))
    for student in CLASS:
        team = "Team 12/" if student.group else ""
        base = "DL Exam/Abgaben/" if upper else ""
        folder = f"{base}{team}{normalise(student.last)}_{normalise(student.first)}_{student.login}_{student.uid}/"
        late = "Late submission - " if student.late else ""
        files |= {f"{folder}{late}{name}": content for name, content in student.files.items()}
        if typed(student):
            book.active.append((student.last, student.first, student.login, student.time, typed(student)))
    buffer = io.BytesIO()
    book.save(buffer)
    return files | {("DL Exam/texts.xlsx" if upper else "texts.xlsx"): buffer.getvalue()}


def blackboard() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for student in CLASS:
        tries = [(f"{student.time:%Y-%m-%d-%H-%M-%S}", student.files, typed(student))]
        if student.earlier:
            tries.append(("2021-06-17-08-00-00", student.earlier, "1a: an earlier text"))
        for stamp, notebooks, text in tries:
            base = f"DL Exam_{student.login}_attempt_{stamp}"
            lines = [
                f"Name: {student.name} ({student.login})",
                "Assignment: DL Exam",
                "",
                "Submission Field:",
                text,
                "",
            ]
            lines += ["Comments:", "There are no student comments for this assignment.", "", "Files:"]
            for name, content in notebooks.items():
                files[f"{base}_{name}"] = content
                lines += [f"\tOriginal filename: {name}", f"\tFilename: {base}_{name}"]
            files[f"{base}.txt"] = "\r\n".join(lines).encode()
    return files


def nbgrader() -> dict[str, bytes]:
    files = {"course/source/a1/assignment1.ipynb": b"{}", "course/gradebook.db": b"db"}
    for student in CLASS:
        base = f"course/submitted/{student.login}/"
        files[f"{base}exam/timestamp.txt"] = f"{student.time:%Y-%m-%d %H:%M:%S}.000000 UTC".encode()
        files |= {f"{base}exam/{name}": content for name, content in uploads(student).items()}
    return files


def nbgrader_inbox() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for student in CLASS:
        base = f"{student.login}+exam+{student.time:%Y-%m-%d %H:%M:%S} UTC+x7/"
        files |= {f"{base}{name}": content for name, content in uploads(student).items()}
        old = f"{student.login}+exam+2021-06-17 08:00:00 UTC+x6/"
        files |= {f"{old}{name}": content for name, content in student.earlier.items()}
    return files


def github_classroom() -> dict[str, bytes]:
    header = (
        "assignment_name", "assignment_url", "starter_code_url", "github_username", "roster_identifier",
        "student_repository_name", "student_repository_url", "submission_timestamp", "points_awarded",
        "points_available", "group_name",
    )  # fmt: skip
    rows: list[Sequence[object]] = [header]
    files: dict[str, bytes] = {}
    for student in CLASS:
        repository = "dl-exam-team-blue" if student.group else f"dl-exam-{student.login}"
        base = f"dl-exam-submissions/{repository}/"
        files |= {f"{base}{name}": content for name, content in uploads(student).items()}
        files |= {
            f"{base}.git/HEAD": b"ref",
            f"{base}.github/workflows/a.yml": b"on: push",
            f"{base}README.md": b"read",
        }
        time = f"{student.time:%Y-%m-%d %H:%M:%S} UTC"
        rows.append(("exam", "", "", student.login, student.name, repository, "", time, "", 96, student.group))
    return files | {"dl-exam-submissions/grades.csv": table(rows)}


def openolat_task() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for student in CLASS:
        base = f"Results/{normalise(student.last)}_{normalise(student.first)}_{student.login}/"
        files |= {f"{base}1_task/assignment1.ipynb": b"{}", f"{base}3_corrections/marked.pdf": b"%PDF"}
        own = uploads(student)
        if student.earlier:
            files |= {f"{base}2_submissions/{name}": content for name, content in student.earlier.items()}
            files |= {f"{base}4_revisions_1/{name}": content for name, content in own.items()}
        else:
            files |= {f"{base}2_submissions/{name}": content for name, content in own.items()}
    return files


PATTERN = (
    r"(?P<last_name>[^_/]+)_(?P<first_name>[^_/]+)_(?P<student_id>[a-z]+)_"
    r"(?P<timestamp>\d{8}T\d{6})_(?P<file_id>[^/.]+)"
)


def patterned() -> dict[str, bytes]:
    files: dict[str, bytes] = {"readme.html": b"?"}
    for student in CLASS:
        for name, content in uploads(student).items():
            files[f"{student.last}_{student.first}_{student.login}_{student.time:%Y%m%dT%H%M%S}_{name}"] = content
        for name, content in student.earlier.items():
            files[f"{student.last}_{student.first}_{student.login}_20210617T080000_{name}"] = content
    return files


@dataclass(frozen=True)
class Export:
    """A platform's export, and which of the class's data it can carry.

    Attributes:
        name: Of the platform, as ``--from`` has it.
        build: Makes the files.
        carries: Of ``marks``, ``time``, ``late``, ``attempt``, ``group``, ``name``, ``email``, ``number``.
        label: Name of the source.
        pattern: For ``--pattern``.
    """

    name: str
    build: Callable[[], dict[str, bytes]]
    carries: frozenset[str]
    label: str = "export"
    pattern: str | None = None


def _export(name: str, build: Callable[[], dict[str, bytes]], carries: str, **more: str) -> Export:
    return Export(name, build, frozenset(carries.split()), **more)


EXPORTS = (
    _export("openolat", openolat, "marks time attempt name number"),
    _export("moodle", moodle, "marks minute late group name email"),
    _export("moodle-essays", moodle_essays, "attempt"),
    _export("canvas", canvas, "marks late name number"),
    _export("gradescope", gradescope, "marks time late attempt group name email number"),
    _export("ilias", ilias, "marks late group name", label="DL Exam"),
    _export("blackboard", blackboard, "marks time attempt name"),
    _export("nbgrader", nbgrader, "marks time"),
    _export("github-classroom", github_classroom, "marks time group name"),
    _export("openolat-task", openolat_task, "marks attempt"),
    _export("pattern", patterned, "marks time name", pattern=PATTERN),
)
VARIANTS: tuple[Export, ...] = ()
