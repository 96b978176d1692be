"""``grade SUBMISSIONS``: the main job."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.cli.importing import origin_of, origin_options
from grader.cli.progress import Lines, Live, plain
from grader.policy_outcome import PolicyOutcome
from grader.reporting import LANGUAGES
from grader.rubric_modules import bundled_course
from grader.run import Options, Summary, grade_class
from grader.sandbox import Limits

NO_LIMIT_S = 7 * 86_400.0
SANDBOXES = ("auto", "docker", "bubblewrap", "local")


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports"), show_default=True, help="Folder for the reports."
)
@click.option("--course", type=click.Path(path_type=Path), help="Course pack; default: the bundled one.")
@click.option(
    "--sandbox", type=click.Choice(SANDBOXES), default="auto", show_default=True, help="How notebooks are isolated."
)
@click.option("--jobs", type=click.IntRange(min=1), help="Students at the same time; default: one a processor.")
@click.option(
    "--gpus",
    metavar="auto|none|LIST",
    default="auto",
    show_default=True,
    help="GPUs for notebooks that name one, e.g. 0,1; each takes one notebook at a time, 0,0 two.",
)
@click.option("--only", metavar="STUDENT", multiple=True, help="Grade this student alone; may be repeated.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of notebooks and probes.")
@click.option(
    "--marks", type=click.Path(path_type=Path), help="People's marks; default: marks.yaml beside the students."
)
@click.option(
    "--extensions",
    type=click.Path(path_type=Path),
    help="Deadlines of single students; default: extensions.yaml beside the students.",
)
@click.option(
    "--cell-timeout", type=click.FloatRange(min=1), default=600, show_default=True, help="Seconds a cell may take."
)
@click.option(
    "--notebook-timeout",
    type=click.FloatRange(min=1),
    default=1800,
    show_default=True,
    help="Seconds a notebook may take.",
)
@click.option(
    "--memory", type=click.IntRange(min=512), default=4096, show_default=True, help="Memory of a notebook in MiB."
)
@click.option(
    "--training-budget",
    type=click.FloatRange(min=1),
    default=300,
    show_default=True,
    help="Seconds of a cell (at most half of its limit) after which training is cut short.",
)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of students' reports."
)
@click.option("--reveal", is_flag=True, help="Show right answers in the reports: for after the deadline.")
@click.option(
    "--gradebook", metavar="FILE|URL", help="Gradebook; default: .grader/gradebook.sqlite beside the reports."
)
@click.option("--class-name", default="", help="Name of the class in the gradebook; default: the reports' folder.")
@click.option("--fresh", is_flag=True, help="Execute every notebook again, also where a journal answers.")
@click.option("--anonymous", is_flag=True, help="Hide names in all that is printed and written.")
@click.option("--full", is_flag=True, help="Let training run to its end; only time limits that you give hold.")
@origin_options
def run(memory: int, **given: Any) -> int:
    """Executes, grades and reports every submission in a folder or ZIP."""
    options = Options(
        source=given["submissions"],
        out=given["out"],
        course=given["course"] or bundled_course(),
        sandbox=given["sandbox"],
        jobs=given["jobs"] or processors(),
        gpus=given["gpus"],
        only=given["only"],
        seed=given["seed"],
        marks=given["marks"],
        extensions=given["extensions"],
        limits=_limits(memory, given),
        origin=origin_of(given),
        gradebook=given["gradebook"],
        class_name=given["class_name"],
        fresh=given["fresh"],
        anonymous=given["anonymous"],
        language=given["language"],
        reveal=given["reveal"],
    )
    console = Console(highlight=False)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    with Live(console) if console.is_terminal else Lines(console) as watcher:
        summary = grade_class(options, watcher)
    _print(console, summary, options.out)
    if summary.interrupted:
        return 130
    return 0 if summary.complete else 1


def _limits(memory_mib: int, given: Mapping[str, Any]) -> Limits:
    """The limits of a notebook; ``--full`` lifts those of time that nobody gave."""
    names = {"cell_timeout": "cell_timeout_s", "notebook_timeout": "notebook_timeout_s"}
    context = click.get_current_context()
    by_default = {name for name in names if context.get_parameter_source(name) is ParameterSource.DEFAULT}
    times = {field: given[name] for name, field in names.items()}
    if given["full"]:
        times |= {names[name]: NO_LIMIT_S for name in by_default}
    budget_s = None if given["full"] else given["training_budget"]
    return Limits(memory_mib=memory_mib, training_budget_s=budget_s, **times)


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _print(console: Console, summary: Summary, out: Path) -> None:
    table = Table(box=None, pad_edge=False)
    policies = any(result.policy is not None for result in summary.results)
    for heading in ("Student", "Points", "Status", "Open", *(("Final", "Grade") if policies else ())):
        table.add_column(heading, justify="right" if heading in {"Points", "Open", "Final"} else "left")
    for result in summary.results:
        waiting = sum(question.status == "review" for question in result.questions)
        table.add_row(
            Text(plain(result.student)),
            f"{result.points:g} / {result.max_points:g}",
            result.status,
            str(waiting or ""),
            *(_final(result.policy) if policies else ()),
        )
    console.print(table)
    for line in summary.problems:
        console.print(f"note: {line}", markup=False, soft_wrap=True)
    for student, why in summary.failed.items():
        console.print(f"could not be graded: {plain(student)}: {why}", markup=False, soft_wrap=True)
    for student, faults in summary.faults.items():
        for fault in faults:
            console.print(
                f"left open by a fault of the grader: {plain(student)}: {fault}", markup=False, soft_wrap=True
            )
    if summary.not_graded:
        console.print(f"not graded yet: {', '.join(map(plain, summary.not_graded))}", markup=False, soft_wrap=True)
    console.print(_times(summary), markup=False, soft_wrap=True)
    console.print(
        f"Reports: {out}/<student>/report.html; table: {out}/grades.csv; overview: {out}/index.html", markup=False
    )


def _final(outcome: PolicyOutcome | None) -> tuple[str, Text]:
    """Final points and grade; a question mark where they may change."""
    if outcome is None:
        return "", Text("")
    doubt = "?" if outcome.provisional else ""
    grade = Text(plain(outcome.grade) + (doubt if outcome.grade else ""))
    return f"{outcome.points:g}{doubt} / {outcome.max_points:g}", grade


def _times(summary: Summary) -> str:
    total, cells, startup = summary.timing.total_s, summary.timing.cells_s, summary.timing.startup_s
    outside = 1 - cells / total if total else 0.0
    return (
        f"{len(summary.results)} students in {summary.wall_s:.0f} s; of the time of all jobs {cells:.0f} s in the "
        f"notebooks' own cells, {startup:.0f} s starting kernels, {max(total - cells - startup, 0):.0f} s probing and "
        f"scoring ({outside:.0%} outside the cells){_kept(summary)}"
    )


def _kept(summary: Summary) -> str:
    """What earlier runs had computed already."""
    parts = [f"{summary.unchanged} students unchanged"] if summary.unchanged else []
    parts += [f"{summary.timing.replayed} notebooks scored from journals"] if summary.timing.replayed else []
    return f"; {', '.join(parts)}" if parts else ""
