"""ILIAS: reports in the structure of an exercise's multi-feedback."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from grader.errors import UsageError
from grader.exporting import files, matching
from grader.exporting.types import Export, LeftOut, Person

SYSTEM = "ilias"
_TOP = "multi_feedback"
_PERSON = re.compile(r"(?P<rest>.+)_(?P<uid>\d+)")
_MOST_ENTRIES = 100_000


def multi_feedback(people: Sequence[Person], structure: Path, out: Path) -> Export:
    """Puts reports into the folders of a structure ZIP that was downloaded from ILIAS.

    Args:
        people: Those who get a report.
        structure: The ZIP; files that are in it are not taken along.
        out: The archive to upload.

    Raises:
        UsageError: It is no such ZIP.
    """
    top, folders = _folders(structure)
    targets = [target for place, folder in enumerate(folders) if (target := _target(place, folder)) is not None]
    pairs, left_out = matching.match(people, targets, SYSTEM)
    export = Export(left_out=left_out)
    members: list[tuple[str, Path]] = []
    for person, target in pairs:
        if person.page_fault:
            export.left_out.append(LeftOut(person.student, person.page_fault))
            continue
        members.append((f"{top}/{folders[target.place]}/report.html", person.page))
        export.exported.append(person.student)
    if len(targets) > len(pairs):
        export.notes.append(f"{len(targets) - len(pairs)} of {len(targets)} folders stay empty")
    if members:
        files.write_zip(out, members, [f"{top}/", *(f"{top}/{folder}/" for folder in folders)])
        export.written = out
    return export


def _folders(structure: Path) -> tuple[str, list[str]]:
    """The top folder and the names of the people's folders below it."""
    try:
        with zipfile.ZipFile(structure) as archive:
            names = archive.namelist()[:_MOST_ENTRIES]
    except (OSError, zipfile.BadZipFile, NotImplementedError) as fault:
        message = f"{structure}: expected the ZIP of a multi-feedback structure, found none that can be read ({fault})."
        raise UsageError(message, hint="Download it from the exercise's assignment, tab for grades.") from fault
    paths = [name.strip("/").split("/") for name in names]
    tops = {parts[0] for parts in paths}
    folders = list(dict.fromkeys(parts[1] for parts, name in zip(paths, names, strict=True) if _is_person(parts, name)))
    if len(tops) != 1 or not next(iter(tops)).startswith(_TOP) or not folders:
        found = ", ".join(sorted(tops)[:3]) or "nothing"
        message = f"{structure}: expected one folder {_TOP}_… with a folder a person, found {found}."
        raise UsageError(message, hint="Download the structure from the exercise's assignment, tab for grades.")
    return next(iter(tops)), folders


def _is_person(parts: list[str], name: str) -> bool:
    inside = len(parts) > 2 or (len(parts) == 2 and name.endswith("/"))
    return inside and ".." not in parts and _PERSON.fullmatch(parts[1]) is not None


def _target(place: int, folder: str) -> matching.Target | None:
    """``<Last>_<First>_<login>_<id>``: each part may hold underscores, so all ways to divide it are readings."""
    match = _PERSON.fullmatch(folder)
    if match is None:
        return None
    words = match["rest"].split("_")
    ends = range(1, len(words))
    return matching.Target(
        place,
        folder,
        source_key=(match["uid"],),
        login=tuple("_".join(words[end:]) for end in ends),
        name=tuple(" ".join(words[:end]) for end in ends),
    )
