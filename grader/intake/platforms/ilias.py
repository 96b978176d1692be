"""ILIAS: the submissions of an exercise, a folder a person."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from grader.errors import ArchiveError
from grader.intake.platforms import openolat_task
from grader.intake.platforms.keys import word_keys
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.times import parse_time
from grader.intake.platforms.tree import Parts, level_of, wrapper
from grader.intake.tables import Table, read_sheet
from grader.intake.types import Identity

_PERSON = re.compile(r"^(?P<rest>.+_.+_.+)_(?P<uid>\d+)$")
_TEAM = re.compile(r"^(?:Team|Gruppe|Équipe|Squadra|Group)\s+\d+$", re.IGNORECASE)
_LATE = re.compile(
    r"^(?:late submission|versp(?:ä|ae|a)tete abgabe|remise tardive|soumission tardive|consegna in ritardo)\s*-\s*",
    re.IGNORECASE,
)
_LAST, _FIRST = ("last name", "nachname", "nom", "cognome"), ("first name", "vorname", "prénom", "nome")
_LOGIN = ("login", "user name", "username", "benutzername", "anmeldename")
_TEXT = ("text", "submission", "abgabe", "answer", "texte", "testo", "submitted text")
_DATE = ("date", "datum", "last submission", "letzte abgabe", "submitted", "data")


class _Index:
    """People by the words of their logins and names."""

    def __init__(self, people: dict[str, Person]) -> None:
        self._people = people
        self._by_login: dict[str, list[Person]] = defaultdict(list)
        self._by_name: dict[str, list[Person]] = defaultdict(list)
        for person in people.values():
            self._enter(person)

    def find(self, name: str, login: str) -> list[Person]:
        """Those who have the login; those who may have the name where no login is given."""
        index, text = (self._by_login, login) if login else (self._by_name, name)
        found = {id(person): person for key in sorted(word_keys(text)) for person in index.get(key, ())}
        return list(found.values())

    def add(self, person: Person) -> Person:
        """Adds somebody who handed in no file."""
        self._people[f"\0{len(self._people)}"] = person
        self._enter(person)
        return person

    def _enter(self, person: Person) -> None:
        for key in word_keys(person.identity.login) if person.identity.login else ():
            self._by_login[key].append(person)
        for key in word_keys(person.identity.name):
            self._by_name[key].append(person)


def detect(names: Sequence[Parts], label: str) -> bool:
    """Folders ``<Last>_<First>_<login>_<id>`` on one level, directly or in teams'."""
    if openolat_task.detect(names, label):
        return False
    plain = [_without_teams(name) for name in names]
    return level_of(plain, lambda part: _PERSON.match(part) is not None, folders=True) is not None


def person(parts: Parts) -> int:
    """The last folder with a person's name."""
    return max((place + 1 for place, part in enumerate(parts[:-1]) if _PERSON.match(part)), default=0)


def read(desk: Desk) -> list[Person]:
    """Reads files, and texts from the workbooks of text assignments."""
    people: dict[str, Person] = {}
    teams: dict[Parts, list[Person]] = defaultdict(list)
    for folder in _people_folders(desk):
        match = _PERSON.match(folder[-1])
        uid = match["uid"] if match else folder[-1]
        owner = people.setdefault(uid, Person(_identity(folder[-1])))
        owner.places.append(desk.tree.folders[folder])
        _take(owner, desk, folder)
        if len(folder) > 1 and _TEAM.match(folder[-2]):
            teams[folder[:-1]].append(owner)
    for team, members in teams.items():
        _share(team[-1], members)
    index = _Index(people)
    for row in _texts(desk):
        _take_text(desk, index, row)
    return list(people.values())


def _without_teams(name: Parts) -> Parts:
    return tuple(part for place, part in enumerate(name) if place == len(name) - 1 or not _TEAM.match(part))


def _people_folders(desk: Desk) -> list[Parts]:
    """The folders of people, not those inside them."""
    found: set[Parts] = set()
    for folder in sorted(desk.tree.folders, key=len):
        outer = (folder[:depth] for depth in range(1, len(folder)))
        if _PERSON.match(folder[-1]) and found.isdisjoint(outer):
            found.add(folder)
    return sorted(found)


def _identity(folder: str) -> Identity:
    rest, _, uid = folder.rpartition("_")
    names, _, login = rest.rpartition("_")
    last, _, first = names.partition("_")
    name = f"{first} {last}" if "_" not in first else names.replace("_", " ")
    return Identity(name, login, source_key=uid)


def _take(owner: Person, desk: Desk, folder: Parts) -> None:
    late = owner.received.late
    for name, path in desk.tree.below(folder).items():
        plain = _LATE.sub("", name[-1])
        late = True if plain != name[-1] else late
        owner.add("/".join((*name[:-1], plain or name[-1])), path)
    owner.received = replace(owner.received, late=late)


def _share(team: str, members: list[Person]) -> None:
    """Gives everybody of a team what any of them handed in."""
    files = {name: path for member in members for name, path in member.files.items()}
    late = any(member.received.late for member in members) or None
    for member in members:
        member.files = dict(files)
        member.identity = replace(member.identity, group=team)
        member.received = replace(member.received, late=late)


def _texts(desk: Desk) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, login, date, text and title of the assignment, of the workbooks outside people's folders."""
    around = len(wrapper(desk.tree.names))
    for name in desk.tree.names:
        if person(name) or len(name) > around + 3 or not name[-1].lower().endswith(".xlsx"):
            continue
        try:
            table = Table(read_sheet(desk.tree.files[name]))
        except ArchiveError as error:
            desk.note(f"Not read: {error.args[0]}.", name[-1], error.hint)
            continue
        columns = [table.column(*labels) for labels in (_LAST, _FIRST, _LOGIN, _DATE, _TEXT)]
        if columns == [None] * len(columns) and len(table.header) == len(columns):
            columns = list(range(len(columns)))
        for record in table.records:
            last, first, login, date, text = (record[place] if place is not None else "" for place in columns)
            yield f"{first} {last}".strip(), login.strip(), date, text, name[-2] if len(name) > 1 else name[-1]


def _take_text(desk: Desk, index: _Index, row: tuple[str, str, str, str, str]) -> None:
    name, login, date, text, title = row
    if not text.strip():
        return
    own = index.find(name, login)
    if len(own) > 1:
        desk.note(f"Not used: several people may be {name!r} ({login}).", title)
        return
    owner = own[0] if own else index.add(Person(Identity(name, login, source_key=login)))
    if name:
        # Folders know ASCII only; the workbook has the names as they are.
        owner.identity = replace(owner.identity, name=name, login=login or owner.identity.login)
    desk.free_text(owner, title, text)
    owner.received = replace(owner.received, submitted_at=owner.received.submitted_at or parse_time(date))
