"""nbgrader: ``submitted/<student>/<assignment>/`` of a course, or the inbox of its exchange."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from grader.intake.names import listing
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.times import comparable, parse_time
from grader.intake.platforms.tree import Parts, believable, level_of
from grader.intake.types import Identity, Received

_STEP = "submitted"
_INBOX = re.compile(r"^(?P<student>[^+]+)\+(?P<assignment>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d[^+]*)(?:\+[^+]*)?$")
_STAMP = "timestamp.txt"


def detect(names: Sequence[Parts], label: str) -> bool:
    """``submitted/<student>/<assignment>/*.ipynb``, or folders ``<student>+<assignment>+<time>``."""
    bases = {
        name[: name.index(_STEP)]
        for name in names
        if _STEP in name[:-3] and ".ipynb" in name[-1].lower() and len(name) >= name.index(_STEP) + 4
    }
    return believable(names, bases) or level_of(names, _is_inbox, folders=True) is not None


def person(parts: Parts) -> int:
    """``submitted/<student>``, or a folder of the inbox."""
    if _STEP in parts[:-1]:
        return parts.index(_STEP) + 2
    return next((place + 1 for place, part in enumerate(parts[:-1]) if _is_inbox(part)), 0)


def read(desk: Desk) -> list[Person]:
    """Reads every student's assignments, each as collected last."""
    chosen: dict[str, dict[str, tuple[datetime | None, Parts]]] = defaultdict(dict)
    people: dict[str, Person] = {}
    for student, assignment, moment, folder in _handed_in(desk):
        owner = people.setdefault(student, Person(Identity(login=student, source_key=student)))
        owner.places.append(desk.tree.folders[folder])
        known = chosen[student].get(assignment)
        if known is not None:
            older, newer = sorted((known, (moment, folder)), key=lambda one: (comparable(one[0]), one[1]))
            owner.note(f"{listing([older[1][-1]])} not graded: collected again later.", assignment)
            chosen[student][assignment] = newer
        else:
            chosen[student][assignment] = (moment, folder)
    for student, owner in people.items():
        for assignment, (_, folder) in sorted(chosen[student].items()):
            _take(desk, owner, assignment, folder)
        times = [moment for moment, _ in chosen[student].values() if moment is not None]
        owner.received = Received(max(times, key=comparable) if times else None)
    return list(people.values())


def _is_inbox(part: str) -> bool:
    return _INBOX.match(part) is not None


def _handed_in(desk: Desk) -> list[tuple[str, str, datetime | None, Parts]]:
    """Student, assignment, time and folder of everything that was handed in."""
    found = []
    for folder in sorted(desk.tree.folders):
        match = _INBOX.match(folder[-1])
        if match and not any(_is_inbox(part) for part in folder[:-1]):
            found.append((match["student"], match["assignment"], parse_time(match["time"]), folder))
        elif len(folder) >= 3 and folder[-3] == _STEP and _STEP not in folder[:-3]:
            stamp = desk.tree.files.get((*folder, _STAMP))
            found.append((folder[-2], folder[-1], _time(stamp), folder))
    return found


def _time(stamp: Path | None) -> datetime | None:
    try:
        return parse_time(stamp.read_bytes()[:200].decode("utf-8", "replace")) if stamp is not None else None
    except OSError:
        return None


def _take(desk: Desk, owner: Person, assignment: str, folder: Parts) -> None:
    for name, path in desk.tree.below(folder).items():
        if name != (_STAMP,):
            owner.add(f"{assignment}/{'/'.join(name)}", path)
