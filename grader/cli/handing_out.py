"""What the commands that hand results out share: options, and what they print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from grader.cli.progress import plain
from grader.course import Course, load_course
from grader.errors import UsageError
from grader.exporting import files
from grader.exporting.reports import ClassReports, read_reports
from grader.exporting.titles import is_of
from grader.exporting.types import Export, Person
from grader.reporting import text
from grader.rubric_modules import bundled_course

PATH = click.Path(path_type=Path)
_LONGEST_WHY = 400
_SHOWN = 10


@dataclass(frozen=True)
class Order:
    """What is to be handed out, and where to. Attributes: the class and the file or folder."""

    reports: ClassReports
    out: Path

    @property
    def people(self) -> tuple[Person, ...]:
        """Those who get a report."""
        return self.reports.people


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which results are handed out."""
    for option in (
        click.option("--force", is_flag=True, help="Replace what is there already."),
        click.option(
            "--allow-provisional", is_flag=True, help="Hand out results with open questions, too; they may change."
        ),
        click.option("--students", type=PATH, help="Who the students are; default: students.csv in the reports."),
        click.option(
            "--reports", type=PATH, default=Path("reports"), show_default=True, help="Folder that a run wrote."
        ),
    ):
        command = option(command)
    return command


def order(out: Path, given: dict[str, Any], *, folder: bool = False) -> Order:
    """Reads the class, after a look whether the result may be written.

    Raises:
        UsageError: The name is taken, or there are no reports.
    """
    files.check_free(out, force=given["force"], folder=folder)
    reports = read_reports(given["reports"], table=given["students"], allow_provisional=given["allow_provisional"])
    return Order(reports, out)


def fitting_course(asked: Order, course: Path | None) -> Course | None:
    """The course pack of the reports, for its words; None when neither the given nor the bundled one is theirs.

    Raises:
        CourseError: The course pack is missing or wrong.
        UsageError: The course pack that was given is of another exam.
    """
    found = load_course(course or bundled_course())
    if is_of(found, asked.people):
        return found
    if course is None:
        return None
    message = f"--course {course}: expected the course pack of these reports, found one with other questions or points."
    raise UsageError(message)


def course_title(asked: Order, course: Path | None) -> str:
    """Name of the exam, or ``""`` where nobody knows.

    Raises:
        UserError: See :func:`fitting_course`.
    """
    found = fitting_course(asked, course)
    return found.title if found else ""


def finish(asked: Order, export: Export) -> int:
    """Prints what was done and names those left out; the exit status is 1 when there are any."""
    console = Console(highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    if absent := asked.reports.absent:
        shown = ", ".join(absent[:_SHOWN]) + (f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else "")
        say(f"note: students without a report: {plain(shown)}")
    for note in dict.fromkeys(export.notes):
        say(f"note: {plain(note)}")
    left_out = [*asked.reports.left_out, *export.left_out]
    for entry in left_out:
        say(f"left out: {plain(entry.student)}: {plain(text.clip(entry.why, _LONGEST_WHY))}")
    if export.written is None:
        say("Nothing was written: nobody is left.")
        return 1
    count = len(export.exported)
    say(f"{export.written}: {count} {'student' if count == 1 else 'students'}, {len(left_out)} left out")
    return 1 if left_out else 0
