"""``grade import``: a learning platform's export → the neutral layout for good; options that say what a source is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.cli.progress import plain
from grader.course import load_course
from grader.intake import PLATFORM_NAMES, Imported, Origin, import_submissions, read_map
from grader.rubric_modules import bundled_course

_Command = TypeVar("_Command", bound=Callable[..., Any])
_SHOWN_PROBLEMS = 100


def origin_options(command: _Command) -> _Command:
    """Adds ``--from``, ``--pattern`` and ``--map``."""
    options = (
        click.option(
            "--from",
            "platform",
            type=click.Choice(PLATFORM_NAMES),
            default="auto",
            show_default=True,
            help="The platform that the submissions were exported from.",
        ),
        click.option(
            "--pattern",
            metavar="REGEX",
            help="Regular expression of file names with the groups student_id and file_id, and perhaps timestamp, "
            "first_name, last_name, email.",
        ),
        click.option(
            "--map",
            "map_file",
            type=click.Path(path_type=Path),
            help="CSV or YAML: title or identifier of a platform's item, and the question it is.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def origin_of(given: Mapping[str, Any]) -> Origin:
    """What :func:`origin_options` were given.

    Raises:
        UsageError: The map file cannot be read.
    """
    mapping = read_map(given["map_file"]) if given["map_file"] else {}
    return Origin(given["platform"], given["pattern"], mapping)


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("dest", type=click.Path(path_type=Path))
@origin_options
@click.option("--course", type=click.Path(path_type=Path), help="Course pack; default: the bundled one.")
def import_(source: Path, dest: Path, course: Path | None, **given: Any) -> int:
    """Turns the export of a learning platform into a folder a student.

    SOURCE is a folder, a ZIP, or OpenOlat's workbook of results. DEST gets a folder a student with files and
    answers.yaml, students.csv with who they are, and import-notes.txt with what was left out.
    """
    questions = {question.id: question.title for question in load_course(course or bundled_course()).questions()}
    imported = import_submissions(source, dest, origin_of(given), questions=questions)
    _print(Console(highlight=False), imported)
    return 0


def _print(console: Console, imported: Imported) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("Student", "Name", "Files", "Answers", "Handed in", "Late", "Group"):
        justify: Literal["right", "left"] = "right" if heading in {"Files", "Answers"} else "left"
        table.add_column(heading, justify=justify, no_wrap=heading == "Handed in")
    for line in imported.lines:
        moment = line.received.submitted_at
        table.add_row(
            Text(line.student),
            Text("" if line.identity.name == line.student else plain(line.identity.name)),
            str(line.files),
            str(line.answers),
            moment.isoformat(" ", "minutes") if moment else "",
            {True: "yes", False: "no", None: ""}[line.received.late],
            Text(line.identity.group),
        )
    console.print(table)
    for problem in imported.problems[:_SHOWN_PROBLEMS]:
        console.print(f"note: {problem}", markup=False, soft_wrap=True)
    if len(imported.problems) > _SHOWN_PROBLEMS:
        console.print(f"note: {len(imported.problems) - _SHOWN_PROBLEMS} more are in {imported.dest}/import-notes.txt")
    console.print(
        f"{len(imported.lines)} students from {imported.title} in {imported.dest}; "
        f"who they are: students.csv; what was left out: import-notes.txt",
        markup=False,
        soft_wrap=True,
    )
