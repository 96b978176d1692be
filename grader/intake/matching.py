"""Which uploaded file is the notebook of which assignment."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from grader.intake.names import readable
from grader.intake.notebooks import source_text
from grader.intake.types import AssignmentHint, NotebookFile, Problem

_NOTEBOOK_SUFFIX = re.compile(r"\.ipynb(?=$|[^A-Za-z0-9]).*$|\.(json|txt|html?|pdf|py|docx?)$", re.IGNORECASE)
_STAMP = re.compile(
    r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])"
    r"(?:[T _.-]{0,3}([01]\d|2[0-3])[-_.:hH]?([0-5]\d)(?:[-_.:mM]?([0-5]\d))?)?(?!\d)"
)
_COPY_NUMBER = re.compile(r"\s*[-_ ]?\((\d{1,3})\)")
_COPY = re.compile(r"[-_ ]*\b(copy|kopie|copie|copia)\b(?: of| von)?[-_ ]*\d*|[-_ ]copy\d*(?=$|[-_ .])", re.IGNORECASE)
_VERSION = re.compile(
    r"(?<![A-Za-z0-9])(?:final|finale|fertig|last|latest|submission|submitted|abgabe|new|neu|v(?:ersion)?[ _]?\d{1,2})"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[_\-.+\s]+")
_CONTENT_CHARACTERS = 1_000_000
_SAME_TIME_S = 2.0
_CLEAR = 0.5


@dataclass(frozen=True, eq=False)
class Candidate:
    """An uploaded file that may be a notebook.

    Attributes:
        name: As uploaded, with its folders, e.g. ``"work/A1.ipynb"``.
        path: The file, or None when it could not be unpacked.
        notebook: Normalised, or None.
        error: Why it cannot be read, or ``""``.
        modified: Seconds since the epoch.
    """

    name: str
    path: Path | None
    notebook: NotebookNode | None
    error: str = ""
    modified: float = 0.0

    @cached_property
    def text(self) -> str:
        """The source of its cells."""
        return source_text(self.notebook) if self.notebook is not None else ""

    @cached_property
    def digest(self) -> bytes:
        """Equal for equal sources; of an unreadable one, its own."""
        return hashlib.sha256((self.text if self.notebook is not None else f"\0{self.name}").encode()).digest()

    @property
    def recency(self) -> tuple[float, int]:
        """Upload time: of the name, else of the file; then the number of the copy."""
        file_name = self.name.rpartition("/")[2]
        stamp, number = time_stamp(file_name), _COPY_NUMBER.search(file_name)
        # Archives keep the times of files in steps of two seconds.
        modified = self.modified // _SAME_TIME_S * _SAME_TIME_S
        return stamp.timestamp() if stamp else modified, int(number[1]) if number else 0


@dataclass(frozen=True)
class Assigned:
    """What :func:`assign` decided.

    Attributes:
        notebooks: Assignment id → notebook.
        problems: What a person should know of it.
        unreadable: Notebooks that cannot be read and whose names do not tell their assignment.
    """

    notebooks: dict[str, NotebookFile]
    problems: list[Problem]
    unreadable: list[Candidate]


def time_stamp(name: str) -> datetime | None:
    """The last time stamp in a file name such as ``A1_20210618T093312.ipynb``, or None."""
    found = None
    for match in _STAMP.finditer(name):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        try:
            found = datetime(year, month, day, hour, minute, second)
        except ValueError:
            continue
    return found


def clean_stem(name: str) -> str:
    """A file's stem without time stamps, copy marks and version words."""
    stem = _NOTEBOOK_SUFFIX.sub("", readable(name))
    for noise in (_STAMP, _COPY_NUMBER, _COPY, _VERSION):
        stem = noise.sub("", stem)
    return stem.strip(" _-.,") or _NOTEBOOK_SUFFIX.sub("", readable(name))


def by_name(name: str, hints: Sequence[AssignmentHint]) -> list[AssignmentHint]:
    """The assignments that a file name fits; its folders are asked when the file itself says nothing."""
    for part in reversed(name.split("/")):
        stem = clean_stem(part)
        forms = (stem, _SEPARATORS.sub(" ", stem).strip())
        found = [hint for hint in hints if _names(hint, forms)]
        if found:
            return found
    return []


def content_score(text: str, hint: AssignmentHint) -> float:
    """Share of the assignment's content patterns that the text shows, in [0, 1]."""
    if not hint.content:
        return 0.0
    text = text[:_CONTENT_CHARACTERS]
    return sum(bool(re.search(pattern, text)) for pattern in hint.content) / len(hint.content)


def assign(candidates: Sequence[Candidate], hints: Sequence[AssignmentHint]) -> Assigned:
    """Gives every assignment its notebook: by name, else by content; of several, the newest one."""
    named: dict[str, list[Candidate]] = {hint.id: [] for hint in hints}
    meant: dict[str, list[Candidate]] = {hint.id: [] for hint in hints}
    problems: list[Problem] = []
    unreadable: list[Candidate] = []
    for candidate in candidates:
        fitting = by_name(candidate.name, hints)
        if len(fitting) == 1:
            named[fitting[0].id].append(candidate)
            problems += _contradiction(candidate, fitting[0], hints)
            continue
        best = _best(candidate, fitting or hints)
        if best is not None:
            meant[best.id].append(candidate)
        else:
            reason = f"it {candidate.error}" if candidate.error else "it belongs to no assignment by name or content"
            problems.append(Problem(f"Not graded: {reason}.", candidate.name))
            unreadable += [candidate] if candidate.notebook is None else []
    notebooks: dict[str, NotebookFile] = {}
    for hint in hints:
        chosen = _choose(named[hint.id], meant[hint.id], hint, problems)
        if chosen is not None:
            notebooks[hint.id] = _file(chosen)
    _share(notebooks, [c for group in meant.values() for c in group], hints, problems)
    return Assigned(notebooks, problems, unreadable)


def _names(hint: AssignmentHint, forms: Sequence[str]) -> bool:
    return any(re.search(pattern, form, re.IGNORECASE) for pattern in hint.names for form in forms)


def _best(candidate: Candidate, hints: Sequence[AssignmentHint]) -> AssignmentHint | None:
    scores = [(content_score(candidate.text, hint), hint) for hint in hints]
    top = max((score for score, _ in scores), default=0.0)
    best = [hint for score, hint in scores if score == top]
    # Of several that fit equally, the first one takes it when all of them are clearly in it (see _share).
    return best[0] if top > 0 and (len(best) == 1 or top >= _CLEAR) else None


def _contradiction(candidate: Candidate, hint: AssignmentHint, hints: Sequence[AssignmentHint]) -> list[Problem]:
    other = _best(candidate, hints)
    if other is None or other.id == hint.id or content_score(candidate.text, hint) > 0:
        return []
    message = f"Graded as assignment {hint.id} by its name, but its content looks like assignment {other.id}."
    return [Problem(message, candidate.name)]


def _choose(
    named: list[Candidate], meant: list[Candidate], hint: AssignmentHint, problems: list[Problem]
) -> Candidate | None:
    everything = [*named, *meant]
    readable_ones = [c for c in named if c.notebook is not None] or [c for c in meant if c.notebook is not None]
    pool = readable_ones or everything
    if not pool:
        return None
    chosen = max(pool, key=lambda candidate: (*candidate.recency, candidate.name))
    for other in everything:
        if other is chosen or other.digest == chosen.digest:
            continue
        if other.notebook is None:
            reason = f"it {other.error}"
        elif any(other is c for c in pool):
            reason = f"{chosen.name!r} is newer" if other.recency < chosen.recency else f"{chosen.name!r} was taken"
        else:
            reason = f"{chosen.name!r} has the assignment's name"
        problems.append(Problem(f"Not graded as assignment {hint.id}: {reason}.", other.name))
    return chosen


def _share(
    notebooks: dict[str, NotebookFile],
    meant: list[Candidate],
    hints: Sequence[AssignmentHint],
    problems: list[Problem],
) -> None:
    """One notebook may hold several assignments: it also serves those that are left without any."""
    used = {file.path for file in notebooks.values()}
    for hint in hints:
        scored = [(content_score(c.text, hint), c) for c in meant if c.path in used]
        score, best = max(scored, key=lambda pair: pair[0], default=(0.0, None))
        if hint.id not in notebooks and best is not None and score >= _CLEAR:
            notebooks[hint.id] = _file(best)
            problems.append(Problem(f"Also graded as assignment {hint.id}, by its content.", best.name))


def _file(candidate: Candidate) -> NotebookFile:
    return NotebookFile(candidate.name, candidate.path, candidate.notebook, candidate.error)
