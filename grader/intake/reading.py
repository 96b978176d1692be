"""A class as it was uploaded, folder or archive, as submissions."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from grader.errors import UsageError
from grader.intake.archive import Unpacked, Uploaded
from grader.intake.entries import archive_stem, foreign_stem
from grader.intake.folder import clean_entries
from grader.intake.matching import by_name
from grader.intake.names import collision_key, distinct, listing, readable, safe_name
from grader.intake.opening import open_source
from grader.intake.platforms.importing import bring_in
from grader.intake.platforms.registry import Origin
from grader.intake.platforms.writing import Neutral
from grader.intake.student import Rules, read_student
from grader.intake.students_csv import FILE_NAME, Row, read_students
from grader.intake.types import AssignmentHint, Intake, Limits, Problem, Submission

_MARKS = ("marks.yaml", "marks.yml")
_EXTENSIONS = ("extensions.yaml", "extensions.yml")
_OF_IMPORTS = (FILE_NAME, "import-notes.txt", ".grader-import.json")
_BESIDE_STUDENTS = {*_MARKS, *_EXTENSIONS, *_OF_IMPORTS, "readme.md", "readme.txt", "readme"}


def read_submissions(
    source: Path,
    workspace: Path,
    hints: Sequence[AssignmentHint],
    *,
    questions: Collection[str] = (),
    limits: Limits | None = None,
    origin: Origin | None = None,
) -> Intake:
    """Reads a class.

    The export of a learning platform is recognised by its signs, or named by ``origin``, and turned into the neutral
    layout first. In that layout:

    A folder or archive directly inside the source is a student. A single folder around all of them is looked through.
    When the source itself holds notebooks or ``answers.yaml``, and no folder in it holds any, it is one student, named
    by the source. What is wrong with a student's upload ends up in that student's problems and affects nobody else.

    Args:
        source: A folder, or a ZIP or tar archive; it is never modified.
        workspace: An empty (or missing) folder for what has to be unpacked or cleaned.
        hints: How the notebooks of the assignments are recognised.
        questions: Ids of the questions that ``answers.yaml`` may answer, perhaps with their titles (by which the
            items of platforms are recognised); empty means any.
        limits: Bounds on uploads; the usual ones by default.
        origin: Which platform the source comes from; recognised by default.

    Raises:
        UserError: The source is missing or cannot be read as a whole, or the workspace is not empty.
    """
    rules = Rules(hints, questions, limits or Limits())
    origin = origin or Origin()
    _prepare_workspace(workspace)
    try:
        root, opened = open_source(source, workspace / "class", origin, rules.limits)
        neutral = bring_in(opened, origin, workspace / "neutral", questions, rules.limits)
        reading = _Class(source, root, workspace, rules, opened.uploaded)
        return reading.read(opened.unpacked) if neutral is None else reading.read_neutral(neutral)
    except OSError as error:
        message = f"{source} cannot be read ({error.strerror or error})."
        raise UsageError(message, hint="Check the folder's rights.") from error


def _prepare_workspace(workspace: Path) -> None:
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        empty = not any(workspace.iterdir())
    except OSError as error:
        message = f"The workspace {workspace} cannot be used ({error.strerror or error})."
        raise UsageError(message, hint="Give an empty folder that can be written.") from error
    if not empty:
        message = f"The workspace {workspace} is not empty."
        raise UsageError(message, hint="Give an empty folder.")


class _Class:
    """One reading of a class."""

    def __init__(self, source: Path, root: Path, workspace: Path, rules: Rules, uploaded: Uploaded) -> None:
        self._source = source
        self._root = root
        self._workspace = workspace
        self._rules = rules
        self._uploaded = uploaded
        self._problems: list[Problem] = []
        self._unpacking: dict[Path, list[Problem]] = {}

    def read(self, unpacked: Mapping[Path, Unpacked]) -> Intake:
        """Reads the neutral layout."""
        if self._is_one_student(self._root):
            self._group(unpacked, [self._root])
            name = readable(archive_stem(self._source.name) or self._source.resolve().name) or "student"
            message = f"The source itself holds notebooks and was taken as one student, {name!r}."
            self._problems.append(Problem(message, self._source.name))
            return Intake((self._read_one(name, self._root, 1),), tuple(self._problems))
        root, sure = self._students_root()
        folders = self._students(root)
        self._group(unpacked, folders)
        names = self._names(folders)
        submissions = [
            self._read_one(name, path, number)
            for number, (name, path) in enumerate(zip(names, folders, strict=True), start=1)
        ]
        if not submissions:
            message = "There is no student's folder."
            self._problems.append(Problem(message, self._source.name, "Put a folder a student there."))
        return self._intake(submissions, root, sure, self._rows(root, sure, names))

    def read_neutral(self, neutral: Neutral) -> Intake:
        """Reads what was imported: every folder is a student."""
        self._problems += neutral.class_problems
        self._unpacking = {neutral.folders[student]: found for student, found in neutral.problems.items()}
        submissions = [
            self._read_one(student, folder, number)
            for number, (student, folder) in enumerate(neutral.folders.items(), start=1)
        ]
        return self._intake(submissions, self._root, True, neutral.rows)

    def _intake(self, submissions: Iterable[Submission], root: Path, sure: bool, rows: Mapping[str, Row]) -> Intake:
        """The class, with what ``students.csv`` and the staff say."""
        known = [
            replace(submission, received=rows[submission.student][1]) if submission.student in rows else submission
            for submission in submissions
        ]
        ordered = tuple(sorted(known, key=lambda submission: submission.student))
        identities = {one.student: rows[one.student][0] for one in ordered if one.student in rows}
        marks = self._staffs(root, sure, _MARKS, "--marks")
        extensions = self._staffs(root, sure, _EXTENSIONS, "--extensions")
        return Intake(ordered, tuple(self._problems), marks, identities, extensions)

    def _rows(self, root: Path, sure: bool, students: Collection[str]) -> dict[str, Row]:
        path = root / FILE_NAME
        if not path.is_file() or path.is_symlink():
            return {}
        if not sure:
            self._problems.append(Problem("It is not used: it may be an upload of the only student.", FILE_NAME))
            return {}
        rows, problems = read_students(path)
        self._problems += problems
        strangers = sorted(set(rows) - set(students))
        if strangers:
            self._problems.append(Problem(f"{listing(strangers)} stand there, but handed nothing in.", FILE_NAME))
        return rows

    def _is_one_student(self, root: Path) -> bool:
        entries = clean_entries(root)
        if not any(_is_students_own(entry) for entry in entries):
            return False
        return not any(
            (_is_folder(entry) and _holds_uploads(Path(entry.path))) or _is_upload(entry) for entry in entries
        )

    def _students_root(self) -> tuple[Path, bool]:
        """The folder whose entries are students, and whether a ``marks.yaml`` in it is the staff's beyond doubt."""
        entries = clean_entries(self._root)
        folders = [entry for entry in entries if _is_folder(entry)]
        if len(folders) != 1 or len(entries) != 1:
            return self._root, True
        inner = clean_entries(Path(folders[0].path))
        inside = [entry for entry in inner if _is_folder(entry) or _is_upload(entry)]
        others = [entry for entry in inner if entry not in inside and entry.name.lower() not in _BESIDE_STUDENTS]
        # One folder around a single folder may just as well be a student with a sub-folder, except in an archive,
        # which is usually made of the folder that holds the class.
        enough = len(inside) > 1 or (len(inside) == 1 and self._root != self._source)
        if others or not enough or any(by_name(readable(entry.name), self._rules.hints) for entry in inside):
            return self._root, True
        name = self._uploaded.name(Path(folders[0].path))
        message = f"The folder {name!r} was taken as a wrapper around {len(inside)} students."
        self._problems.append(Problem(message, self._source.name))
        return Path(folders[0].path), len(inside) > 1

    def _students(self, root: Path) -> list[Path]:
        students, strays = [], []
        for entry in clean_entries(root):
            if _is_folder(entry) or _is_upload(entry) or (entry.is_symlink() and not entry.is_file()):
                students.append(Path(entry.path))
            elif entry.name.lower() not in _BESIDE_STUDENTS:
                strays.append(self._uploaded.name(Path(entry.path)))
        if strays:
            message = f"{listing(strays)} not graded: beside the students' folders, so nobody's."
            hint = "Put each file into the folder of its student."
            self._problems.append(Problem(message, self._source.name, hint))
        return students

    def _names(self, folders: list[Path]) -> list[str]:
        """A name a student; of several who write themselves alike, the later ones get a number."""
        plain = [self._uploaded.name(folder) for folder in folders]
        plain = [(_upload_stem(n) or n) if f.is_file() else n for n, f in zip(plain, folders, strict=True)]
        # The folder that is in normal form, and no archive, keeps the name.
        order = sorted(range(len(folders)), key=lambda i: (folders[i].is_file(), folders[i].name != plain[i], i))
        names: dict[int, str] = {}
        taken: set[str] = set()
        for i in order:
            names[i] = plain[i] if plain[i] not in taken else distinct(plain[i], {*taken, *plain})
            taken.add(names[i])
            if names[i] != plain[i]:
                message = f"There are several students {plain[i]!r}: this one is called {names[i]!r}."
                self._problems.append(Problem(message, self._uploaded.name(folders[i])))
        self._report_case(names.values())
        return [names[i] for i in range(len(folders))]

    def _report_case(self, names: Iterable[str]) -> None:
        alike: dict[str, list[str]] = {}
        for name in names:
            alike.setdefault(collision_key(name), []).append(name)
        for group in alike.values():
            if len(group) > 1:
                message = f"The students {listing(sorted(group))} differ in case only."
                self._problems.append(Problem(message, self._source.name, "Check that they are different people."))

    def _read_one(self, name: str, path: Path, number: int) -> Submission:
        room = self._workspace / "students" / f"{number}-{safe_name(name)}"
        submission = read_student(name, path, room, self._uploaded, self._rules)
        return replace(submission, problems=(*self._unpacking.pop(path, ()), *submission.problems))

    def _staffs(self, root: Path, sure: bool, names: Sequence[str], option: str) -> Path | None:
        """A file of the staff beside the students."""
        found = [root / name for name in names if (root / name).is_file() and not (root / name).is_symlink()]
        if found and not sure:
            message = "It is not used: it may be an upload of the only student."
            self._problems.append(Problem(message, found[0].name, f"Give it with {option} if it is the staff's."))
            return None
        if len(found) > 1:
            self._problems.append(Problem(f"It is not used: {found[0].name} is.", found[1].name))
        return found[0] if found else None

    def _group(self, unpacked: Mapping[Path, Unpacked], students: list[Path]) -> None:
        """Sorts what happened while the class archive was unpacked by student; the rest is the class's."""
        known = set(students)
        for place, result in unpacked.items():
            owner = next((path for path in (place, *place.parents) if path in known), None)
            if owner is None:
                self._problems += result.problems
            else:
                self._unpacking.setdefault(owner, []).extend(result.problems)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_upload(entry: os.DirEntry[str]) -> bool:
    """Whether a file is an archive, which stands for a student."""
    return _upload_stem(entry.name) is not None and entry.is_file(follow_symlinks=False)


def _upload_stem(name: str) -> str | None:
    return archive_stem(name) or foreign_stem(name)


def _is_students_own(entry: os.DirEntry[str]) -> bool:
    name = entry.name.lower()
    return entry.is_file(follow_symlinks=False) and (".ipynb" in name or name in {"answers.yaml", "answers.yml"})


def _holds_uploads(folder: Path) -> bool:
    return any(_is_students_own(entry) or _is_upload(entry) for entry in clean_entries(folder))
