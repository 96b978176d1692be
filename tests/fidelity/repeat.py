"""Grades the sample class again and again with other seeds and says whether any mark changed.

Usage: ``python -m tests.fidelity.repeat [--repetitions N] [--jobs N] [--images N N] [--write]``. Notebooks run without
a sandbox, in forked processes; a cell that does not end is interrupted, as in a real run. There are fewer house
numbers than in the stand-in, so that twenty repetitions take an hour or two and not a day. What is known is said (and,
with ``--write``, put into ``docs/fidelity.md``) after every repetition.
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
from tests.support.harness import PRELOAD, close, grade, run_cells
from tests.support.pages import put

CELL_LIMIT_S = 30.0
NOTEBOOK_LIMIT_S = 1800.0
"""For what hangs past every interrupt; on the clock, and therefore long enough for a busy machine."""


@dataclass(frozen=True)
class Work:
    """A notebook to grade once.

    Attributes:
        student: Whose it is.
        assignment: Its number.
        cells: As ``run_cells`` takes them.
        answers: The typed answers.
        seed: Of the run and of all probes.
        images: How many house numbers there are for training and for testing.
    """

    student: str
    assignment: str
    cells: tuple[str, ...]
    answers: Mapping[str, Any]
    seed: int
    images: tuple[int, int]

    @property
    def name(self) -> str:
        """Student and assignment."""
        return f"{self.student} {self.assignment}"


def marks(work: Work) -> dict[str, str] | None:
    """Criterion → outcome and share; None when the notebook does not end."""
    try:
        student = run_cells(
            work.cells,
            assignment=work.assignment,
            answers=work.answers,
            seed=work.seed,
            timeout_s=NOTEBOOK_LIMIT_S,
            images=work.images if work.assignment == "3" else None,
            cell_limit_s=CELL_LIMIT_S,
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


def notebooks(submissions: Sequence[Submission], seed: int, images: tuple[int, int]) -> Iterator[Work]:
    """The class's notebooks."""
    for submission in submissions:
        for assignment, notebook in submission.notebooks.items():
            if notebook.notebook is None:
                continue
            cells = tuple(
                cell.source if cell.cell_type == "code" else f"#md {cell.source}" for cell in notebook.notebook.cells
            )
            yield Work(submission.student, assignment, cells, submission.answers, seed, images)


class Compared:
    """The outcomes of all repetitions so far.

    Attributes:
        repetitions: How many are complete.
        endless: Notebooks that did not end.
    """

    def __init__(self) -> None:
        self.repetitions = 0
        self.endless: set[str] = set()
        self._seen: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))

    def add(self, work: Work, result: Mapping[str, str] | None) -> None:
        """Takes what a notebook came to."""
        if result is None:
            self.endless.add(work.name)
            return
        for criterion, outcome in result.items():
            self._seen[work.name][criterion][outcome] += 1

    def changed(self) -> list[str]:
        """Lines on criteria that changed."""
        return [
            f"{name} {criterion}: {', '.join(f'{outcome} ({count}×)' for outcome, count in counts.most_common())}"
            for name, criteria in self._seen.items()
            for criterion, counts in criteria.items()
            if len(counts) > 1
        ]

    def text(self) -> str:
        """What is known so far."""
        changed = self.changed()
        count = len({*self._seen, *self.endless})
        said = (
            f"{count} notebooks of the sample class, {self.repetitions} times each with the seeds 0 to "
            f"{self.repetitions - 1}: {len(changed)} criteria changed their outcome. Left out, since they do not end: "
            f"{', '.join(sorted(self.endless)) or 'none'}."
        )
        return "\n".join([said, *(f"- {line}" for line in changed)])


def _preload() -> None:
    """The fork server imports what this module does, so that no fork has to."""
    PRELOAD.extend(("grader.intake", "grader.run", "grader.rubric_modules", "tests.fidelity.__main__"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a mark changed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity.repeat")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--images", type=int, nargs=2, default=(200, 100), help="for training and for testing")
    parser.add_argument("--write", action="store_true", help="put the result into docs/fidelity.md")
    given = parser.parse_args(arguments)
    images = given.images[0], given.images[1]
    asked = f"--repetitions {given.repetitions} --images {images[0]} {images[1]}"
    command = f"`python -m tests.fidelity.repeat {asked} --write`"
    found = Compared()
    with (
        tempfile.TemporaryDirectory() as workspace,
        ProcessPoolExecutor(given.jobs, multiprocessing.get_context("spawn"), initializer=_preload) as pool,
    ):
        submissions = sample_class(Path(workspace))
        for seed in range(given.repetitions):
            begun = time.monotonic()
            works = list(notebooks(submissions, seed, images))
            for work, result in zip(works, pool.map(marks, works), strict=True):
                found.add(work, result)
            found.repetitions += 1
            print(found.text(), f"{time.monotonic() - begun:.0f} s", sep="\n", flush=True)
            if given.write:
                put(PAGE, "repeat", f"{command}\n\n{found.text()}")
    return int(bool(found.changed() or found.endless))


if __name__ == "__main__":
    sys.exit(main())
