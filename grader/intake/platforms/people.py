"""What a platform's reader yields: people with files, answers and times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.intake.names import listing
from grader.intake.platforms.questions import IGNORED, QuestionMap
from grader.intake.platforms.tree import Parts, Tree, wrapper
from grader.intake.texts import clean_text, decode, html_to_text, looks_html
from grader.intake.types import MIB, Identity, Limits, Problem, Received

_TEXT_BYTES = 4 * MIB
_URL = re.compile(r"""(?:href|content)\s*=\s*["'](?:[^"'<>]*url=)?(https?://[^"'<>\s]+)""", re.IGNORECASE)


@dataclass
class Person:
    """What one student handed in.

    Attributes:
        identity: Who that is.
        received: When and how it came in.
        files: Name for the student's folder → file.
        answers: Question id → text, or marks (``right``, ``wrong``, ``unanswered``).
        raw: What was typed, untouched, by the title of the item.
        problems: What a person should know.
        places: The folders and files of the tree that belong to the student.
    """

    identity: Identity
    received: Received = field(default_factory=Received)
    files: dict[str, Path] = field(default_factory=dict)
    answers: dict[str, str | list[str]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    places: list[Path] = field(default_factory=list)

    def note(self, message: str, where: str = "", hint: str = "") -> None:
        """Adds a problem."""
        self.problems.append(Problem(message, where, hint))

    def add(self, name: str, path: Path) -> None:
        """Adds a file; of two with one name, the later one gets a folder of its own."""
        number = 2
        free = name
        while free in self.files:
            free, number = f"{number}/{name}", number + 1
        self.files[free] = path

    def add_all(self, files: dict[Parts, Path], prefix: str = "") -> None:
        """Adds all files of a folder."""
        for name, path in files.items():
            self.add(prefix + "/".join(name), path)


@dataclass
class Desk:
    """Where a reader works.

    Attributes:
        tree: The class as unpacked.
        questions: Which item is which question.
        limits: Bounds on uploads.
        person: How many parts of a file's name belong to one student's upload; 0 for files of nobody.
        problems: What belongs to no student.
    """

    tree: Tree
    questions: QuestionMap
    limits: Limits
    person: Callable[[Parts], int] = lambda parts: 0
    problems: list[Problem] = field(default_factory=list)
    _unmapped: Counter[str] = field(default_factory=Counter)

    def note(self, message: str, where: str = "", hint: str = "") -> None:
        """Adds a problem of the class."""
        self.problems.append(Problem(message, where, hint))

    def tables(self, *endings: str) -> Iterator[Path]:
        """Files of nobody with these endings (CSV by default), at the top of the class or in the folders around it."""
        around = len(wrapper(self.tree.names))
        for name in self.tree.names:
            fits = len(name) <= around + 2 and name[-1].lower().endswith(endings or (".csv", ".tsv"))
            # A table that a student uploads says nothing of anybody.
            if fits and not self.person(name):
                yield self.tree.files[name]

    def typed(self, person: Person, labels: Sequence[str], text: str, *, html: bool | None = None) -> None:
        """Takes the text that was typed for one item.

        Args:
            person: Who typed it.
            labels: What may name the item: title, identifier.
            text: As stored.
            html: Whether it is rich text; None to look at it.
        """
        if not text.strip():
            return
        title = labels[0] or labels[-1]
        person.raw[title] = f"{person.raw[title]}\n{text}" if title in person.raw else text
        question = self._question(labels)
        if question:
            cleaned = _cleaned(text, html)
            earlier = person.answers.get(question)
            person.answers[question] = f"{earlier}\n\n{cleaned}" if isinstance(earlier, str) else cleaned

    def marked(self, person: Person, labels: Sequence[str], marks: list[str]) -> None:
        """Takes true/false marks of one item."""
        person.raw[labels[0] or labels[-1]] = ", ".join(marks)
        question = self._question(labels)
        if question:
            person.answers[question] = marks

    def free_text(self, person: Person, label: str, text: str, *, html: bool | None = None) -> None:
        """Takes one text for a whole assignment: lines that begin with a question's id begin its answer."""
        if not text.strip():
            return
        cleaned = _cleaned(text, html)
        parts = self.questions.split(cleaned)
        if not parts:
            self.typed(person, (label,), text, html=html)
            return
        person.raw[label] = text
        if self.questions.before(cleaned):
            person.note("What stands before the first question's id belongs to no question.", label)
        for question, answer in parts.items():
            person.answers.setdefault(question, answer)

    def folder_of(self, labels: Sequence[str]) -> str:
        """A folder for the uploads to one item: the question's id, else its title."""
        return self.questions.find(labels) or labels[0] or labels[-1]

    def read_text(self, path: Path, person: Person) -> str:
        """A text file that the platform wrote; empty with a problem when it is too large or cannot be opened."""
        try:
            if path.stat().st_size <= _TEXT_BYTES:
                return decode(path.read_bytes())
            reason = f"it is larger than {_TEXT_BYTES // MIB} MiB"
        except OSError as error:
            reason = error.strerror or str(error)
        person.note(f"Not read: {reason}.", path.name)
        return ""

    def link(self, person: Person, path: Path) -> None:
        """Reports a web address that was handed in instead of a file."""
        found = _URL.search(self.read_text(path, person))
        address = f" {found[1][:200]!r}" if found else ""
        person.note(f"A link{address} was handed in, no file: it was not followed.", path.name, "Ask for the file.")

    def finish(self) -> None:
        """Reports the items that fit no question."""
        for title, count in sorted(self._unmapped.items()):
            message = (
                f"The item {title!r} fits no question by its title: {count} answers stand in answers.raw.yaml only."
            )
            self.note(message, self.tree.label, "Name its question in a map file (--map).")

    def _question(self, labels: Sequence[str]) -> str | None:
        question = self.questions.find(labels)
        if question is None:
            self._unmapped[labels[0] or labels[-1]] += 1
        return question if question != IGNORED else None


def newest(people: Collection[tuple[float, str]], what: str, person: Person) -> str | None:
    """The name of the newest of several attempts; reports the others."""
    ordered = sorted(people)
    if len(ordered) > 1:
        names = listing([name for _, name in ordered[:-1]])
        person.note(f"{what} {names} not graded: {ordered[-1][1]!r} is newer.")
    return ordered[-1][1] if ordered else None


def _cleaned(text: str, html: bool | None) -> str:
    return html_to_text(text) if html or (html is None and looks_html(text)) else clean_text(text)


Reader = Callable[[Desk], list[Person]]
