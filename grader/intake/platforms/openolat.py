"""OpenOlat: the results of a test (*Export results*), or its workbook alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import ArchiveError
from grader.intake.names import collision_key, listing
from grader.intake.platforms.keys import olat_names
from grader.intake.platforms.openolat_items import Item, read_items
from grader.intake.platforms.openolat_results import ROOT, Answered, Attempt, marks, read_attempt
from grader.intake.platforms.openolat_sheet import (
    Cell,
    SheetRow,
    essay,
    is_result_sheet,
    read_rows,
    sheet_marks,
    too_long,
)
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.times import comparable
from grader.intake.platforms.tree import Parts, Tree, believable, wrapper
from grader.intake.platforms.xml import local, read_xml
from grader.intake.tables import read_sheet
from grader.intake.types import Identity, Received

_USERS = "userdata"
_ATTEMPT = re.compile(r".*?(\d+)$")
_RESULT = re.compile(r"\d+\.xml$", re.IGNORECASE)
_STORED = re.compile(r"(?P<stem>\w+?)_(?P<stamp>\d{8}T\d{6})\d*\.(?P<suffix>\w+)$")
_LOOKED_AT = 5


@dataclass
class _Test:
    """One test of the export.

    Attributes:
        base: The folder that holds ``userdata``.
        items: By identifier.
        rows: Attempts by the workbooks beside ``userdata``.
        used: Places of the rows that belong to a folder.
    """

    base: Parts
    items: dict[str, Item]
    rows: list[SheetRow]
    used: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        # One index a way of naming folders: a class may have ten thousand of them.
        self._places: list[dict[str, list[int]]] = []
        for names in (_whole_names, lambda row: olat_names(row.login), lambda row: olat_names(row.last)):
            index: dict[str, list[int]] = defaultdict(list)
            for place, row in enumerate(self.rows):
                for name in names(row):
                    index[name].append(place)
            self._places.append(index)

    def places(self, folder: str) -> list[int]:
        """The rows that a person's folder may belong to, by the names that OpenOlat's releases give to folders."""
        key = collision_key(folder)
        by_whole, by_login, by_last = self._places
        last = re.sub(r"_\d+$", "", key)
        return by_whole.get(key) or by_login.get(key) or (by_last.get(last, []) if last != key else [])


def detect(names: Sequence[Parts], label: str) -> bool:
    """A result report in ``userdata/<person>/<attempt>/``; or nothing but workbooks."""
    bases = {name[: name.index(_USERS)] for name in names if _is_result(name)}
    return believable(names, bases) or (not bases and _only_sheets(names))


def confirm(tree: Tree) -> bool:
    """Whether one of the first reports is one, or a workbook holds results."""
    results = [name for name in tree.names if _is_result(name)]
    for name in results[:_LOOKED_AT]:
        try:
            if local(read_xml(tree.files[name])) == ROOT:
                return True
        except ArchiveError:
            continue
    return not results and any(_is_sheet(tree.files[name]) for name in tree.names if name[-1].endswith(".xlsx"))


def person(parts: Parts) -> int:
    """``…/userdata/<person>``."""
    place = parts.index(_USERS) if _USERS in parts else len(parts)
    return place + 2 if len(parts) > place + 1 else 0


def read(desk: Desk) -> list[Person]:
    """Reads everybody's last attempt with answers."""
    tests = _tests(desk)
    people: dict[str, Person] = {}
    for test in tests:
        if not test.rows:
            message = "There is no workbook with the people: names and logins were read off the folders."
            desk.note(message, "/".join(test.base) or desk.tree.label)
        for folder in desk.tree.subfolders((*test.base, _USERS)):
            owner = people.setdefault(collision_key(folder[-1]), Person(_guessed(folder[-1])))
            owner.places.append(desk.tree.folders[folder])
            _read_person(desk, owner, folder, test)
        for found in _rest(test):
            key = collision_key(found[-1].login or found[-1].name)
            owner = people.setdefault(key, Person(_identity(found[-1], "")))
            _from_sheet(desk, owner, found, test)
            owner.note("There is no folder of this person: the answers come from the workbook, without uploads.")
    return list(people.values())


def _is_result(name: Parts) -> bool:
    return (
        len(name) >= 4
        and name[-4] == _USERS
        and _RESULT.match(name[-1]) is not None
        and _ATTEMPT.match(name[-2]) is not None
    )


def _only_sheets(names: Sequence[Parts]) -> bool:
    return bool(names) and all(name[-1].lower().endswith((".xlsx", ".csv", ".yaml", ".yml")) for name in names)


def _is_sheet(path: Path) -> bool:
    try:
        return is_result_sheet(read_sheet(path))
    except ArchiveError:
        return False


def _tests(desk: Desk) -> list[_Test]:
    bases = sorted(
        {name[: name.index(_USERS)] for name in (*desk.tree.folders, *desk.tree.files) if _USERS in name[:-1]}
    )
    tests = []
    for base in bases or [wrapper(desk.tree.names)]:
        rows: list[SheetRow] = []
        for name in desk.tree.names:
            if name[:-1] == base and name[-1].lower().endswith(".xlsx"):
                try:
                    rows += read_rows(desk.tree.files[name])
                except ArchiveError as error:
                    desk.note(f"Not read: {error.args[0]}.", name[-1], error.hint)
        tests.append(_Test(base, read_items(desk, base), rows))
    return tests


def _read_person(desk: Desk, owner: Person, folder: Parts, test: _Test) -> None:
    rows = _rows_of(owner, folder[-1], test)
    if rows:
        owner.identity = _identity(rows[-1], folder[-1])
    attempts = sorted(
        (int(match[1]), sub) for sub in desk.tree.subfolders(folder) if (match := _ATTEMPT.match(sub[-1]))
    )
    read = [(number, sub, *_attempt(desk, owner, sub)) for number, sub in attempts]
    counting = [entry for entry in read if (entry[2] is not None and entry[2].given) or entry[3]] or read
    if not counting:
        if rows:
            _from_sheet(desk, owner, rows, test)
        return
    number, sub, attempt, uploads = counting[-1]
    others = [str(other) for other, *_ in read if other != number]
    if others:
        owner.note(f"Attempt {', '.join(others)} not graded: attempt {number} is the last one with answers.", sub[-1])
    if attempt is None:
        owner.note("The result report cannot be read: answers come from the workbook, if it has them.", sub[-1])
        if rows:
            _from_sheet(desk, owner, rows, test)
        for name, path in uploads.items():
            owner.add(name, path)
    else:
        for answered in attempt.items:
            _take_item(desk, owner, answered, test, rows[-1] if rows else None)
        _take_uploads(desk, owner, attempt, uploads, test)
    finished = attempt.finished if attempt is not None else None
    owner.received = Received(finished or (rows[-1].date if rows else None), None, number)


def _attempt(desk: Desk, owner: Person, folder: Parts) -> tuple[Attempt | None, dict[str, Path]]:
    """The result report of an attempt, if it can be read, and all stored uploads."""
    files = desk.tree.below(folder)
    uploads = {"/".join(name[1:]): path for name, path in files.items() if name[0].lower() == "submissions"}
    attempt: Attempt | None = None
    for name in sorted(name for name in files if len(name) == 1 and _RESULT.match(name[0])):
        try:
            read = read_attempt(files[name])
        except ArchiveError as error:
            owner.note(f"Not read: {error.args[0]}.", name[0])
            continue
        attempt = read if attempt is None or read.given else attempt
    return attempt, uploads


def _take_item(desk: Desk, owner: Person, answered: Answered, test: _Test, row: SheetRow | None) -> None:
    item = test.items.get(answered.identifier)
    labels = (item.title if item else "", answered.identifier)
    kinds = {response.base_type for response in answered.responses}
    if "directedPair" in kinds and answered.given:
        pairs = next(response for response in answered.responses if response.base_type == "directedPair")
        found = marks(pairs, item)
        if found is None and row is not None:
            cell = next((cell for cell in row.cells if item is not None and cell.title == item.title), None)
            found = sheet_marks(cell, item) if cell is not None else None
        if found is not None:
            desk.marked(owner, labels, found)
        else:
            owner.note(
                "The marks cannot be read: the order of the statements is not in the export.", labels[0] or labels[1]
            )
    elif not kinds & {"file", "directedPair"}:
        choices = item.choices if item else {}
        values = [choices.get(value, value) for response in answered.responses for value in response.values]
        desk.typed(owner, labels, "\n".join(values), html=item.rich_text if item else None)


def _take_uploads(desk: Desk, owner: Person, attempt: Attempt, uploads: dict[str, Path], test: _Test) -> None:
    """Takes the uploads that the report names; earlier ones of the same person stay behind."""
    stored = {collision_key(name.rpartition("/")[2]): name for name in uploads}
    taken: set[str] = set()
    for answered in attempt.items:
        item = test.items.get(answered.identifier)
        for response in answered.responses:
            for value in response.values if response.base_type == "file" else ():
                wanted = re.split(r"[/\\]", value.strip())[-1]
                name = stored.get(collision_key(wanted)) or _newest_twin(wanted, uploads)
                if name is None:
                    owner.note("The upload is missing in the export.", wanted, "Ask for the file.")
                    continue
                if name.rpartition("/")[2] != wanted:
                    owner.note(f"The upload {wanted!r} is missing: the newest one of that name counts.", name)
                taken.add(name)
                folder = desk.folder_of((item.title if item else "", answered.identifier))
                owner.add(f"{folder}/{name.rpartition('/')[2]}", uploads[name])
    left = sorted(set(uploads) - taken)
    if left:
        owner.note(f"{listing(left)} not graded: replaced by later uploads, since the result report names others.")


def _newest_twin(wanted: str, uploads: dict[str, Path]) -> str | None:
    """The newest stored upload that had the same name before OpenOlat added a time stamp."""
    match = _STORED.match(wanted)
    twins = [
        (found["stamp"], name)
        for name in uploads
        if match and (found := _STORED.match(name.rpartition("/")[2])) and found["stem"] == match["stem"]
    ]
    return max(twins)[1] if twins else None


def _from_sheet(desk: Desk, owner: Person, rows: Sequence[SheetRow], test: _Test) -> None:
    """Takes the answers of the last attempt in the workbook."""
    row = rows[-1]
    by_title = {item.title: item for item in test.items.values()}
    by_number = {item.number: item for item in test.items.values()}
    for cell in row.cells:
        item = by_title.get(cell.title) or by_number.get(cell.number)
        _take_cell(desk, owner, cell, item)
    owner.received = Received(row.date, None, len(rows) if len(rows) > 1 else None)


def _take_cell(desk: Desk, owner: Person, cell: Cell, item: Item | None) -> None:
    labels = (cell.title, item.identifier if item else f"item {cell.number}")
    if cell.upload:
        owner.note("The workbook names an upload, which is in the full export only.", cell.upload)
    elif not any(cell.values):
        return
    elif cell.kind in {"K", "KP"}:
        found = sheet_marks(cell, item)
        if found is not None:
            desk.marked(owner, labels, found)
        else:
            owner.note("The marks cannot be read off the workbook: it lacks the order of the statements.", cell.title)
    else:
        text = "\n".join(map(essay, cell.values)) if cell.kind == "U" else "\n".join(filter(None, cell.values))
        if any(map(too_long, cell.values)):
            owner.note("The text may be cut: it is as long as a cell can be.", cell.title)
        desk.typed(owner, labels, text, html=item.rich_text if item else None)


def _rows_of(owner: Person, folder: str, test: _Test) -> list[SheetRow]:
    """The rows of the person whose folder this is."""
    places = test.places(folder)
    test.used.update(places)
    if len({_who(test.rows[place]) for place in places}) > 1:
        owner.note("Several people of the workbook fit this folder: none of them was taken.", folder)
        return []
    return sorted((test.rows[place] for place in places), key=lambda row: comparable(row.date))


def _whole_names(row: SheetRow) -> frozenset[str]:
    lasts = olat_names(row.last) if row.last else frozenset({"anonym"})
    return frozenset(
        "_".join((last, first, login))
        for last in lasts
        for first in olat_names(row.first)
        for login in olat_names(row.login)
    )


def _who(row: SheetRow) -> tuple[str, str, str]:
    return collision_key(row.login), collision_key(row.number), collision_key(row.name)


def _rest(test: _Test) -> list[list[SheetRow]]:
    """The attempts of people who have no folder, by person."""
    found: dict[tuple[str, str, str], list[SheetRow]] = defaultdict(list)
    for place, row in enumerate(test.rows):
        if place not in test.used:
            found[_who(row)].append(row)
    return [sorted(rows, key=lambda row: comparable(row.date)) for rows in found.values()]


def _identity(row: SheetRow, folder: str) -> Identity:
    return Identity(row.name, row.login, row.email, row.number, source_key=folder or row.login or row.name)


def _guessed(folder: str) -> Identity:
    """What the folder alone tells: ``<Last>_<First>_<login>``, ``<Last>_<id>`` or ``<login>``."""
    parts = folder.split("_")
    if len(parts) == 1:
        return Identity(login=folder, source_key=folder)
    if parts[-1].isdigit():
        return Identity(name=" ".join(parts[:-1]), source_key=folder)
    name = f"{parts[1]} {parts[0]}" if len(parts) == 3 else " ".join(parts[:-1])
    return Identity(name=name, login=parts[-1], source_key=folder)
