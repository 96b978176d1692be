"""The main job: a folder of uploads → reports, a grade table and an overview."""

from __future__ import annotations

import logging
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from grader.course import Course, load_course
from grader.course_texts import load_texts
from grader.errors import UsageError
from grader.execution import stop_all
from grader.execution.kernel import KERNEL_SIDE_FOLDER
from grader.intake import Intake, Submission, read_submissions, write_students
from grader.journal import environment, storage_errors
from grader.keeping import Keeper
from grader.pipeline import Bench, Graded
from grader.policies import load_extensions, nobodys_extensions
from grader.reporting import PageOptions, write_class
from grader.rubric_modules import load_rubrics
from grader.run_class import ClassRun
from grader.run_values import Options, Summary, Watcher
from grader.sandbox import choose
from grader.sandboxed import asset_store, gpus, hints, opener, preparer
from grader.scoring.human import Marks, load_marks

__all__ = ["Options", "Summary", "Watcher", "grade_class", "hints"]

log = logging.getLogger("grader")


def grade_class(options: Options, watcher: Watcher) -> Summary:
    """Grades every submission and writes all reports.

    What an earlier run computed is taken over: results that still hold, decisions, executed notebooks.

    Raises:
        UserError: The source, an option, the marks or the course pack is wrong.
        SandboxUnavailableError: The wanted sandbox cannot be had.
        StorageError: The gradebook or the reports cannot be written.
    """
    began = time.monotonic()
    course = load_course(options.course)
    if not options.policies:
        course = course.model_copy(update={"policies": None})
    rubrics = load_rubrics(course, options.course)
    texts = load_texts(options.course, course, options.language)
    with tempfile.TemporaryDirectory(prefix="grader-intake-") as workspace:
        questions = {question.id: question.title for question in course.questions()}
        intake = read_submissions(
            options.source, Path(workspace), hints(course), questions=questions, origin=options.origin
        )
        submissions = _selected(intake, options.only)
        marks = _marks(options, intake, course)
        extensions = load_extensions(options.extensions or intake.extensions, course)
        backend = choose(options.sandbox)
        store = asset_store(options.course)
        slots = gpus(backend, options.gpus)
        opened = opener(backend, options.limits, slots)
        bench = Bench(course, rubrics, preparer(store), opened, backend.name, options.seed)
        bench = replace(bench, extensions=extensions)
        with storage_errors(options.out):
            options.out.mkdir(parents=True, exist_ok=True)
            _write_identities(intake, options)
        keeper = Keeper.open(options.out, options.gradebook, options.class_name) if options.keep else None
        summary = Summary(problems=[*map(str, intake.problems), *texts.warnings()])
        summary.problems += _strangers(marks or {}, intake)
        summary.problems += nobodys_extensions(extensions, [submission.student for submission in intake.submissions])
        page = PageOptions(options.language, options.reveal, texts)
        where = environment(backend.name, KERNEL_SIDE_FOLDER, backend.identity, gpu=bool(slots))
        run = ClassRun(options, bench, intake, page, keeper, where)
        try:
            summary.problems += run.prepare(marks)
            watcher.begin([run.shown(submission.student) for submission in submissions], backend.name)
            _grade_all(run, submissions, options.jobs, watcher, summary)
            summary.wall_s = time.monotonic() - began
            run.finish(summary, submissions)
            with storage_errors(options.out):
                write_class(summary.results, options.out, title=course.title, links=run.links())
        finally:
            run.close()
    return summary


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


def _marks(options: Options, intake: Intake, course: Course) -> Marks | None:
    path = options.marks or intake.marks
    return load_marks(path, course) if path is not None else None


def _write_identities(intake: Intake, options: Options) -> None:
    """Who is who, for exports; not where names are hidden."""
    rows = {
        submission.student: (intake.identities[submission.student], submission.received)
        for submission in intake.submissions
        if submission.student in intake.identities
    }
    if rows and not options.anonymous:
        write_students(options.out / "students.csv", rows)


def _strangers(marks: Marks, intake: Intake) -> Iterator[str]:
    known = {submission.student for submission in intake.submissions}
    for student in marks:
        if student not in known:
            yield f"marks for {student!r}, of whom there is no submission; they are kept but used for nobody"


def _grade_all(
    run: ClassRun, submissions: tuple[Submission, ...], jobs: int, watcher: Watcher, summary: Summary
) -> None:
    def one(submission: Submission) -> Graded | None:
        shown = run.shown(submission.student)
        return run.grade(submission, lambda what: watcher.doing(shown, what))

    pending: dict[Future[Graded | None], str] = {}
    executor = ThreadPoolExecutor(max(1, jobs), thread_name_prefix="grade")
    try:
        pending = {executor.submit(one, submission): run.shown(submission.student) for submission in submissions}
        while pending:
            finished, _ = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in finished:
                _collect(pending.pop(future), future, watcher, summary)
    except KeyboardInterrupt:
        summary.interrupted = True
        run.bench.stop.set()
        _stop(executor, pending, watcher, summary)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _stop(
    executor: ThreadPoolExecutor, pending: dict[Future[Graded | None], str], watcher: Watcher, summary: Summary
) -> None:
    """Ends the running notebooks; keeps what was finished meanwhile."""
    executor.shutdown(wait=False, cancel_futures=True)
    while not all(future.done() for future in pending):
        # Again and again: a kernel may be starting at this very moment.
        stop_all()
        wait(pending, timeout=0.5)
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
    summary.unchanged += graded.unchanged
    for name in ("cells_s", "startup_s", "total_s", "replayed"):
        setattr(summary.timing, name, getattr(summary.timing, name) + getattr(graded.timing, name))
    if graded.result.status == "failed":
        summary.failed[student] = "; ".join(graded.faults)
    elif graded.faults:
        summary.faults[student] = graded.faults
