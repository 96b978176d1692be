"""GitHub Classroom: cloned repositories, ``<slug>-submissions/<slug>-<user or team>/``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from grader.intake.entries import archive_stem
from grader.intake.names import collision_key
from grader.intake.platforms.groups import expand
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.times import parse_time
from grader.intake.platforms.tree import Parts
from grader.intake.tables import read_csv
from grader.intake.types import Identity, Received

_SUFFIX = "-submissions"
_HIDDEN = {".github"}
_Row = tuple[Identity, Received]


def detect(names: Sequence[Parts], label: str) -> bool:
    """Folders that all begin with the slug of the folder around them."""
    slug, depth = _slug(names, label)
    folders = {name[depth] for name in names if len(name) > depth + 1}
    return bool(slug and folders) and all(folder.startswith(f"{slug}-") for folder in folders)


def person(parts: Parts) -> int:
    """The repository."""
    depth = 2 if parts[0].endswith(_SUFFIX) else 1
    return depth if len(parts) > depth else 0


def read(desk: Desk) -> list[Person]:
    """Reads every repository; those of teams for each member that ``grades.csv`` names."""
    slug, depth = _slug(desk.tree.names, desk.tree.label)
    rows = _roster(desk)
    people: list[Person] = []
    for folder in sorted(name for name in desk.tree.folders if len(name) == depth + 1):
        if folder[-1] in _HIDDEN or (depth and not folder[0].endswith(_SUFFIX)):
            continue
        user = folder[-1].removeprefix(f"{slug}-") if slug else folder[-1]
        owner = Person(Identity(login=user, source_key=folder[-1]), places=[desk.tree.folders[folder]])
        files = desk.tree.below(folder)
        owner.add_all({name: path for name, path in files.items() if name[0] not in _HIDDEN})
        people += _named(owner, rows.get(collision_key(folder[-1])) or rows.get(collision_key(user)) or [])
    _report_second_tries(desk, people)
    return people


def _slug(names: Sequence[Parts], label: str) -> tuple[str, int]:
    """The assignment's slug, and how many folders lie around the repositories."""
    tops = {name[0] for name in names if len(name) > 1}
    if len(tops) == 1 and (top := next(iter(tops))).endswith(_SUFFIX):
        return top.removesuffix(_SUFFIX), 1
    own = archive_stem(label) or label
    return (own.removesuffix(_SUFFIX), 0) if own.endswith(_SUFFIX) else ("", 0)


def _roster(desk: Desk) -> dict[str, list[_Row]]:
    """Repository or user → identities and times, by Classroom's ``grades.csv``."""
    found: dict[str, list[_Row]] = defaultdict(list)
    labels = ("github_username", "roster_identifier", "student_repository_name", "submission_timestamp", "group_name")
    for path in desk.tables():
        table = read_csv(path)
        if table is None or table.column("github_username") is None:
            continue
        for user, roster, repository, moment, group in zip(*(table.values((one,)) for one in labels), strict=True):
            email = roster if "@" in roster else ""
            name = "" if email else roster
            row = (Identity(name, user, email, group=group), Received(parse_time(moment)))
            for key in {collision_key(repository), collision_key(user)} - {""}:
                found[key].append(row)
    return found


def _named(owner: Person, rows: list[_Row]) -> list[Person]:
    if not rows:
        return [owner]
    owner.received = rows[0][1]
    group = rows[0][0].group or (owner.identity.login if len(rows) > 1 else "")
    return expand(owner, group, [identity for identity, _ in rows])


def _report_second_tries(desk: Desk, people: list[Person]) -> None:
    logins = {one.identity.login for one in people}
    for login in sorted(logins):
        first = login.removesuffix("-1")
        if first != login and first in logins:
            message = f"{login!r} may be a second repository of {first!r}: both are graded."
            desk.note(message, desk.tree.label, "Delete the one that does not count.")
