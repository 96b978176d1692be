"""OpenOlat: a *Task* element, ``<Last>_<First>_<login>/<n>_submissions/…`` with perhaps revisions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from grader.intake.matching import clean_stem
from grader.intake.names import collision_key, listing
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.tree import Parts, level_of
from grader.intake.types import Identity, Received

_STEP = re.compile(r"\d_(?P<step>task|submissions|corrections|revisions_(?P<round>\d+))$")


def detect(names: Sequence[Parts], label: str) -> bool:
    """Folders such as ``2_submissions`` in most people's folders."""
    return level_of(names, lambda part: _STEP.match(part) is not None, folders=True) in range(1, 5)


def person(parts: Parts) -> int:
    """The folder around the numbered ones."""
    return next((place for place, part in enumerate(parts) if place and _STEP.match(part)), 0)


def read(desk: Desk) -> list[Person]:
    """Reads the submissions, each file as last revised; what the staff put there is left out."""
    folders = sorted({name[: person(name)] for name in (*desk.tree.files, *desk.tree.folders) if person(name)})
    return [_person(desk, folder) for folder in folders]


def _person(desk: Desk, folder: Parts) -> Person:
    rest, _, login = folder[-1].rpartition("_")
    last, _, first = rest.partition("_")
    name = f"{first} {last}" if first and "_" not in first else rest.replace("_", " ")
    owner = Person(Identity(name.strip(), login, source_key=folder[-1]), places=[desk.tree.folders[folder]])
    rounds = sorted(
        (int(match["round"] or 0), sub)
        for sub in desk.tree.subfolders(folder)
        if (match := _STEP.match(sub[-1])) and match["step"] not in {"task", "corrections"}
    )
    kept: dict[str, Path] = {}
    replaced: list[str] = []
    attempt = None
    for number, sub in rounds:
        files = {"/".join(name): path for name, path in desk.tree.below(sub).items()}
        stems = {_stem(name) for name in files}
        older = [name for name in kept if _stem(name) in stems]
        replaced += [f"{name} ({kept.pop(name).parent.name})" for name in older]
        kept |= files
        attempt = number + 1 if files else attempt
    for name, path in kept.items():
        owner.add(name, path)
    if replaced:
        owner.note(f"{listing(sorted(replaced))} not graded: replaced in a later revision.", folder[-1])
    owner.received = Received(None, None, attempt)
    return owner


def _stem(name: str) -> str:
    parts = name.rpartition("/")
    return collision_key(parts[0] + parts[1] + clean_stem(parts[2]))
