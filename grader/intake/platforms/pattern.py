"""Any folder of files whose names tell the student, by a regular expression that the user gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from grader.errors import UsageError
from grader.intake.names import collision_key, listing
from grader.intake.platforms.people import Desk, Person, Reader
from grader.intake.platforms.times import comparable, parse_time
from grader.intake.platforms.tree import Parts
from grader.intake.types import Identity, Received

_REQUIRED = ("student_id", "file_id")
_OPTIONAL = ("timestamp", "first_name", "last_name", "email")

_Found = tuple[float, datetime | None, str, Path]


def compiled(pattern: str) -> re.Pattern[str]:
    """The expression.

    Raises:
        UsageError: It is not valid, or lacks a group.
    """
    hint = f"It needs the groups {' and '.join(_REQUIRED)}, and may have {', '.join(_OPTIONAL)}."
    try:
        expression = re.compile(pattern)
    except re.error as error:
        message = f"--pattern is not a valid regular expression: {error}."
        raise UsageError(message, hint=hint) from error
    missing = [group for group in _REQUIRED if group not in expression.groupindex]
    unknown = [group for group in expression.groupindex if group not in (*_REQUIRED, *_OPTIONAL)]
    if missing or unknown:
        message = f"--pattern has the groups {listing(expression.groupindex)}."
        raise UsageError(message, hint=hint)
    return expression


def person(expression: re.Pattern[str]) -> Callable[[Parts], int]:
    """Files whose names fit belong to somebody."""
    return lambda parts: len(parts) if expression.search("/".join(parts)) else 0


def reader(expression: re.Pattern[str]) -> Reader:
    """A reader that searches the expression in every file's name with its folders."""

    def read(desk: Desk) -> list[Person]:
        people: dict[str, Person] = {}
        files: dict[str, dict[str, list[_Found]]] = {}
        others = []
        for name in desk.tree.names:
            text = "/".join(name)
            match = expression.search(text)
            groups = {key: value or "" for key, value in match.groupdict().items()} if match else {}
            if not groups.get("student_id"):
                others.append(text)
                continue
            key = collision_key(groups["student_id"])
            people.setdefault(key, Person(_identity(groups)))
            path = desk.tree.files[name]
            people[key].places.append(path)
            moment = parse_time(groups.get("timestamp", ""))
            file = _file_name(groups["file_id"], name[-1])
            found = (comparable(moment) or path.stat().st_mtime, moment, text, path)
            files.setdefault(key, {}).setdefault(file, []).append(found)
        if others:
            desk.note(f"{listing(others)} not graded: the pattern does not fit.", desk.tree.label)
        for key, owner in people.items():
            _take(owner, files[key])
        return list(people.values())

    return read


def _identity(groups: dict[str, str]) -> Identity:
    name = f"{groups.get('first_name', '')} {groups.get('last_name', '')}".strip()
    student = groups["student_id"]
    return Identity(name, student, groups.get("email", ""), source_key=student)


def _file_name(ident: str, stored: str) -> str:
    """The ``file_id`` with the suffix of the file."""
    ident = ident.strip("/") or stored
    suffix = Path(stored).suffix
    return ident if ident.lower().endswith(suffix.lower()) else ident + suffix


def _take(owner: Person, files: dict[str, list[_Found]]) -> None:
    """Of several files with one ``file_id``, the newest counts."""
    times = []
    for name, found in files.items():
        ordered = sorted(found, key=lambda one: (one[0], one[2]))
        owner.add(name, ordered[-1][3])
        times += [moment for _, moment, _, _ in ordered[-1:] if moment is not None]
        if len(ordered) > 1:
            older = listing([text for _, _, text, _ in ordered[:-1]])
            owner.note(f"{older} not graded: {ordered[-1][2]!r} is newer.", name)
    owner.received = Received(max(times, key=comparable) if times else None)
