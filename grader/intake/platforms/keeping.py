"""``grade import``: the neutral layout written for good, and written again without losing what people changed."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.intake.names import listing, readable
from grader.intake.platforms.writing import ANSWERS, RAW_ANSWERS, Neutral
from grader.intake.students_csv import FILE_NAME
from grader.intake.types import Identity, Problem, Received

NOTES = "import-notes.txt"
RECORD = ".grader-import.json"
_SCHEMA = "grader.import/1"


@dataclass(frozen=True)
class Line:
    """A student of an import.

    Attributes:
        student: Name of the folder.
        identity: Who that is.
        received: When and how it came in.
        files: Number of uploaded files.
        answers: Number of questions answered in typing.
    """

    student: str
    identity: Identity
    received: Received
    files: int
    answers: int


@dataclass(frozen=True)
class Imported:
    """What an import wrote.

    Attributes:
        dest: The folder.
        title: The platform's name.
        lines: A student each, ordered.
        problems: What was left out or mended; those of a student begin with the folder's name.
    """

    dest: Path
    title: str
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]


def check_destination(source: Path, dest: Path) -> None:
    """Refuses a folder that holds anything but an untouched import of the same source.

    Raises:
        UsageError: It does, or it lies in the source, or cannot be read.
    """
    hint = "Give another folder."
    if source.exists() and (dest.resolve() == source.resolve() or source.resolve() in dest.resolve().parents):
        message = f"{dest} lies in the source {source}."
        raise UsageError(message, hint=hint)
    try:
        if not dest.exists() or not any(dest.iterdir()):
            return
        record = json.loads((dest / RECORD).read_text(encoding="utf-8")) if (dest / RECORD).is_file() else {}
    except NotADirectoryError as error:
        message = f"{dest} is a file; expected a folder."
        raise UsageError(message, hint=hint) from error
    except (OSError, ValueError) as error:
        message = f"{dest} cannot be read ({error})."
        raise UsageError(message, hint=hint) from error
    if not isinstance(record, dict) or record.get("schema") != _SCHEMA or record.get("source") != str(source.resolve()):
        message = f"{dest} is not empty and was not made by an import of {source}."
        raise UsageError(message, hint=hint)
    files = record.get("files")
    if not isinstance(files, dict):
        message = f"{dest}/{RECORD} is damaged."
        raise UsageError(message, hint=hint)
    changed = [name for name, digest in files.items() if _digest(dest / name) not in {digest, ""}]
    if changed:
        message = f"{listing(changed)} in {dest} changed since the import, which would overwrite it."
        raise UsageError(message, hint="Import into another folder, or delete the file first.")


def keep(source: Path, dest: Path, neutral: Neutral) -> Imported:
    """Moves a class to its place; files of an earlier import of the same source are replaced, others stay.

    Raises:
        UsageError: The folder cannot be written.
    """
    problems = _all_problems(neutral)
    lines = tuple(_line(neutral, student) for student in sorted(neutral.folders))
    (neutral.root / NOTES).write_text(_notes(neutral, problems), encoding="utf-8")
    names = sorted(path.relative_to(neutral.root).as_posix() for path in neutral.root.rglob("*") if path.is_file())
    record = {
        "schema": _SCHEMA,
        "source": str(source.resolve()),
        "files": {name: _digest(neutral.root / name) for name in names},
    }
    try:
        _clear(dest)
        dest.mkdir(parents=True, exist_ok=True)
        # The record comes first: what a broken import leaves behind is known to be ours.
        (dest / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
        for student in neutral.folders:
            (dest / student).mkdir(exist_ok=True)
        for name in names:
            (dest / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(neutral.root / name, dest / name)
    except OSError as error:
        message = f"{dest} cannot be written ({error.strerror or error})."
        raise UsageError(message, hint="Give a folder that can be written.") from error
    return Imported(dest, neutral.title, lines, tuple(problems))


def _clear(dest: Path) -> None:
    """Deletes what an earlier import wrote, and folders that are empty then."""
    if not (dest / RECORD).is_file():
        return
    record = json.loads((dest / RECORD).read_text(encoding="utf-8"))
    for name in record["files"]:
        path = dest / name
        if dest.resolve() in path.resolve().parents:
            path.unlink(missing_ok=True)
    folders = (path for path in dest.rglob("*") if path.is_dir() and not path.is_symlink())
    for folder in sorted(folders, key=lambda path: -len(path.parts)):
        if not any(folder.iterdir()):
            folder.rmdir()


def _digest(path: Path) -> str:
    """SHA-256 of a file; empty when it is not there."""
    if not path.is_file() or path.is_symlink():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _all_problems(neutral: Neutral) -> list[Problem]:
    problems = list(neutral.class_problems)
    for student in sorted(neutral.problems):
        for problem in neutral.problems[student]:
            where = f"{student}: {readable(problem.where)}" if problem.where else student
            problems.append(Problem(problem.message, where, problem.hint))
    return problems


def _line(neutral: Neutral, student: str) -> Line:
    identity, received = neutral.rows[student]
    own = {RAW_ANSWERS, ANSWERS} if neutral.answers[student] else {RAW_ANSWERS}
    folder = neutral.folders[student]
    files = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() not in own]
    return Line(student, identity, received, len(files), neutral.answers[student])


def _notes(neutral: Neutral, problems: list[Problem]) -> str:
    head = [
        f"Imported from {neutral.title}: {len(neutral.folders)} students.",
        f"{FILE_NAME} tells who they are; in their folders, {ANSWERS} holds what was typed, cleaned, and",
        f"{RAW_ANSWERS} the same as it was typed.",
        "",
        "What was mended, left out or is not certain:" if problems else "Nothing was left out.",
    ]
    return "\n".join([*head, *(f"- {problem}" for problem in problems)]) + "\n"
