"""``grade check NOTEBOOK``: the student's self-check, with the same rubrics as the staff's run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
from rich.console import Console

from grader.cli.progress import Lines
from grader.cli.run import SANDBOXES
from grader.errors import UsageError
from grader.pipeline import Graded
from grader.results import AssignmentResult, QuestionResult
from grader.rubric_modules import bundled_course
from grader.run import Options, grade_class

NEIGHBOURS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".csv", ".py"}
MAX_NEIGHBOUR_BYTES = 20 * 2**20
SYMBOLS = {"met": "✓", "carried": "✓", "partial": "◐", "not-met": "✗", "review": "?"}


class _Keep(Lines):
    """Keeps the one result; says what is being done."""

    graded: Graded | None = None

    def done(self, student: str, graded: Graded | None) -> None:
        """Keeps it."""
        self.graded = graded

    def begin(self, students: object, sandbox: str) -> None:
        """The run begins."""
        self.console.print(
            f"Running your notebook in sandbox {sandbox}; this takes as long as its cells.", markup=False
        )


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--course", type=click.Path(path_type=Path), help="Course pack; default: the bundled one.")
@click.option("--sandbox", type=click.Choice(SANDBOXES), default="auto", show_default=True, help="How it is isolated.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the report here.")
def check(notebook: Path, course: Path | None, sandbox: str, out: Path | None) -> int:
    """Runs your notebook from a fresh start and tells what the rubrics see."""
    if not notebook.is_file():
        message = f"{notebook}: expected a notebook, found no such file."
        raise UsageError(message, hint="Give the path of your .ipynb file.")
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="grader-check-") as scratch:
        folder = Path(scratch) / "submissions" / "you"
        _neighbours(notebook, folder)
        with _Keep(console) as watcher:
            options = Options(
                folder.parent,
                out or Path(scratch) / "reports",
                course or bundled_course(),
                sandbox,
                jobs=1,
                policies=False,
                keep=False,
            )
            summary = grade_class(options, watcher)
    for assignment in watcher.graded.result.assignments if watcher.graded else ():
        if assignment.notebook_name:
            _print(console, assignment)
    return 0 if summary.complete else 1


def _neighbours(notebook: Path, folder: Path) -> None:
    """Takes along the pictures and tables beside the notebook, which its cells may open."""
    folder.mkdir(parents=True)
    for path in sorted(notebook.parent.iterdir()):
        if path.suffix.lower() in NEIGHBOURS and path.is_file() and path.stat().st_size <= MAX_NEIGHBOUR_BYTES:
            shutil.copyfile(path, folder / path.name)
    shutil.copyfile(notebook, folder / notebook.name)


def _print(console: Console, assignment: AssignmentResult) -> None:
    console.print(f"\nAssignment {assignment.id}: {assignment.title}", markup=False, soft_wrap=True)
    for problem in assignment.problems:
        console.print(f"  ! {problem}", markup=False, soft_wrap=True)
    for question in assignment.questions:
        if question.kind == "code" and question.criteria:
            _print_question(console, question)


def _print_question(console: Console, question: QuestionResult) -> None:
    console.print(
        f"  {question.id} {question.title}: {question.points:g} of {question.max_points:g}",
        markup=False,
        soft_wrap=True,
    )
    for criterion in question.criteria:
        text = criterion.comment or criterion.title
        evidence = f" ({criterion.evidence})" if criterion.evidence and criterion.outcome != "met" else ""
        console.print(f"    {SYMBOLS[criterion.outcome]} {text}{evidence}", markup=False, soft_wrap=True)
