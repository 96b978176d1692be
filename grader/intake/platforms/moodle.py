"""Moodle: all submissions of an assignment, with the grading worksheet beside them if it was downloaded, too."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from grader.intake.names import collision_key
from grader.intake.platforms.groups import expand
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.times import parse_time
from grader.intake.platforms.tree import Parts, level_of
from grader.intake.tables import Table, read_csv
from grader.intake.types import Identity, Received

_SIGN = re.compile(
    r"^(?P<name>[^_]+)(?:_(?P<pid>\d+))?_assignsubmission_(?P<plugin>file|onlinetext)(?:_(?P<file>.*))?$", re.DOTALL
)
_ANONYMOUS = {"participant", "teilnehmer/in", "teilnehmer", "teilnehmende", "participante", "partecipante"}
_PID = re.compile(r"(\d+)\s*$")
_GROUP = ("group", "gruppe", "groupe", "gruppo")
_NUMBER = ("id number", "idnumber", "matrikelnummer", "student id", "id nummer", "registration number")
_LOGIN = ("username", "user name", "anmeldename", "benutzername")
_NAME = ("full name", "vollständiger name", "nom complet", "nome completo", "name")
_MODIFIED = ("last modified", "zuletzt geändert", "dernière modification", "ultima modifica")
_STATUS = ("status", "statut", "stato")
_LATE = re.compile(r"\blate\b|verspätet|zu spät|en retard|in ritardo", re.IGNORECASE)


@dataclass
class _Worksheet:
    """The grading worksheet: participant number → identity and times; group → members."""

    people: dict[str, tuple[Identity, Received]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def detect(names: Sequence[Parts], label: str) -> bool:
    """Names with ``_assignsubmission_file`` or ``…_onlinetext`` on one level."""
    return level_of(names, lambda part: _SIGN.match(part) is not None) is not None


def person(parts: Parts) -> int:
    """The part with the sign."""
    return next((place + 1 for place, part in enumerate(parts) if _SIGN.match(part)), 0)


def read(desk: Desk) -> list[Person]:
    """Reads files and online texts; a team's are given to each member that is known."""
    parts: dict[tuple[Parts, str, str], list[Parts]] = defaultdict(list)
    for place in sorted({name[: person(name)] for name in (*desk.tree.files, *desk.tree.folders) if person(name)}):
        match = _SIGN.match(place[-1])
        if match:
            parts[place[:-1], match["pid"] or "", match["name"]].append(place)
    if len({parent for parent, _, _ in parts}) > 1:
        message = "Several assignments lie here: nobody's submissions to them were joined."
        desk.note(message, desk.tree.label, "Import one assignment at a time.")
    sheet = _worksheet(desk, {pid for _, pid, _ in parts if pid})
    people = []
    for (_, pid, name), places in parts.items():
        anonymous = collision_key(name) in _ANONYMOUS
        owner = Person(Identity("" if anonymous else name, source_key=pid or name))
        for place in places:
            _take(desk, owner, place)
        people += _identified(owner, pid, name, sheet)
    return people


def _take(desk: Desk, owner: Person, place: Parts) -> None:
    match = _SIGN.match(place[-1])
    files = desk.tree.below(place)
    path = desk.tree.folders.get(place) or desk.tree.files.get(place)
    if path is not None:
        owner.places.append(path)
    if match and place in desk.tree.files:
        files = {((match["file"] or place[-1]),): desk.tree.files[place]}
    for name, file in files.items():
        if match and match["plugin"] == "onlinetext" and name[-1].lower().endswith((".html", ".txt")):
            desk.free_text(owner, "onlinetext", desk.read_text(file, owner), html=None)
        else:
            owner.add("/".join(name), file)


def _identified(owner: Person, pid: str, name: str, sheet: _Worksheet) -> list[Person]:
    """The person with what the worksheet says, or the members of the team."""
    if pid in sheet.people:
        known, owner.received = sheet.people[pid]
        owner.identity = replace(known, name=known.name or owner.identity.name, source_key=pid, group="")
        return [owner]
    members = [sheet.people[member] for member in sheet.groups.get(collision_key(name), ())]
    if not members:
        return [owner]
    people = expand(owner, name, [identity for identity, _ in members])
    return [
        replace(one, identity=replace(one.identity, source_key=identity.source_key), received=received)
        for one, (identity, received) in zip(people, members, strict=True)
    ]


def _worksheet(desk: Desk, pids: set[str]) -> _Worksheet:
    """The tables in which participant numbers stand; read by what the cells hold, since titles are translated."""
    sheet = _Worksheet()
    for path in desk.tables():
        table = read_csv(path)
        if table is not None and table.records:
            place = _pid_column(table, pids)
            if place is not None:
                _read_worksheet(sheet, table, place)
    return sheet


def _pid_column(table: Table, pids: set[str]) -> int | None:
    """The first column whose cells end in numbers, all different, some of which are participants' here or teams do."""
    for place in range(min(2, len(table.header))):
        found = [match[1] for record in table.records if (match := _PID.search(record[place]))]
        distinct = len(found) == len(set(found)) == len(table.records)
        if distinct and (pids & set(found) or table.column(*_GROUP) is not None):
            return place
    return None


def _read_worksheet(sheet: _Worksheet, table: Table, place: int) -> None:
    columns = [table.column(*labels) for labels in (_NAME, _LOGIN, _NUMBER, _GROUP, _STATUS)]
    modified = next((n for n, title in enumerate(table.header) if title.casefold().startswith(_MODIFIED)), None)
    for record in table.records:
        pid = _PID.search(record[place])
        if pid is None:
            continue
        name, login, number, group, status = (record[n].strip() if n is not None else "" for n in columns)
        email = next((cell.strip() for cell in record if re.fullmatch(r"\S+@\S+\.\S+", cell.strip())), "")
        identity = Identity(name, login, email, number, source_key=pid[1], group=group)
        moment = parse_time(record[modified]) if modified is not None else None
        sheet.people[pid[1]] = (identity, Received(moment, True if _LATE.search(status) else None, None))
        if group:
            sheet.groups[collision_key(group)].append(pid[1])
