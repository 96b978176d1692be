"""Grades the sample class again and again with other seeds and says whether any mark changed.

Usage: ``python -m tests.fidelity.repeat [--repetitions N] [--jobs N] [--write]``. Notebooks run without a sandbox, in
forked processes; one that does not end is graded by the tests of the whole class, and named here.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course import load_course
from grader.intake import Submission, read_submissions
from grader.rubric_modules import bundled_course
from grader.run import hints
from tests.fidelity.__main__ import PAGE
from tests.fidelity.cases import QUESTIONS
from tests.support.harness import close, grade, run_cells
from tests.support.pages import put

LIMIT_S = 45.0


@dataclass(frozen=True)
class Work:
    """A notebook to grade once. Attributes: student, assignment, cells, typed answers, seed."""

    student: str
    assignment: str
    cells: tuple[str, ...]
    answers: Mapping[str, Any]
    seed: int

    @property
    def name(self) -> str:
        """Student and assignment."""
        return f"{self.student} {self.assignment}"


def marks(work: Work) -> dict[str, str] | None:
    """Criterion → outcome and share; None when the notebook does not end."""
    try:
        student = run_cells(
            work.cells, assignment=work.assignment, answers=work.answers, seed=work.seed, timeout_s=LIMIT_S
        )
    except TimeoutError:
        return None
    try:
        outcomes = [one for question in QUESTIONS[work.assignment] for one in grade(student, question)]
    finally:
        close(student)
    return {one.criterion: f"{one.kind} {one.fraction:g}" for one in outcomes}


def sample_class(workspace: Path) -> Sequence[Submission]:
    """The sample class as uploaded."""
    course = load_course(bundled_course())
    questions = [question.id for assignment in course.assignments for question in assignment.questions]
    folder = PAGE.parents[1] / "submissions"
    return read_submissions(folder, workspace, hints(course), questions=questions).submissions


def notebooks(submissions: Sequence[Submission], seed: int) -> Iterator[Work]:
    """The class's notebooks."""
    for submission in submissions:
        for assignment, notebook in submission.notebooks.items():
            if notebook.notebook is None:
                continue
            cells = tuple(
                cell.source if cell.cell_type == "code" else f"#md {cell.source}" for cell in notebook.notebook.cells
            )
            yield Work(submission.student, assignment, cells, submission.answers, seed)


def compared(works: Sequence[Work], results: Sequence[dict[str, str] | None]) -> tuple[list[str], list[str], int]:
    """Lines on criteria that changed, notebooks that did not end, and how many notebooks were compared."""
    seen: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    endless = set()
    for work, result in zip(works, results, strict=True):
        if result is None:
            endless.add(work.name)
            continue
        for criterion, outcome in result.items():
            seen[work.name][criterion][outcome] += 1
    changed = [
        f"{name} {criterion}: {', '.join(f'{outcome} ({count}×)' for outcome, count in counts.most_common())}"
        for name, criteria in seen.items()
        if name not in endless
        for criterion, counts in criteria.items()
        if len(counts) > 1
    ]
    return changed, sorted(endless), len(set(seen) - endless)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a mark changed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity.repeat")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the result into docs/fidelity.md")
    given = parser.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as workspace:
        submissions = sample_class(Path(workspace))
        works = [work for seed in range(given.repetitions) for work in notebooks(submissions, seed)]
    with ProcessPoolExecutor(given.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        changed, endless, count = compared(works, list(pool.map(marks, works)))
    said = (
        f"{count} notebooks of the sample class, {given.repetitions} times each with the seeds 0 to "
        f"{given.repetitions - 1}: {len(changed)} criteria changed their outcome. Left out, since they do not end: "
        f"{', '.join(endless) or 'none'}."
    )
    text = "\n".join([said, *(f"- {line}" for line in changed)])
    print(text, f"{time.monotonic() - begun:.0f} s", sep="\n")
    if given.write:
        command = f"`python -m tests.fidelity.repeat --repetitions {given.repetitions} --write`"
        put(PAGE, "repeat", f"{command}\n\n{text}")
    return int(bool(changed))


if __name__ == "__main__":
    sys.exit(main())
