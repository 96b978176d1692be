"""One student's upload, a folder or an archive, as a submission."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.errors import ArchiveError, NotebookError
from grader.intake.answers import read_answers
from grader.intake.archive import Budget, Uploaded, nested_folder, unpack_student
from grader.intake.entries import archive_stem, foreign_stem
from grader.intake.folder import Found, FoundFile, copy_files, inner_folder, look_into
from grader.intake.matching import Candidate, assign, by_name
from grader.intake.names import listing
from grader.intake.notebooks import looks_like_notebook, read_notebook
from grader.intake.types import AssignmentHint, Limits, NotebookFile, Problem, Submission

_ANSWERS = {"answers.yaml", "answers.yml"}
_STAFFS = {"marks.yaml": "Marks", "marks.yml": "Marks", "extensions.yaml": "Extensions", "extensions.yml": "Extensions"}
_SILENT_SUFFIXES = {"", ".json", ".txt"}
_PRINTS = {".html": "an HTML page", ".htm": "an HTML page", ".pdf": "a PDF document", ".py": "a Python script"}


@dataclass(frozen=True)
class Rules:
    """What holds for all students of a class.

    Attributes:
        hints: How notebooks are recognised.
        questions: Ids of the questions that ``answers.yaml`` may answer; empty means any.
        limits: Bounds on a student's upload.
    """

    hints: Sequence[AssignmentHint]
    questions: Collection[str] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass
class _Work:
    """A submission in the making."""

    student: str
    source: Path
    room: Path
    uploaded: Uploaded
    rules: Rules
    budget: Budget
    problems: list[Problem] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def read_student(student: str, source: Path, room: Path, uploaded: Uploaded, rules: Rules) -> Submission:
    """Reads what a student uploaded; whatever is wrong with it ends up in the submission.

    Args:
        student: Name of the student.
        source: The student's folder or archive.
        room: Where a clean copy may be made; does not exist yet.
        uploaded: Names as uploaded of what was unpacked.
        rules: What holds for all students.
    """
    work = _Work(student, source, room, uploaded, rules, Budget.of(rules.limits))
    try:
        folder, found = _clean_folder(work)
        answers = _answers(work, found.files)
        notebooks = _notebooks(work, found.files)
        if not found.files and not work.problems:
            work.problems.append(Problem("The folder is empty: nothing was uploaded."))
        elif not notebooks:
            work.problems.append(Problem("No notebook uploaded."))
    except OSError as error:
        room.mkdir(parents=True, exist_ok=True)
        work.problems.append(Problem(f"The upload cannot be opened ({error.strerror or error})."))
        return Submission(student, room, problems=_placed(work))
    return Submission(student, inner_folder(folder), notebooks, answers, _placed(work))


def _placed(work: _Work) -> tuple[Problem, ...]:
    """The problems, each with a place: the student's upload unless it names a file."""
    own = work.uploaded.name(work.source)
    return tuple(problem if problem.where else replace(problem, where=own) for problem in dict.fromkeys(work.problems))


def _clean_folder(work: _Work) -> tuple[Path, Found]:
    limits = work.rules.limits
    if work.source.is_symlink():
        work.problems.append(Problem("It is a link and was not followed.", "", "Put the folder itself there."))
        work.room.mkdir(parents=True)
        return work.room, Found()
    if work.source.is_file():
        _unpack(work, work.source, work.room, work.uploaded.name(work.source))
        work.room.mkdir(parents=True, exist_ok=True)
        level = 1
    else:
        found = look_into(work.source, limits, work.uploaded)
        if found.harmless and not any(_is_archive(file) for file in found.files):
            work.problems += found.problems
            _report_foreign(work, found.files)
            return work.source, found
        work.problems += found.problems
        work.refused |= found.refused
        failed = copy_files(found.files, work.source, work.room, work.uploaded)
        if failed:
            work.problems.append(Problem(f"{listing(failed)} left out: it cannot be opened."))
        level = 0
    _expand(work, level)
    found = look_into(work.room, limits, work.uploaded)
    _report_foreign(work, found.files)
    return work.room, found


def _expand(work: _Work, level: int) -> None:
    """Unpacks the archives in the copy, and the archives in these, as deep as allowed."""
    done: set[Path] = set()
    while True:
        found = look_into(work.room, work.rules.limits, work.uploaded)
        archives = [file for file in found.files if _is_archive(file) and file.path not in done]
        if not archives:
            return
        level += 1
        if level > work.rules.limits.nesting:
            names = listing([file.name for file in archives])
            message = f"{names} not unpacked: archives may be nested {work.rules.limits.nesting} levels deep."
            work.problems.append(Problem(message))
            return
        for file in archives:
            stem = archive_stem(work.uploaded.name(file.path)) or file.path.stem
            _unpack(work, file.path, nested_folder(file.path, stem, work.rules.limits), file.name)
            done.add(file.path)


def _unpack(work: _Work, archive: Path, into: Path, name: str) -> None:
    try:
        unpacked = unpack_student(archive, into, work.budget, work.rules.limits, work.uploaded)
    except ArchiveError as error:
        work.problems.append(Problem(f"The archive was refused: {error.args[0]}.", name, error.hint))
        work.refused[name] = f"was refused: {error.args[0]}"
        return
    work.problems += unpacked.problems
    work.refused |= unpacked.refused


def _is_archive(file: FoundFile) -> bool:
    return archive_stem(file.name.rpartition("/")[2]) is not None


def _report_foreign(work: _Work, files: list[FoundFile]) -> None:
    for file in files:
        if foreign_stem(file.name):
            message = "This kind of archive cannot be unpacked."
            work.problems.append(Problem(message, file.name, "Ask for an ordinary ZIP."))
            work.refused[file.name] = "is an archive of a kind that cannot be unpacked"


def _answers(work: _Work, files: list[FoundFile]) -> dict[str, str | list[str]]:
    for file in files:
        what = _STAFFS.get(_file_name(file))
        if what is not None:
            message = (
                f"{'A' if what == 'Marks' else 'An'} {what.lower()}.yaml among a student's files counts for nothing."
            )
            hint = f"{what} of the staff stand beside the students' folders."
            work.problems.append(Problem(message, file.name, hint))
    found = sorted((f for f in files if _file_name(f) in _ANSWERS), key=lambda f: (f.name.count("/"), f.name))
    if not found:
        return {}
    for file in found[1:]:
        work.problems.append(Problem(f"Not read: the answers of {found[0].name!r} count.", file.name))
    answers, problems = read_answers(found[0].path, found[0].name, work.rules.questions, work.rules.limits)
    work.problems += problems
    return answers


def _notebooks(work: _Work, files: list[FoundFile]) -> dict[str, NotebookFile]:
    limits, hints = work.rules.limits, work.rules.hints
    candidates = []
    for file in files:
        suffix = _notebook_suffix(file, limits)
        if suffix is None:
            continue
        if suffix != ".ipynb":
            work.problems.append(Problem(f"Read as a notebook in spite of its suffix {suffix!r}.", file.name))
        candidates.append(_candidate(work, file))
    assigned = assign(candidates, hints)
    work.problems += assigned.problems
    lost = [*_lost(work, files), *assigned.unreadable]
    notebooks = assigned.notebooks
    for hint in hints:
        if hint.id not in notebooks and (hint.names or hint.content):
            likely = [c for c in lost if hint in by_name(c.name, hints)] or [c for c in lost if _is_anything(c, hints)]
            if likely:
                notebooks[hint.id] = NotebookFile(likely[0].name, likely[0].path, None, likely[0].error)
    return notebooks


def _candidate(work: _Work, file: FoundFile) -> Candidate:
    try:
        read = read_notebook(file.path, work.rules.limits)
    except NotebookError as error:
        work.problems.append(Problem(f"The notebook {error.args[0]}.", file.name))
        return Candidate(file.name, file.path, None, error.args[0], file.modified)
    work.problems += [Problem(f"The notebook {note}.", file.name) for note in read.notes]
    return Candidate(file.name, file.path, read.notebook, "", file.modified)


def _lost(work: _Work, files: list[FoundFile]) -> list[Candidate]:
    """What would have been, or would have held, a notebook, with the reason why it is none."""
    lost = [Candidate(name, None, None, _sentence(reason)) for name, reason in work.refused.items()]
    for file in files:
        kind = _PRINTS.get(Path(file.name).suffix.lower())
        if kind and by_name(file.name, work.rules.hints):
            lost.append(Candidate(file.name, file.path, None, f"is {kind}, not a notebook", file.modified))
    return lost


def _sentence(reason: str) -> str:
    return f"was left out: {reason}" if reason.startswith(("it ", "its ")) else reason


def _is_anything(candidate: Candidate, hints: Sequence[AssignmentHint]) -> bool:
    """Whether it may be any notebook: an archive, or one whose name does not tell."""
    name = candidate.name.lower()
    is_archive = archive_stem(name) is not None or foreign_stem(name) is not None
    return is_archive or (".ipynb" in name and not by_name(candidate.name, hints))


def _notebook_suffix(file: FoundFile, limits: Limits) -> str | None:
    """The suffix under which a notebook was uploaded, or None when the file is none."""
    name = _file_name(file)
    if _is_archive(file):
        return None
    if ".ipynb" in name:
        return name[name.index(".ipynb") :]
    suffix = Path(name).suffix
    return suffix if suffix in _SILENT_SUFFIXES and looks_like_notebook(file.path, limits) else None


def _file_name(file: FoundFile) -> str:
    return file.name.rpartition("/")[2].lower()
