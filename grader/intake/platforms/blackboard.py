"""Blackboard Learn (Original): the flat ZIP of an assignment's attempts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.intake.names import collision_key, listing
from grader.intake.platforms.people import Desk, Person, newest
from grader.intake.platforms.times import comparable, parse_time
from grader.intake.platforms.tree import Parts, level_of
from grader.intake.types import Identity, Received

_SIGN = re.compile(
    r"^(?P<before>.+)_attempt_(?P<stamp>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)$", re.DOTALL | re.IGNORECASE
)
_NAME = re.compile(r"^Name:[ \t]*(?P<name>.*?)[ \t]*\((?P<login>[^()]*)\)[ \t]*$", re.MULTILINE)
_SUBMISSION = re.compile(
    r"^Submission Field:[ \t]*\n?(?P<text>.*?)(?=^(?:Comments|Files):|\Z)", re.MULTILINE | re.DOTALL
)
_FILES = re.compile(
    r"^[ \t]*Original filename:[ \t]*(?P<original>.+)\n[ \t]*Filename:[ \t]*(?P<stored>.+)$", re.MULTILINE
)
_NOTHING = re.compile(r"^There are no .{0,40}\.?$|^No student (?:submission|comments).*$", re.IGNORECASE)


@dataclass
class _Try:
    """One attempt: its files by name as stored, and the text file that describes it."""

    stamp: str
    files: dict[str, Path] = field(default_factory=dict)
    about: Path | None = None


def detect(names: Sequence[Parts], label: str) -> bool:
    """File names with ``_attempt_`` and a time."""
    return level_of(names, lambda part: _SIGN.match(part) is not None) is not None


def person(parts: Parts) -> int:
    """The file itself."""
    return len(parts) if _SIGN.match(parts[-1]) else 0


def read(desk: Desk) -> list[Person]:
    """Reads the newest attempt of everybody."""
    attempts: dict[tuple[str, str], _Try] = {}
    others = []
    for name in desk.tree.names:
        match = _SIGN.match(name[-1])
        if match is None:
            others.append("/".join(name))
            continue
        attempt = attempts.setdefault((match["before"], match["stamp"]), _Try(match["stamp"]))
        if match["file"]:
            attempt.files[name[-1]] = desk.tree.files[name]
        else:
            attempt.about = desk.tree.files[name]
    if others:
        desk.note(f"{listing(others)} not graded: the name tells no student.", desk.tree.label)
    people: dict[str, list[_Try]] = defaultdict(list)
    for (before, _), attempt in attempts.items():
        people[before].append(attempt)
    return [_person(desk, before, tries) for before, tries in people.items()]


def _person(desk: Desk, before: str, tries: list[_Try]) -> Person:
    # A user name may hold the sign between column and user; the attempt's text knows better.
    login = before.rpartition("_")[2]
    owner = Person(Identity(login=login, source_key=login))
    stamp = newest([(comparable(parse_time(one.stamp)), one.stamp) for one in tries], "The attempts of", owner) or ""
    chosen = next(one for one in tries if one.stamp == stamp)
    owner.places = [path for one in tries for path in one.files.values()]
    text = desk.read_text(chosen.about, owner).replace("\r\n", "\n") if chosen.about else ""
    found = _NAME.search(text)
    if found:
        fits = collision_key(before).endswith("_" + collision_key(found["login"]))
        login = found["login"] if fits else login
    owner.identity = Identity(found["name"] if found else "", login, source_key=login)
    owner.received = Received(parse_time(stamp), None, len(tries))
    original = {match["stored"].strip(): match["original"].strip() for match in _FILES.finditer(text)}
    for stored, path in chosen.files.items():
        match = _SIGN.match(stored)
        owner.add(original.get(stored) or (match["file"] if match else stored), path)
    typed = _SUBMISSION.search(text)
    if typed and not _NOTHING.match(typed["text"].strip()):
        desk.free_text(owner, "Submission Field", typed["text"])
    return owner
