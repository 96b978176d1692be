"""Gradescope: *Export submissions*, with the grades' CSV beside it if there is one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from grader.intake.platforms.groups import expand
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.times import parse_time
from grader.intake.platforms.tree import Parts, Tree, believable
from grader.intake.tables import read_csv
from grader.intake.types import MIB, Identity, Received

METADATA = "submission_metadata.yml"
_FOLDER = re.compile(r"submission_\d+$")
_LARGEST_BYTES = 64 * MIB
# Texts only: registration numbers stay as written, and no tag makes an object.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def detect(names: Sequence[Parts], label: str) -> bool:
    """A file ``submission_metadata.yml`` beside the submissions."""
    return believable(names, {name[:-1] for name in names if name[-1] == METADATA})


def confirm(tree: Tree) -> bool:
    """Whether the metadata speak of files that are there."""
    for name in tree.names:
        if name[-1] == METADATA:
            known = {part for other in (*tree.files, *tree.folders) for part in other[len(name) - 1 : len(name)]}
            if known & set(_metadata(tree.files[name]) or ()):
                return True
    return False


def person(parts: Parts) -> int:
    """The folder of a submission."""
    return next((place + 1 for place, part in enumerate(parts) if _FOLDER.match(part)), 0)


def read(desk: Desk) -> list[Person]:
    """Reads every submission; those of groups for each member."""
    people: list[Person] = []
    grades = _grades(desk)
    for name in desk.tree.names:
        if name[-1] != METADATA or any(_FOLDER.match(part) for part in name[:-1]):
            continue
        metadata = _metadata(desk.tree.files[name])
        if metadata is None:
            desk.note("It cannot be read: who handed in what is not known.", name[-1], "Export it again.")
        base = name[:-1]
        for key, entry in (metadata or {}).items():
            place = (*base, key)
            if _FOLDER.match(key) or place in desk.tree.files or place in desk.tree.folders:
                people += _submission(desk, place, entry, grades)
        known = set(metadata or {})
        for folder in desk.tree.subfolders(base):
            if _FOLDER.match(folder[-1]) and folder[-1] not in known:
                owner = Person(Identity(source_key=folder[-1]), places=[desk.tree.folders[folder]])
                owner.add_all(desk.tree.below(folder))
                owner.note("The metadata do not say whose submission this is.", folder[-1])
                people.append(owner)
    return people


def _submission(
    desk: Desk, place: Parts, entry: Any, grades: dict[str, tuple[bool | None, int | None]]
) -> list[Person]:
    entry = entry if isinstance(entry, dict) else {}
    key = place[-1]
    moment = parse_time(str(entry.get(":created_at", "")))
    number = re.sub(r"\D", "", key)
    late, attempt = grades.get(number, (None, None))
    owner = Person(Identity(source_key=key), Received(moment, late, attempt))
    if place in desk.tree.files:
        owner.add(key, desk.tree.files[place])
    owner.add_all(desk.tree.below(place))
    path = desk.tree.folders.get(place) or desk.tree.files.get(place)
    owner.places += [path] if path else []
    if path is None:
        owner.note("The metadata name this submission, but its files are missing.", key, "Export it again.")
    submitters = [one for one in entry.get(":submitters") or () if isinstance(one, dict)]
    members = [
        Identity(_text(one, ":name"), "", _text(one, ":email"), _text(one, ":sid"), source_key=key)
        for one in submitters
    ]
    if not members:
        owner.note("The metadata do not say whose submission this is.", key)
        return [owner]
    return expand(owner, key if len(members) > 1 else "", members)


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key, "")
    return value.strip() if isinstance(value, str) and value not in {"null", "~"} else ""


def _metadata(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return None
        document = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 - a loader of texts
    except (OSError, yaml.YAMLError, RecursionError, ValueError):
        return None
    return {str(key): value for key, value in document.items()} if isinstance(document, dict) else None


def _grades(desk: Desk) -> dict[str, tuple[bool | None, int | None]]:
    """Submission id → late, and the number of the submission, by the grades' CSV."""
    found: dict[str, tuple[bool | None, int | None]] = {}
    for path in desk.tables():
        table = read_csv(path)
        if table is None or table.column("Submission ID") is None:
            continue
        lateness = next((n for n, title in enumerate(table.header) if title.startswith("Lateness")), None)
        columns = [table.values((label,)) for label in ("Submission ID", "Submission Count")]
        for record, ident, count in zip(table.records, *columns, strict=True):
            late = re.search(r"[1-9]", record[lateness]) is not None if lateness is not None else None
            found[ident] = (late, int(count) if count.isdigit() else None)
    return found
