"""The platforms in the order in which they are recognised, each by signs that the ones before do not show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grader.errors import UsageError
from grader.intake.platforms import (
    blackboard,
    canvas,
    github_classroom,
    gradescope,
    ilias,
    moodle,
    moodle_essays,
    nbgrader,
    openolat,
    openolat_task,
    pattern,
)
from grader.intake.platforms.people import Reader
from grader.intake.platforms.tree import Parts, Tree

AUTO, NEUTRAL = "auto", "neutral"


@dataclass(frozen=True)
class Origin:
    """What the user says of the source.

    Attributes:
        platform: Name of a platform, ``auto`` or ``neutral``.
        pattern: Regular expression of file names, or None.
        mapping: Title or identifier of an item → question id.
    """

    platform: str = AUTO
    pattern: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Platform:
    """A platform whose exports can be read.

    Attributes:
        name: For ``--from`` and ``students.csv``.
        title: For people.
        detect: Whether the names of the files (by parts) and the source's own name show its signs.
        read: Reads the class.
        person: How many parts of a file's name belong to one student's upload; 0 for files of nobody.
        confirm: Whether the files hold what their names promise.
    """

    name: str
    title: str
    detect: Callable[[Sequence[Parts], str], bool]
    read: Reader
    person: Callable[[Parts], int] = lambda parts: 0
    confirm: Callable[[Tree], bool] = lambda tree: True


PLATFORMS = (
    Platform("openolat", "OpenOlat test", openolat.detect, openolat.read, openolat.person, openolat.confirm),
    Platform(
        "gradescope", "Gradescope export", gradescope.detect, gradescope.read, gradescope.person, gradescope.confirm
    ),
    Platform("moodle", "Moodle assignment", moodle.detect, moodle.read, moodle.person),
    Platform("moodle-essays", "Moodle quiz essays", moodle_essays.detect, moodle_essays.read, moodle_essays.person),
    Platform("blackboard", "Blackboard assignment", blackboard.detect, blackboard.read, blackboard.person),
    Platform("ilias", "ILIAS exercise", ilias.detect, ilias.read, ilias.person),
    Platform("canvas", "Canvas assignment", canvas.detect, canvas.read, canvas.person),
    Platform("nbgrader", "nbgrader course", nbgrader.detect, nbgrader.read, nbgrader.person),
    Platform(
        "github-classroom",
        "GitHub Classroom",
        github_classroom.detect,
        github_classroom.read,
        github_classroom.person,
    ),
    Platform("openolat-task", "OpenOlat task", openolat_task.detect, openolat_task.read, openolat_task.person),
)
NAMES = (AUTO, NEUTRAL, *(platform.name for platform in PLATFORMS))


def wanted(origin: Origin) -> Platform | None:
    """The platform that the user names, or None when it is to be recognised or neutral.

    Raises:
        UsageError: There is no such platform, or the pattern is wrong.
    """
    if origin.platform not in NAMES:
        message = f"There is no platform {origin.platform!r}."
        raise UsageError(message, hint=f"Known are {', '.join(NAMES)}.")
    if origin.pattern is not None:
        if origin.platform != AUTO:
            message = f"A pattern and the platform {origin.platform!r} were given: only one can count."
            raise UsageError(message, hint="Leave one of them out.")
        expression = pattern.compiled(origin.pattern)
        own = pattern.person(expression)
        return Platform("pattern", "file names", lambda names, label: True, pattern.reader(expression), own)
    return next((platform for platform in PLATFORMS if platform.name == origin.platform), None)


def recognised(origin: Origin, names: Sequence[Parts], label: str) -> list[Platform]:
    """The platforms whose signs the names show, most likely first; the one the user names, whatever they show."""
    chosen = wanted(origin)
    if chosen is not None:
        return [chosen]
    if origin.platform == NEUTRAL:
        return []
    return [platform for platform in PLATFORMS if platform.detect(names, label)]


def confirmed(platforms: Sequence[Platform], origin: Origin, tree: Tree) -> Platform | None:
    """The first one whose files hold what their names promise."""
    if origin.platform != AUTO or origin.pattern is not None:
        return platforms[0] if platforms else None
    return next((platform for platform in platforms if platform.confirm(tree)), None)


def depth_of(platforms: Sequence[Platform]) -> Callable[[Parts], int] | None:
    """How many parts of a file's name belong to one student's folder, for unpacking."""
    return platforms[0].person if platforms else None
