"""Finds the people of a class in another program's file; whom it cannot find without doubt it leaves out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.exporting import names
from grader.exporting.types import LeftOut, Person

_FIELDS = ("login", "email", "registration_number")
# What evidence is called in messages.
_KEY = "number of the system"
_NAMES = ("name", "spelling of the name")
Evidence = tuple[str, set[int]]


@dataclass(frozen=True)
class Target:
    """A person of the other file. Several values of a field are several readings of it.

    Attributes:
        place: Where in the file, e.g. the number of the row.
        label: For messages, e.g. ``"row 3, Anna-Lena Müller"``.
        source_key: What the system calls the person.
        login: User names.
        email: E-mail addresses.
        registration_number: Numbers of the university.
        name: Full names, in any order of their parts.
    """

    place: int
    label: str
    source_key: tuple[str, ...] = ()
    login: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    registration_number: tuple[str, ...] = ()
    name: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """Somebody's place. Attributes: the place, and whether more than a name leads there."""

    target: Target
    sure: bool


class Directory:
    """The people of the other file, found by anything that is known of them.

    Args:
        targets: The people.
        system: Name of the importer whose keys the file has.
        of_groups: Keys that the members of a group share.

    A person is found when everything that is known points to one place: a login that leads to one row and a name that
    leads to another lead to none.
    """

    def __init__(self, targets: Sequence[Target], system: str, of_groups: frozenset[str] = frozenset()) -> None:
        self._targets = targets
        self._system = system
        self._of_groups = of_groups
        self._exact: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._spelled: dict[str, set[int]] = defaultdict(set)
        for index, target in enumerate(targets):
            for field in ("source_key", *_FIELDS):
                for value in getattr(target, field):
                    self._exact[field, _key(value)].add(index)
            for name in target.name:
                self._exact["name", names.exact_key(name)].add(index)
                for key in names.spelling_keys(name):
                    self._spelled[key].add(index)
        self._exact.pop(("name", ""), None)

    def find(self, person: Person) -> Found | str:
        """The person's place, or why there is none."""
        evidence = self._evidence(person)
        if not evidence:
            return "nobody there has this name, login, address or number"
        common = set.intersection(*(found for _, found in evidence))
        if not common:
            said = "; ".join(f"by {field}: {self._labels(found)}" for field, found in evidence)
            return f"what is known of the student points to different people there ({said})"
        if len(common) > 1:
            return f"several people there fit: {self._labels(common)}"
        target = self._targets[next(iter(common))]
        # The number may be that of another assignment, where it belongs to somebody else.
        if {field for field, _ in evidence} == {_KEY} and self._another(person, target):
            return f"the number {person.identity.source_key} belongs to somebody else there ({target.label})"
        return Found(target, sure=any(field not in _NAMES for field, _ in evidence))

    def _evidence(self, person: Person) -> list[Evidence]:
        evidence = list(self._numbers(person))
        exact = self._exact.get(("name", names.exact_key(person.name)), set())
        alike = self._alike(person.name)
        # The same letters count for more than similar ones, but do not contradict a login.
        if evidence and exact | alike:
            evidence.append((_NAMES[0], exact | alike))
        elif exact:
            evidence.append((_NAMES[0], exact))
        elif alike:
            evidence.append((_NAMES[1], alike))
        return evidence

    def _numbers(self, person: Person) -> Iterator[Evidence]:
        identity = person.identity
        own = identity.system in {"", self._system} and identity.source_key not in self._of_groups
        if identity.source_key and own:
            yield from self._known(_KEY, "source_key", identity.source_key)
        for field in _FIELDS:
            # Without students.csv, the folder's name is all there is; it may be a login or a number as well.
            value = getattr(identity, field) if identity.listed else identity.id
            yield from self._known(field.replace("_", " "), field, value)

    def _known(self, said: str, field: str, value: str) -> Iterator[Evidence]:
        found = self._exact.get((field, _key(value)), set()) if value else set()
        if found:
            yield said, found

    def _alike(self, name: str) -> set[int]:
        candidates = set().union(*(self._spelled.get(key, set()) for key in names.spelling_keys(name)))
        return {
            index
            for index in candidates
            if any(names.same_spelling(name, other) for other in self._targets[index].name)
        }

    def _another(self, person: Person, target: Target) -> bool:
        known = [name for name in target.name if name]
        return bool(person.identity.name and known) and not any(
            names.same_spelling(person.name, name) or names.same_letters(person.name, name) for name in known
        )

    def _labels(self, found: set[int]) -> str:
        labels = [self._targets[index].label for index in sorted(found)]
        return ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")


def match(
    people: Sequence[Person], targets: Sequence[Target], system: str
) -> tuple[list[tuple[Person, Target]], list[LeftOut]]:
    """Who is who.

    Args:
        people: Those who get a report.
        targets: Those whom the other file has.
        system: Name of the importer whose keys the file has, e.g. ``"moodle"``.

    Returns:
        People with their places, each place once; and those who have none, with the reason.
    """
    keys = Counter(person.identity.source_key for person in people if person.identity.group)
    # What a platform calls the submission of a group tells none of its members.
    directory = Directory(targets, system, frozenset(key for key, count in keys.items() if count > 1))
    found = [(person, directory.find(person)) for person in people]
    claims: dict[int, list[bool]] = defaultdict(list)
    for _, place in found:
        if isinstance(place, Found):
            claims[place.target.place].append(place.sure)
    pairs: list[tuple[Person, Target]] = []
    left_out: list[LeftOut] = []
    for person, place in found:
        if isinstance(place, str):
            left_out.append(LeftOut(person.student, place))
            continue
        own = claims[place.target.place]
        # A namesake takes no place from the one whom a login or number leads there.
        if len(own) == 1 or (place.sure and own.count(True) == 1):
            pairs.append((person, place.target))
        else:
            left_out.append(LeftOut(person.student, f"several students fit {place.target.label}"))
    return pairs, left_out


def _key(value: str) -> str:
    return names.exact_key(value)
