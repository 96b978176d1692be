"""``grade regrade``: scores journals with today's rubrics, points, comments and marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.cli.progress import plain
from grader.cli.run import processors
from grader.differences import Change, Difference, Side
from grader.regrade import Regraded, RegradeOptions, regrade_class


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports"), show_default=True, help="Folder of the reports."
)
@click.option("--course", type=click.Path(path_type=Path), help="Course pack; default: the one of the last run.")
@click.option("--gradebook", metavar="FILE|URL", help="Gradebook; default: the one beside the reports.")
@click.option("--class-name", default="", help="Name of the class in the gradebook; default: the reports' folder.")
@click.option("--only", metavar="STUDENT", multiple=True, help="This student alone; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Tell what would change, and change nothing.")
@click.option("--reports", is_flag=True, help="Write every report anew, also where nothing changed.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: one a processor.")
def regrade(jobs: int | None, **given: Any) -> int:
    """Scores a graded class again from its journals, without executing a notebook."""
    options = RegradeOptions(jobs=jobs or processors(), **given)
    console = Console(highlight=False)
    done = regrade_class(options)
    _print(console, done, dry_run=options.dry_run)
    return 1 if done.faults else 0


def _print(console: Console, done: Regraded, *, dry_run: bool) -> None:
    if done.changes:
        console.print(_table(done.changes))
    would = "would change" if dry_run else "changed"
    console.print(
        f"{len(done.changes)} of {done.students} students {would}; {done.scored} notebooks scored from journals in "
        f"{done.wall_s:.1f} s, none executed",
        markup=False,
        soft_wrap=True,
    )
    for student, questions in done.needs_kernel.items():
        line = f"{plain(student)}: {', '.join(questions)} ask what no journal answers and stay as they were"
        console.print(f"{line}; `grade SUBMISSIONS` asks the kernel", markup=False, soft_wrap=True)
    for student, faults in done.faults.items():
        for fault in faults:
            line = f"left open by a fault of the grader: {plain(student)}: {fault}"
            console.print(line, markup=False, soft_wrap=True)


def _table(changes: list[Change]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Student", "Points", "Criterion", "Before", "After"):
        table.add_column(heading, overflow="fold")
    for one in changes:
        total = f"{one.before:g} → {one.after:g} ({one.after - one.before:+g})"
        if one.status_before != one.status_after:
            total += f", {one.status_before} → {one.status_after}"
        if one.final_before != one.final_after:
            total += plain(f"; final {one.final_before or '–'} → {one.final_after or '–'}")
        for number, difference in enumerate(one.differences or (None,)):
            first = (Text(plain(one.student)), Text(total)) if number == 0 else (Text(""), Text(""))
            table.add_row(*first, *_cells(difference))
    return table


def _cells(difference: Difference | None) -> tuple[Text, Text, Text]:
    if difference is None:
        return Text(""), Text(""), Text("")
    return Text(difference.criterion), Text(_said(difference.before)), Text(_said(difference.after))


def _said(side: Side | None) -> str:
    if side is None:
        return "–"
    points = "open" if side.points is None else f"{side.points:g}"
    return plain(f"{points} {side.outcome}" + (f": {side.comment}" if side.comment else ""))
