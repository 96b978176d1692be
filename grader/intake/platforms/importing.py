"""A class as a platform exports it → people, and from there the neutral layout."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grader.errors import UsageError
from grader.intake.archive import Unpacked, Uploaded
from grader.intake.platforms.groups import expand_listed
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.questions import QuestionMap
from grader.intake.platforms.registry import AUTO, Origin, Platform, confirmed
from grader.intake.platforms.tree import Tree
from grader.intake.platforms.writing import Neutral, write_people
from grader.intake.types import Limits, Problem


@dataclass(frozen=True)
class Source:
    """A class before it is known what it is.

    Attributes:
        tree: Its files.
        candidates: Platforms whose signs the names show.
        unpacked: What happened while it was unpacked, by the folder or file concerned.
        uploaded: Names as uploaded.
    """

    tree: Tree
    candidates: Sequence[Platform]
    unpacked: Mapping[Path, Unpacked]
    uploaded: Uploaded


def bring_in(
    source: Source,
    origin: Origin,
    root: Path,
    questions: Collection[str] | Mapping[str, str] = (),
    limits: Limits | None = None,
) -> Neutral | None:
    """Writes a class in the neutral layout.

    Args:
        source: The class.
        origin: What the user says of it.
        root: Where the layout is written; does not exist yet, or is empty.
        questions: Ids of the course's questions, perhaps with their titles.
        limits: Bounds on uploads.

    Returns:
        The layout, or None when the source is in it already.

    Raises:
        UsageError: The user named a platform of which there is nothing to be seen.
    """
    platform = confirmed(source.candidates, origin, source.tree)
    if platform is None:
        return None
    limits = limits or Limits()
    desk = Desk(source.tree, QuestionMap(questions, origin.mapping), limits, platform.person)
    people = expand_listed(desk, platform.read(desk))
    if not people:
        _refuse(platform, origin, source.tree.label)
    neutral = Neutral(root, platform.name, platform.title)
    loose = _share_out(source, people)
    people = [replace(person, problems=_placed(person)) for person in people]
    write_people(neutral, people, limits, source.uploaded)
    desk.finish()
    said = Problem(f"Recognised as {platform.title}: {len(people)} students.", source.tree.label)
    neutral.class_problems = [said, *loose, *desk.problems]
    return neutral


def _refuse(platform: Platform, origin: Origin, label: str) -> None:
    named = origin.platform != AUTO or origin.pattern is not None
    message = f"{label} was read as {platform.title}, and nobody's submission was found."
    hint = "Leave --from and --pattern out." if named else "Give --from neutral if it holds a folder a student."
    raise UsageError(message, hint=hint)


def _share_out(source: Source, people: Sequence[Person]) -> list[Problem]:
    """Gives what happened while unpacking to the person concerned; returns what is nobody's."""
    owners: dict[Path, list[Person]] = {}
    for person in people:
        for place in person.places:
            owners.setdefault(place, []).append(person)
    loose: list[Problem] = []
    for place, result in source.unpacked.items():
        own = next((owners[path] for path in (place, *place.parents) if path in owners), None)
        if own is None:
            loose += result.problems
        for person in own or ():
            person.problems[:0] = result.problems
    return loose


def _placed(person: Person) -> list[Problem]:
    """The problems, each with a place: what the platform calls the student unless it names a file."""
    own = person.identity.source_key or person.identity.name
    return [problem if problem.where else replace(problem, where=own) for problem in person.problems]
