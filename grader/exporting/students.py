"""``students.csv``: who the students are to the system that the submissions came from."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path

from grader.errors import UsageError
from grader.exporting import names
from grader.exporting.encodings import read_text
from grader.exporting.types import Identity

FILE_NAME = "students.csv"
_COLUMNS = tuple(field.name for field in fields(Identity) if field.name != "listed")


class Roster:
    """The people of a table, by the names of their reports.

    Args:
        people: Name → who bears it; several are the members of a group, or a mistake.
    """

    def __init__(self, people: Mapping[str, list[Identity]]) -> None:
        self._people = people
        self._places = {student: place for place, student in enumerate(people)}
        self._spellings: dict[str, list[str]] = defaultdict(list)
        for student in people:
            self._spellings[names.exact_key(student)].append(student)

    def people(self, student: str) -> list[Identity]:
        """Who bears this name; without regard to case where that leads to one name only."""
        found = self._known(student)
        return [replace(person, id=student) for person in self._people[found]] if found is not None else []

    def place(self, student: str) -> tuple[int, str]:
        """Where the student stands in the table; those whom it lacks come last, by name."""
        found = self._known(student)
        return (self._places[found] if found is not None else len(self._places), student)

    def without(self, students: Iterable[str]) -> Iterator[str]:
        """The names of the table that are none of these."""
        known = {self._known(student) for student in students}
        return (student for student in self._people if student not in known)

    def _known(self, student: str) -> str | None:
        if student in self._people:
            return student
        alike = self._spellings.get(names.exact_key(student), [])
        return alike[0] if len(alike) == 1 else None


def read_students(path: Path) -> Roster:
    """The people of the table, in its order.

    Raises:
        UsageError: The file cannot be read or has no column ``id``.
    """
    text = read_text(path, "a table of the students").text
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    if "id" not in (reader.fieldnames or ()):
        message = f"{path}: expected a column 'id' with the students' names in the reports, found {header.strip()!r}."
        raise UsageError(message)
    people: dict[str, list[Identity]] = defaultdict(list)
    for row in reader:
        values = {name: unicodedata.normalize("NFC", row.get(name) or "").strip() for name in _COLUMNS}
        if values["id"]:
            people[values["id"]].append(Identity(**values, listed=True))
    return Roster(people)


def ambiguous(people: Iterable[Identity]) -> bool:
    """Whether one name of the reports stands for several people who did not hand in together."""
    groups = [person.group for person in people]
    return len(groups) > 1 and (len(set(groups)) > 1 or not groups[0])
