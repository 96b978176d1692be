"""The main job: a folder of uploads → reports, a grade table and an overview."""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from grader.course import Course, load_course
from grader.data import AssetStore, PreparedAssets
from grader.errors import UsageError
from grader.execution import Job, open_notebook, stop_all
from grader.intake import AssignmentHint, Intake, Submission, read_submissions, safe_name
from grader.pipeline import Bench, Graded, Opened, Opener, Order, Timing, grade_submission
from grader.policies import load_extensions, nobodys_extensions
from grader.reporting import write_class, write_student
from grader.results import StudentResult
from grader.rubric_modules import load_rubrics
from grader.sandbox import Backend, Limits, choose
from grader.scoring.human import Marks, load_marks

log = logging.getLogger("grader")


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        source: Folder or ZIP of uploads.
        out: Folder for the reports.
        course: Folder of the course pack.
        sandbox: ``auto``, ``docker``, ``bubblewrap`` or ``local``.
        jobs: Notebooks at the same time.
        only: Grade these students alone; empty for all.
        seed: Seed of the run.
        marks: The staff's marks, or None for the file beside the students.
        extensions: Deadlines of single students, or None for the file beside the students.
        policies: Whether the course's policies are applied.
        limits: What a notebook may use.
    """

    source: Path
    out: Path
    course: Path
    sandbox: str = "auto"
    jobs: int = 2
    only: tuple[str, ...] = ()
    seed: int = 0
    marks: Path | None = None
    extensions: Path | None = None
    policies: bool = True
    limits: Limits = field(default_factory=Limits)


@dataclass
class Summary:
    """How a run ended.

    Attributes:
        results: Results of the students that were graded, without cells and pictures.
        failed: Student → why grading failed; a fault of ours, never of the student's.
        faults: Student → faults of single questions (rubric bugs), which are open now.
        not_graded: Students whom an interruption left out.
        problems: What belongs to no student.
        timing: Summed over all students.
        wall_s: Wall-clock time of the run.
        interrupted: Whether it was stopped by Ctrl-C.
    """

    results: list[StudentResult] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    not_graded: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    timing: Timing = field(default_factory=Timing)
    wall_s: float = 0.0
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether every submission was graded."""
        return not self.failed and not self.faults and not self.not_graded


class Watcher(Protocol):
    """Is told how the run goes; called from several threads."""

    def begin(self, students: Sequence[str], sandbox: str) -> None:
        """The run begins."""

    def doing(self, student: str, what: str) -> None:
        """A student's submission has come to this point."""

    def done(self, student: str, graded: Graded | None) -> None:
        """A student is graded, or could not be (None)."""


def grade_class(options: Options, watcher: Watcher) -> Summary:
    """Grades every submission and writes all reports.

    Raises:
        UserError: The source, an option, the marks or the course pack is wrong.
        SandboxUnavailableError: The wanted sandbox cannot be had.
    """
    began = time.monotonic()
    course = load_course(options.course)
    if not options.policies:
        course = course.model_copy(update={"policies": None})
    rubrics = load_rubrics(course, options.course)
    with tempfile.TemporaryDirectory(prefix="grader-intake-") as workspace:
        questions = [question.id for question in course.questions()]
        intake = read_submissions(options.source, Path(workspace), hints(course), questions=questions)
        submissions = _selected(intake, options.only)
        marks = _marks(options, intake, course)
        extensions = load_extensions(options.extensions or intake.extensions, course)
        backend = choose(options.sandbox)
        catalogue = options.course / "assets.toml"
        store = AssetStore(catalogue=catalogue if catalogue.is_file() else None)
        watcher.begin([submission.student for submission in submissions], backend.name)
        bench = Bench(course, rubrics, _preparer(store), _opener(backend, options.limits), backend.name, options.seed)
        bench = replace(bench, extensions=extensions)
        options.out.mkdir(parents=True, exist_ok=True)
        summary = Summary(problems=[*map(str, intake.problems), *_strangers(marks, intake)])
        summary.problems += nobodys_extensions(extensions, [submission.student for submission in intake.submissions])
        _grade_all(bench, submissions, marks, options, watcher, summary)
    summary.wall_s = time.monotonic() - began
    summary.results.sort(key=lambda result: result.student)
    links = {submission.student: _folder_name(submission.student, submissions) for submission in submissions}
    write_class(summary.results, options.out, title=course.title, links=links)
    return summary


def hints(course: Course) -> list[AssignmentHint]:
    """How intake recognises the notebooks of a course."""
    return [
        AssignmentHint(assignment.id, assignment.names, assignment.content)
        for assignment in course.assignments
        if assignment.notebook
    ]


def _selected(intake: Intake, only: tuple[str, ...]) -> tuple[Submission, ...]:
    if not only:
        return intake.submissions
    wanted = {unicodedata.normalize("NFC", name) for name in only}
    found = tuple(submission for submission in intake.submissions if submission.student in wanted)
    missing = sorted(wanted - {submission.student for submission in found})
    if missing:
        known = ", ".join(submission.student for submission in intake.submissions[:20]) or "none"
        message = f"--only: no submission of {', '.join(map(repr, missing))}; found {known}."
        raise UsageError(message)
    return found


def _marks(options: Options, intake: Intake, course: Course) -> Marks:
    path = options.marks or intake.marks
    return load_marks(path, course) if path is not None else {}


def _strangers(marks: Marks, intake: Intake) -> Iterator[str]:
    known = {submission.student for submission in intake.submissions}
    for student in marks:
        if student not in known:
            yield f"marks for {student!r}, of whom there is no submission; they are kept but used for nobody"


def _preparer(store: AssetStore) -> Callable[[str, Sequence[str]], PreparedAssets]:
    @functools.cache
    def prepared(names: tuple[str, ...]) -> PreparedAssets:
        return store.prepare(names)

    return lambda assignment, sources: prepared(store.names_for(assignment, sources))


def _opener(backend: Backend, limits: Limits) -> Opener:
    @contextlib.contextmanager
    def opener(order: Order) -> Iterator[Opened]:
        with tempfile.TemporaryDirectory(prefix="grader-files-") as scratch:
            files = Path(scratch)
            for name, path in order.files.items():
                (files / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, files / name)
            job = Job(order.notebook, order.name, files, order.assets.folder, limits, order.seed)
            with open_notebook(job, backend, lambda progress: order.on_cell(progress.cell, progress.cells)) as opened:
                yield opened

    return opener


def _grade_all(
    bench: Bench, submissions: Sequence[Submission], marks: Marks, options: Options, watcher: Watcher, summary: Summary
) -> None:
    names = {submission.student: _folder_name(submission.student, submissions) for submission in submissions}

    def one(submission: Submission) -> Graded | None:
        if bench.stop.is_set():
            return None
        student = submission.student
        graded = grade_submission(bench, submission, marks.get(student, {}), lambda what: watcher.doing(student, what))
        if bench.stop.is_set():
            return None
        write_student(graded.result, options.out / names[student])
        return graded

    pending: dict[Future[Graded | None], str] = {}
    executor = ThreadPoolExecutor(max(1, options.jobs), thread_name_prefix="grade")
    try:
        pending = {executor.submit(one, submission): submission.student for submission in submissions}
        while pending:
            finished, _ = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in finished:
                _collect(pending.pop(future), future, watcher, summary)
    except KeyboardInterrupt:
        summary.interrupted = True
        bench.stop.set()
        _stop(executor, pending, watcher, summary)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _stop(
    executor: ThreadPoolExecutor, pending: dict[Future[Graded | None], str], watcher: Watcher, summary: Summary
) -> None:
    """Ends the running notebooks; keeps what was finished meanwhile."""
    stop_all()
    executor.shutdown(wait=True, cancel_futures=True)
    for future, student in pending.items():
        if future.done() and not future.cancelled() and future.exception() is None and future.result() is not None:
            _collect(student, future, watcher, summary)
        else:
            summary.not_graded.append(student)


def _collect(student: str, future: Future[Graded | None], watcher: Watcher, summary: Summary) -> None:
    fault = future.exception()
    graded = future.result() if fault is None else None
    watcher.done(student, graded)
    if graded is None:
        log.error("grading of %s broke", student, exc_info=fault)
        summary.failed[student] = f"{type(fault).__name__}: {fault}" if fault else "stopped"
        return
    summary.results.append(graded.result.lean())
    for name in ("cells_s", "startup_s", "total_s"):
        setattr(summary.timing, name, getattr(summary.timing, name) + getattr(graded.timing, name))
    if graded.result.status == "failed":
        summary.failed[student] = "; ".join(graded.faults)
    elif graded.faults:
        summary.faults[student] = graded.faults


def _folder_name(student: str, submissions: Sequence[Submission]) -> str:
    """A folder of its own for each student, also where two names become the same safe name."""
    name = safe_name(student)
    twins = [other.student for other in submissions if safe_name(other.student).casefold() == name.casefold()]
    return name if twins[0] == student else f"{name}-{twins.index(student) + 1}"
