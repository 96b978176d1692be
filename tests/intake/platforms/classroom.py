"""One class, as every platform hands it out: what each student handed in, and what intake must make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from grader.intake import Identity, Intake, Origin, read_submissions
from tests.intake.making import HINTS, notebook, sources, write, zipped

QUESTIONS = {
    "1a": "Image Preprocessing",
    "1b": "Derivative",
    "1f": "Notebook upload",
    "2g": "Notebook upload",
    "4a": "True or false",
    "4b": "Kprim",
}
# As in the bundled course, a question's id tells the assignment, too.
COURSE_HINTS = tuple(replace(hint, names=(*hint.names, rf"^0?{hint.id}(?!\d)")) for hint in HINTS)
STATEMENTS = ("Pooling, unlike convolution, has no weights", "Pooling", "ReLU is linear, always")
TEXT = "Größe auf 224 × 224 bringen,\nthen a < b & scale to [0, 1]: x \\in R"


@dataclass(frozen=True)
class Student:
    """Attributes: who it is, what was handed in, and when; ``files`` are the notebooks of the attempt that counts."""

    first: str
    last: str
    login: str
    uid: int
    number: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    text: str = ""
    marks: tuple[str, ...] = ()
    late: bool = False
    group: str = ""
    earlier: Mapping[str, bytes] = field(default_factory=dict)
    time: datetime = datetime(2021, 6, 18, 9, 33, 12)

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        return f"{self.login}@x.ch"


BLUE = {"assignment1.ipynb": notebook("blue = 1"), "assignment2.ipynb": notebook("blue = 2")}
ANNA = Student(
    "Anna-Lena", "Müller", "amuell", 4711, "007-21-1",
    files={"assignment1.ipynb": notebook("anna = 1"), "assignment2.ipynb": notebook("anna = 2")},
    text=TEXT, marks=("wrong", "right", "unanswered"), earlier={"assignment1.ipynb": notebook("anna = 0")},
)  # fmt: skip
JOSE = Student(
    "José Ángel", "García", "jgarcia", 4712, "21-2", files={"assignment1.ipynb": notebook("jose = 1")},
    marks=("unanswered", "unanswered", "unanswered"), late=True, time=datetime(2021, 6, 18, 23, 59, 1),
)  # fmt: skip
ZOE = Student("Zoë", "Meier", "zmeier", 4713, "21-3", files=BLUE, text="together", group="Team Blue")
MAX = Student("Max", "Meier", "mmeier", 4714, "21-4", files=BLUE, text="together", group="Team Blue")
LI = Student("Li", "Wang", "lwang", 4715, "21-5", text="only a text")
CLASS = (ANNA, JOSE, ZOE, MAX, LI)


def typed(student: Student) -> str:
    """What a student types where a platform has one text for everything."""
    lines = [f"1a: {student.text}"] if student.text else []
    if student.marks:
        lines.append(f"4a: {', '.join(student.marks)}")
    return "\n".join(lines)


def answers_yaml(student: Student) -> bytes:
    """What a student uploads where a platform has files only."""
    text = "\n".join(f"  {line}" for line in student.text.split("\n"))
    lines = [f"1a: |\n{text}"] if student.text else []
    if student.marks:
        lines.append(f"4a: [{', '.join(student.marks)}]")
    return "\n".join(lines).encode()


def uploads(student: Student) -> dict[str, bytes]:
    """All files of a student where answers are a file, too."""
    own = dict(student.files)
    if student.text or student.marks:
        own["answers.yaml"] = answers_yaml(student)
    return own


def expected(student: Student, *, marks: bool = True) -> tuple[dict[str, list[str]], dict[str, object]]:
    """The notebooks' sources and the answers that every import must end in."""
    cells = {"anna": "anna", "jose": "jose", "zoe": "blue", "max": "blue", "li": ""}
    word = cells[{"amuell": "anna", "jgarcia": "jose", "zmeier": "zoe", "mmeier": "max", "lwang": "li"}[student.login]]
    code = {name[len("assignment")]: [f"{word} = {name[len('assignment')]}"] for name in student.files}
    answers: dict[str, object] = {"1a": student.text} if student.text else {}
    if student.marks and marks:
        answers["4a"] = list(student.marks)
    return code, answers


def found(intake: Intake) -> dict[str, tuple[dict[str, list[str]], dict[str, object]]]:
    """The same of an intake, by login."""
    return {
        student_of(intake.identities[submission.student]).login: (sources(submission), dict(submission.answers))
        for submission in intake.submissions
    }


def student_of(identity: Identity) -> Student:
    """Whose identity it is; fails when that is not clear."""
    fitting = [
        student
        for student in CLASS
        if identity.login == student.login
        or identity.email == student.email
        or identity.name in {student.name, f"{student.last} {student.first}"}
        or identity.source_key == str(student.uid)
    ]
    assert len(fitting) == 1, identity
    return fitting[0]


def place(tmp_path: Path, files: Mapping[str, bytes], kind: str, name: str = "export") -> Path:
    """The files as a folder or ZIP."""
    if kind == "folder":
        return write(tmp_path / name, files)
    path = tmp_path / f"{name}.zip"
    path.write_bytes(zipped(files))
    return path


def take(source: Path, workspace: Path, **origin: object) -> Intake:
    """Reads a class with the course's questions."""
    return read_submissions(source, workspace, COURSE_HINTS, questions=QUESTIONS, origin=Origin(**origin))  # type: ignore[arg-type]


def quick(tmp_path: Path, files: Mapping[str, bytes | str], **origin: object) -> Intake:
    """Reads a class from a folder with these files."""
    return take(write(tmp_path / "export", files), tmp_path / "work", **origin)
