"""Groups that handed in together: one upload, a student for each member."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from grader.intake.names import collision_key
from grader.intake.platforms.people import Desk, Person
from grader.intake.tables import read_csv
from grader.intake.types import Identity

FILE_NAME = "groups.csv"
_GROUP = ("group", "group name", "team", "gruppe", "gruppenname")
_NAME = ("name", "member", "full name", "student", "mitglied", "vollständiger name")
_LOGIN = ("login", "user name", "username", "user", "github username", "benutzername")
_EMAIL = ("email", "e mail", "email address", "e mail adresse")
_NUMBER = ("registration number", "registration_number", "sid", "id number", "matrikelnummer", "student id")

Members = Mapping[str, Sequence[Identity]]


def listed_groups(desk: Desk) -> Members:
    """The members of each group by the ``groups.csv`` at the top of the class, if there is one.

    Returns:
        Group's name, as a collision key → its members.
    """
    found: dict[str, list[Identity]] = defaultdict(list)
    for path in desk.tables(FILE_NAME):
        table = read_csv(path)
        if table is None or table.column(*_GROUP) is None:
            desk.note("Not used: expected the columns group and name, login or email.", path.name)
            continue
        columns = [list(table.values(labels)) for labels in (_GROUP, _NAME, _LOGIN, _EMAIL, _NUMBER)]
        for group, name, login, email, number in zip(*columns, strict=True):
            if group and (name or login or email or number):
                key = name or login or email or number
                found[collision_key(group)].append(Identity(name, login, email, number, source_key=key, group=group))
    return found


def expand(person: Person, group: str, members: Sequence[Identity]) -> list[Person]:
    """A person for each member, all with the group's files and answers; the platform's key stays the group's."""
    people = []
    for member in members:
        identity = replace(member, group=group, source_key=person.identity.source_key or member.source_key)
        people.append(
            replace(
                person,
                identity=identity,
                files=dict(person.files),
                answers=dict(person.answers),
                raw=dict(person.raw),
                problems=list(person.problems),
                places=list(person.places),
            )
        )
    return people


def expand_listed(desk: Desk, people: Sequence[Person]) -> list[Person]:
    """Replaces every group of ``groups.csv`` among the people by its members."""
    members = listed_groups(desk)
    if not members:
        return list(people)
    result: list[Person] = []
    used: set[str] = set()
    for person in people:
        names = (person.identity.group, person.identity.name, person.identity.source_key, person.identity.login)
        key = next((collision_key(name) for name in names if name and collision_key(name) in members), None)
        # A platform that named the members itself is believed.
        if key is None or (person.identity.group and person.identity.name):
            result.append(person)
            continue
        used.add(key)
        result += expand(person, members[key][0].group, members[key])
    for key in sorted(set(members) - used):
        desk.note(f"The group {members[key][0].group!r} handed nothing in, or the class names its members.", FILE_NAME)
    return result
