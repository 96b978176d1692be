"""A submission from upload to result, as a short list of named steps."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from nbformat import NotebookNode

from grader.course import Assignment, Course, Question
from grader.data import PreparedAssets
from grader.errors import GraderError, InfrastructureError, KernelUnavailableError
from grader.intake import NotebookFile, Submission, working_files
from grader.notebook import Cell, ExecutedNotebook
from grader.probe.schema import CheckedKernel
from grader.probe.types import Kernel
from grader.results import AssignmentResult, QuestionResult, StudentResult
from grader.scoring import Rubric, Student
from grader.scoring.human import HumanMark
from grader.scoring.marks import apply_mark, score_choice, score_code, score_missing, score_open, score_text

log = logging.getLogger("grader")

FATAL = {"time", "memory", "output", "killed"}
ATTEMPTS = 3
SKIPPED = "pass  # left out: this cell had ended the kernel when the notebook ran first"


class Opened(Protocol):
    """A notebook that has run, with its kernel still there."""

    @property
    def executed(self) -> ExecutedNotebook:
        """What the execution showed."""
        ...

    @property
    def kernel(self) -> Kernel:
        """The kernel, to be asked."""
        ...


class Opener(Protocol):
    """Runs a notebook in a sandbox; the kernel lives as long as the context."""

    def __call__(self, order: Order) -> AbstractContextManager[Opened]:
        """Opens a notebook."""
        ...


@dataclass(frozen=True)
class Order:
    """An order to run a notebook.

    Attributes:
        notebook: What to run.
        name: File name as uploaded.
        files: Relative path → uploaded file, for the working folder.
        assets: The data that it gets.
        seed: Seed of the notebook and its probes.
        on_cell: Called with index and count as cells begin.
    """

    notebook: NotebookNode
    name: str
    files: Mapping[str, Path]
    assets: PreparedAssets
    seed: int
    on_cell: Callable[[int, int], None]


@dataclass(frozen=True)
class Bench:
    """What all submissions of a run share.

    Attributes:
        course: The course pack.
        rubrics: Assignment id → rubric.
        prepare: Lays out the data for a notebook, given the assignment's id and the sources of its cells.
        open_notebook: Executes.
        sandbox: Name of the sandbox, for the report.
        seed: Seed of the run.
        stop: Set when the run is to end.
    """

    course: Course
    rubrics: Mapping[str, Rubric]
    prepare: Callable[[str, Sequence[str]], PreparedAssets]
    open_notebook: Opener
    sandbox: str
    seed: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass
class Timing:
    """Where the time of a submission went, in seconds of wall-clock.

    Attributes:
        cells_s: In the notebooks' own cells.
        startup_s: Until kernels were ready.
        total_s: Altogether.
    """

    cells_s: float = 0.0
    startup_s: float = 0.0
    total_s: float = 0.0


@dataclass
class Graded:
    """A student's result with what staff should know of its making.

    Attributes:
        result: The result.
        timing: Where the time went.
        faults: Faults of ours: rubric bugs and infrastructure, a line each, with a traceback in the log.
    """

    result: StudentResult
    timing: Timing
    faults: list[str] = field(default_factory=list)


Report = Callable[[str], None]
"""Told what is being done now, in a few words."""


def grade_submission(bench: Bench, submission: Submission, marks: Mapping[str, HumanMark], report: Report) -> Graded:
    """Grades one submission; never raises for what a student, a rubric or a sandbox did."""
    began = time.monotonic()
    timing, faults = Timing(), list[str]()
    job = _Job(bench, submission, timing, faults, report)
    assignments = [
        _with_marks(assignment, job.assignment(assignment), marks) for assignment in bench.course.assignments
    ]
    failed = any(fault.startswith("infrastructure") for fault in faults)
    is_open = any(question.status == "review" for assignment in assignments for question in assignment.questions)
    timing.total_s = time.monotonic() - began
    result = StudentResult(
        student=submission.student,
        points=sum(assignment.points for assignment in assignments),
        max_points=bench.course.points,
        status="failed" if failed else "provisional" if is_open else "final",
        assignments=tuple(assignments),
        problems=tuple(str(problem) for problem in submission.problems),
        sandbox=bench.sandbox,
        duration_s=timing.total_s,
        course=bench.course.title,
    )
    return Graded(result, timing, faults)


def _with_marks(assignment: Assignment, result: AssignmentResult, marks: Mapping[str, HumanMark]) -> AssignmentResult:
    """People's marks win over whatever was computed."""
    questions = tuple(
        apply_mark(question, graded, marks[question.id]) if question.id in marks else graded
        for question, graded in zip(assignment.questions, result.questions, strict=True)
    )
    return replace(result, questions=questions, points=sum(question.points for question in questions))


@dataclass
class _Job:
    bench: Bench
    submission: Submission
    timing: Timing
    faults: list[str]
    report: Report

    def assignment(self, assignment: Assignment) -> AssignmentResult:
        """Typed answers by their key, code by its rubric."""
        file = self.submission.notebooks.get(assignment.id)
        executed: ExecutedNotebook | None = None
        code: dict[str, QuestionResult] = {}
        known = len(self.faults)
        if assignment.notebook and file is not None and file.notebook is not None:
            executed, code = self._with_retries(assignment, file)
        questions = tuple(code.get(question.id) or self._other(question, file) for question in assignment.questions)
        problems = executed.problems if executed else (file.error,) if file is not None and file.error else ()
        return AssignmentResult(
            assignment.id,
            assignment.title,
            sum(question.points for question in questions),
            assignment.points,
            questions,
            notebook_name=file.name if file is not None else "",
            problems=problems,
            cells=executed.cells if executed else (),
            stand_ins=executed.stand_ins if executed else (),
            fault=_whose_fault(executed, self.faults[known:]),
        )

    def _other(self, question: Question, file: NotebookFile | None) -> QuestionResult:
        answer = self.submission.answers.get(question.id)
        if question.kind == "choice":
            return score_choice(question, answer)
        if question.kind == "text":
            return score_text(question, answer)
        return score_missing(question, file.error if file is not None else "")

    def _with_retries(
        self, assignment: Assignment, file: NotebookFile
    ) -> tuple[ExecutedNotebook | None, dict[str, QuestionResult]]:
        """Executes and scores; a fault of the machine is tried again, then every question waits for a person."""
        code = [question for question in assignment.questions if question.kind == "code"]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._execute(assignment, file)
            except InfrastructureError as fault:
                log.warning("%s, assignment %s, attempt %d: %s", self.submission.student, assignment.id, attempt, fault)
                last = fault
            if self.bench.stop.is_set():
                break
        self.faults.append(f"infrastructure: assignment {assignment.id}: {last}")
        saw = "The grading machine failed while this notebook ran; it costs no points. A person decides."
        return None, {question.id: score_open(question, saw) for question in code}

    def _execute(
        self, assignment: Assignment, file: NotebookFile
    ) -> tuple[ExecutedNotebook, dict[str, QuestionResult]]:
        """Runs the notebook; when a cell ended the kernel, runs it once more without that cell to see the rest."""
        if file.notebook is None:
            message = "a notebook that could not be read is not executed"
            raise ValueError(message)
        notebook, first = file.notebook, None
        assets = self.bench.prepare(assignment.id, [str(cell.source) for cell in notebook.cells])
        for again in range(3):
            with self._open(assignment, notebook, file.name, assets) as opened:
                executed = opened.executed
                self.timing.cells_s += executed.duration_s
                self.timing.startup_s += executed.startup_s
                culprit = _culprit(executed)
                if culprit is None or again == 2 or self.bench.stop.is_set():
                    merged = replace(_merged(first, executed), stand_ins=assets.stand_ins)
                    student = self._student(assignment, merged, opened.kernel, assets)
                    return merged, self._score(assignment, student)
            first = executed if first is None else _merged(first, executed)
            notebook = _without(notebook, culprit)
        message = "unreachable: the loop returns"
        raise AssertionError(message)

    def _open(
        self, assignment: Assignment, notebook: NotebookNode, name: str, assets: PreparedAssets
    ) -> AbstractContextManager[Opened]:
        def on_cell(index: int, count: int) -> None:
            self.report(f"assignment {assignment.id}, cell {index + 1} of {count}")

        self.report(f"assignment {assignment.id}, starting")
        files = working_files(self.submission, assignment.id)
        return self.bench.open_notebook(Order(notebook, name, files, assets, self._seed(assignment), on_cell))

    def _seed(self, assignment: Assignment) -> int:
        """A seed a student and assignment: the same in every run with the same ``--seed``."""
        text = f"{self.bench.seed}:{self.submission.student}:{assignment.id}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])

    def _student(
        self, assignment: Assignment, executed: ExecutedNotebook, kernel: Kernel, assets: PreparedAssets
    ) -> Student:
        submission = self.submission
        checked = CheckedKernel(kernel)
        return Student(submission.student, executed, checked, submission.answers, assets, self._seed(assignment))

    def _score(self, assignment: Assignment, student: Student) -> dict[str, QuestionResult]:
        rubric = self.bench.rubrics[assignment.id]
        return {
            question.id: replace(self._question(student, question, rubric), exhibits=rubric.shown(question.id, student))
            for question in assignment.questions
            if question.kind == "code"
        }

    def _question(self, student: Student, question: Question, rubric: Rubric) -> QuestionResult:
        """Scores a question; a fault of ours leaves it open, with the fault told to the staff."""
        if not question.criteria:
            return score_code(question, ())
        self.report(f"question {question.id}")
        try:
            outcomes = list(rubric.questions[question.id](student))
            student.outcomes.update({outcome.criterion: outcome for outcome in outcomes})
            return score_code(question, outcomes)
        except KernelUnavailableError as fault:
            saw = f"The notebook's kernel could not be asked any more ({fault}). A person decides."
            return score_open(question, saw)
        except Exception as fault:
            log.error("rubric of %s for %s:\n%s", question.id, student.name, traceback.format_exc())
            kind = type(fault).__name__
            label = "rubric" if not isinstance(fault, GraderError) else kind
            self.faults.append(f"{label}: question {question.id}: {kind}: {str(fault)[:300]}")
            saw = "The grader could not decide this question because of a fault of its own. A person decides."
            return score_open(question, saw)


def _whose_fault(executed: ExecutedNotebook | None, ours: Sequence[str]) -> str:
    """Ours before the student's: what we broke costs nothing, so it must not look like the student's doing."""
    if ours:
        return "infrastructure" if ours[0].startswith("infrastructure") else "rubric"
    if executed is None:
        return ""
    status = {cell.status for cell in executed.cells}
    return executed.fault or ("time" if "timeout" in status else "student" if "error" in status else "")


def _culprit(executed: ExecutedNotebook) -> int | None:
    """Index of the cell that ended the kernel, or None when the kernel lived on."""
    if executed.fault not in FATAL:
        return None
    ended = [cell.index for cell in executed.cells if cell.status in {"killed", "timeout"}]
    rest = [cell for cell in executed.cells if cell.status == "not-run"]
    if any(cell.status == "killed" for cell in executed.cells):
        return next(cell.index for cell in executed.cells if cell.status == "killed")
    return ended[-1] if ended and rest else None


def _without(notebook: NotebookNode, index: int) -> NotebookNode:
    """A copy of the notebook in which one cell does nothing."""
    copied: NotebookNode = NotebookNode(notebook)
    copied.cells = [
        NotebookNode({**cell, "source": SKIPPED}) if at == index else cell for at, cell in enumerate(notebook.cells)
    ]
    return copied


def _merged(first: ExecutedNotebook | None, again: ExecutedNotebook) -> ExecutedNotebook:
    """The second run, in which the cells left out keep what the first run showed of them."""
    if first is None:
        return again
    ended = {cell.index: cell for cell in first.cells if cell.status in {"killed", "timeout"}}
    cells: tuple[Cell, ...] = tuple(ended.get(cell.index, cell) for cell in again.cells)
    note = "The notebook was run again without the cell that had ended it, so that the other cells could be graded."
    problems = tuple(dict.fromkeys((*first.problems, note, *again.problems)))
    return replace(
        again, cells=cells, problems=problems, fault=first.fault, duration_s=first.duration_s + again.duration_s
    )
