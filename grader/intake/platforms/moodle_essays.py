"""Moodle: essays and attachments of a quiz, as the report plug-in *essaydownload* packs them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from grader.intake.names import collision_key
from grader.intake.platforms.people import Desk, Person, newest
from grader.intake.platforms.times import comparable, parse_time
from grader.intake.platforms.tree import Parts, level_of
from grader.intake.types import Identity, Received

_ATTEMPT = re.compile(r"^(?P<name>.+)_(?P<attempt>\d+)_(?P<stamp>\d{8}_\d{6})(?:_(?P<rest>.+))?$")
_QUESTION = re.compile(r"^(?:Q|Question)_(?P<number>\d+)_-_(?P<title>.+)$")
_PIECE = re.compile(r"^(?:(?P<front>.*)_)?(?P<piece>response\.(?:txt|html?|pdf)|questiontext\.\w+|attachments)$")


@dataclass
class _Try:
    """One attempt of one person: question → text file, and attachments."""

    stamp: str
    texts: dict[tuple[str, str], Path] = field(default_factory=dict)
    files: list[tuple[tuple[str, str], str, Path]] = field(default_factory=list)
    places: set[Path] = field(default_factory=set)


def detect(names: Sequence[Parts], label: str) -> bool:
    """Names such as ``Question_1_-_…`` beside or below names with an attempt's number and time."""
    signs = (_QUESTION, _ATTEMPT)
    shown = (level_of(names, partial(_shows, sign)) is not None for sign in signs)
    return any(shown) and any(map(_sorted_out, names))


def person(parts: Parts) -> int:
    """The part that names the attempt."""
    return next((place + 1 for place, part in enumerate(parts) if _ATTEMPT.match(part)), 0)


def read(desk: Desk) -> list[Person]:
    """Reads the newest attempt of everybody."""
    people: dict[str, dict[str, _Try]] = defaultdict(dict)
    names: dict[str, str] = {}
    for name in desk.tree.names:
        found = _sorted_out(name)
        if found is None:
            desk.note("Not graded: its name tells no attempt and question.", "/".join(name))
            continue
        who, attempt, stamp, question, piece = found
        key = collision_key(who)
        names.setdefault(key, who)
        _put(people[key].setdefault(attempt, _Try(stamp)), question, piece, desk.tree.files[name])
        own = name[: person(name)]
        people[key][attempt].places.add(desk.tree.folders.get(own) or desk.tree.files[name])
    return [_person(desk, names[key], attempts) for key, attempts in people.items()]


def _shows(sign: re.Pattern[str], part: str) -> bool:
    return sign.match(part) is not None


def _sorted_out(name: Parts) -> tuple[str, str, str, tuple[str, str], str] | None:
    """Person, number and time of the attempt, question (title, label), and what the file is."""
    attempt = question = None
    piece = name[-1]
    for place, part in enumerate(name):
        rest = "/".join(name[place + 1 :])
        cut = _PIECE.match(part)
        front = cut["front"] if cut and cut["front"] else part
        attempt = attempt or _ATTEMPT.match(front)
        question = question or _QUESTION.match(front)
        if cut:
            piece = f"{cut['piece']}/{rest}" if rest else cut["piece"]
            break
    if attempt is None or question is None:
        return None
    labels = (question["title"].replace("_", " "), f"Question {question['number']}")
    return attempt["name"], attempt["attempt"], attempt["stamp"], labels, piece


def _put(attempt: _Try, question: tuple[str, str], piece: str, path: Path) -> None:
    kind, _, rest = piece.partition("/")
    if kind.startswith("response."):
        attempt.texts[question] = path
    elif not kind.startswith("questiontext."):
        attempt.files.append((question, rest or piece, path))


def _person(desk: Desk, who: str, attempts: dict[str, _Try]) -> Person:
    parts = who.split("_")
    name = f"{parts[1]} {parts[0]}" if len(parts) == 2 else " ".join(parts)
    owner = Person(Identity(name))
    times = [(comparable(parse_time(one.stamp)), number) for number, one in attempts.items()]
    number = newest(times, "The attempts", owner) or ""
    chosen = attempts[number]
    owner.identity = Identity(name, source_key=number)
    owner.places += sorted(place for one in attempts.values() for place in one.places)
    owner.received = Received(parse_time(chosen.stamp), None, len(attempts))
    for labels, path in chosen.texts.items():
        if path.suffix.lower() == ".pdf":
            owner.note("The text is a PDF and cannot be read.", path.name, "Export the responses as TXT.")
            owner.add(f"{desk.folder_of(labels)}/response.pdf", path)
        else:
            desk.typed(owner, labels, desk.read_text(path, owner), html=None)
    for labels, file, path in chosen.files:
        owner.add(f"{desk.folder_of(labels)}/{file}", path)
    return owner
