"""``students.csv``: who the students are to the system that the submissions came from."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path

from grader.errors import UsageError
from grader.exporting.encodings import read_text
from grader.exporting.types import Identity

FILE_NAME = "students.csv"
_COLUMNS = tuple(field.name for field in fields(Identity) if field.name != "listed")


def read_students(path: Path) -> Mapping[str, list[Identity]]:
    """The people of each student's name, in the order of the file; several are the members of a group.

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
    return people


def ambiguous(people: Iterable[Identity]) -> bool:
    """Whether one name of the reports stands for several people who did not hand in together."""
    groups = [person.group for person in people]
    return len(groups) > 1 and (len(set(groups)) > 1 or not groups[0])
