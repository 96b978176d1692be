"""``grade SUBMISSIONS``: the main job."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.cli.progress import Lines, Live
from grader.run import Options, Summary, grade_class
from grader.rubric_modules import bundled_course
from grader.sandbox import Limits

SANDBOXES = ("auto", "docker", "bubblewrap", "local")


def add_to(app: typer.Typer) -> None:
    """Registers the command."""
    app.command("run")(run)


def run(
    submissions: Annotated[Path, typer.Argument(help="Folder or ZIP with a folder a student.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the reports.")] = Path("reports"),
    course: Annotated[Path | None, typer.Option(help="Course pack; default: the bundled one.")] = None,
    sandbox: Annotated[str, typer.Option(help=f"One of {', '.join(SANDBOXES)}.")] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks at the same time; default: one a processor.")] = 0,
    only: Annotated[str | None, typer.Option(help="Grade this student alone.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of notebooks and probes.")] = 0,
    marks: Annotated[Path | None, typer.Option(help="People's marks; default: marks.yaml beside the students.")] = None,
    cell_timeout: Annotated[float, typer.Option(min=1, help="Seconds a cell may take.")] = 600,
    notebook_timeout: Annotated[float, typer.Option(min=1, help="Seconds a notebook may take.")] = 1800,
    memory: Annotated[int, typer.Option(min=512, help="Memory of a notebook in MiB.")] = 4096,
) -> int:
    """Executes, grades and reports every submission."""
    if sandbox not in SANDBOXES:
        message = f"--sandbox: expected one of {', '.join(SANDBOXES)}, got {sandbox!r}"
        raise typer.BadParameter(message)
    options = Options(
        submissions, out, course or bundled_course(), sandbox, jobs or processors(), only, seed, marks,
        Limits(cell_timeout_s=cell_timeout, notebook_timeout_s=notebook_timeout, memory_mib=memory),
    )
    console = Console(highlight=False)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    with Live(console) if console.is_terminal else Lines(console) as watcher:
        summary = grade_class(options, watcher)
    _print(console, summary, out)
    if summary.interrupted:
        return 130
    return 0 if summary.complete else 1


def processors() -> int:
    """Processors that this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _print(console: Console, summary: Summary, out: Path) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("Student", "Points", "Status", "Open"):
        table.add_column(heading, justify="right" if heading in {"Points", "Open"} else "left")
    for result in summary.results:
        waiting = sum(question.status == "review" for question in result.questions)
        table.add_row(
            Text(_printable(result.student)), f"{result.points:g} / {result.max_points:g}", result.status, str(waiting or "")
        )
    console.print(table)
    for line in summary.problems:
        console.print(f"note: {line}", markup=False)
    for student, why in summary.failed.items():
        console.print(f"could not be graded: {_printable(student)}: {why}", markup=False)
    for student, faults in summary.faults.items():
        for fault in faults:
            console.print(f"left open by a fault of the grader: {_printable(student)}: {fault}", markup=False)
    if summary.not_graded:
        console.print(f"not graded yet: {', '.join(map(_printable, summary.not_graded))}", markup=False)
    console.print(_times(summary), markup=False)
    console.print(f"Reports: {out}/<student>/report.html; table: {out}/grades.csv; overview: {out}/index.html", markup=False)


def _times(summary: Summary) -> str:
    total, cells, startup = summary.timing.total_s, summary.timing.cells_s, summary.timing.startup_s
    outside = 1 - cells / total if total else 0.0
    return (
        f"{len(summary.results)} students in {summary.wall_s:.0f} s; of the time of all jobs {cells:.0f} s in the notebooks' "
        f"own cells, {startup:.0f} s starting kernels, {max(total - cells - startup, 0):.0f} s probing and scoring "
        f"({outside:.0%} outside the cells)"
    )


def _printable(text: str) -> str:
    """A student's name without what a terminal would act on."""
    return "".join(char if char.isprintable() else "�" for char in text)
