"""Scores a class again from its journals: no notebook is executed."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from grader.attempts import counting_attempt
from grader.course import Course, load_course
from grader.course_texts import load_texts
from grader.differences import Change, change
from grader.errors import UsageError
from grader.gradebook import Run, Stored, StoredResult, now
from grader.journal import storage_errors
from grader.keeping import Keeper, Setting, StoredDecisions, code_digest, submission_of
from grader.pipeline import Archive, Bench, Graded, Timing, grade_submission
from grader.policies import Extensions, extensions_from, load_extensions
from grader.reporting import PageOptions, write_class, write_student
from grader.results import StudentResult
from grader.rubric_modules import LazyRubrics
from grader.rubric_sources import question_digests
from grader.run_class import folder_names, under_alias
from grader.sandboxed import asset_store, preparer
from grader.scoring.human import HumanMark

CHUNK = 8
"""Students that a worker takes at a time."""
FEW = 24
"""Up to so many students one process is faster than starting two."""


@dataclass(frozen=True)
class RegradeOptions:
    """What the command line says.

    Attributes:
        out: Folder of the reports.
        course: Folder of the course pack, or None for the one of the last run.
        gradebook: File or URL of the gradebook; None for the one beside the reports.
        class_name: Name of the class in the gradebook; ``""`` for the name of the folder of reports.
        only: These students alone; empty for all.
        dry_run: Tell what would change, and change nothing.
        jobs: Processes.
        reports: Write every report anew, also where nothing changed.
    """

    out: Path
    course: Path | None = None
    gradebook: str | None = None
    class_name: str = ""
    only: tuple[str, ...] = ()
    dry_run: bool = False
    jobs: int = 2
    reports: bool = False


@dataclass
class Regraded:
    """How a re-grade ended.

    Attributes:
        students: How many were looked at.
        changes: Whose result changed.
        needs_kernel: Student → questions that no journal answers; their marks stay as they were.
        faults: Student → faults of ours.
        scored: Notebooks whose decisions were made anew or looked up.
        wall_s: Wall-clock time.
    """

    students: int = 0
    changes: list[Change] = field(default_factory=list)
    needs_kernel: dict[str, list[str]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    scored: int = 0
    wall_s: float = 0.0


@dataclass(frozen=True)
class _Task:
    """A student to score again. Attributes: the upload, its last result, marks, folder of the report."""

    stored: Stored
    last: StoredResult
    marks: Mapping[str, HumanMark]
    folder: str


@dataclass(frozen=True)
class _Done:
    """A student scored again. Attributes: who, upload → the result to keep, what is said of it."""

    student: str
    kept: Mapping[int, StoredResult]
    change: Change | None
    needs_kernel: tuple[str, ...]
    faults: tuple[str, ...]
    scored: int


def regrade_class(options: RegradeOptions, progress: Callable[[int, int], None] | None = None) -> Regraded:
    """Scores the journals of a class with today's rubrics, points, comments and marks.

    Args:
        options: What the command line says.
        progress: Told how many students of how many are done.

    Raises:
        UsageError: The gradebook knows no run of this class, or a student of ``only`` is none of it.
        UserError: The course pack is wrong.
        StorageError: Gradebook, journals or reports cannot be read or written.
    """
    began = time.monotonic()
    with contextlib.closing(Keeper.open(options.out, options.gradebook, options.class_name)) as keeper:
        last = keeper.book.last_run()
        if last is None:
            message = f"{options.out}: the gradebook {keeper.book.database.name} knows no run of {keeper.book.name!r}."
            raise UsageError(message, hint="Grade the submissions first, or give --out, --gradebook or --class-name.")
        work = _Work(options, last)
        tasks = _tasks(keeper, options, work)
        done = Regraded()
        run = 0 if options.dry_run else keeper.book.begin_run("regrade", work.said(), metadata.version("grader"))
        for finished in _scored(work, tasks, options):
            for submission, result in finished.kept.items():
                if not options.dry_run:
                    keeper.book.keep_result(submission, run, result)
            _collect(finished, done)
            if progress is not None:
                progress(done.students, len(tasks))
        if not options.dry_run:
            _finish(keeper, work, run, done)
    done.wall_s = time.monotonic() - began
    return done


class _Work:
    """What all students of a re-grade share; made again in every process."""

    def __init__(self, options: RegradeOptions, last: Run) -> None:
        said = last.options
        self.options, self.last = options, last
        self.folder = options.course or Path(str(said["course"]))
        course = load_course(self.folder)
        self.course: Course = course if said.get("policies", True) else course.model_copy(update={"policies": None})
        path = Path(str(said.get("extensions") or ""))
        granted = said.get("granted", {})
        self.extensions: Extensions = (
            load_extensions(path, self.course) if path.is_file() else extensions_from(granted, self.course)
        )
        language = str(said.get("language", "en"))
        texts = load_texts(self.folder, self.course, language)
        self.page = PageOptions(language, bool(said.get("reveal")), texts)
        parts: dict[str, Any] = {**said.get("setting", {}), "code": code_digest(self.folder)}
        self.setting = Setting(parts)
        self.anonymous = bool(said.get("anonymous"))

    def said(self) -> dict[str, Any]:
        """For the gradebook."""
        return {"course": str(self.folder), "only": list(self.options.only)}

    def bench(self, keeper: Keeper) -> Bench:
        """Scores without executing."""
        digests = question_digests(self.course, self.folder)
        archive = Archive(keeper.journals, StoredDecisions(keeper.book), {}, {}, digests)
        rubrics = LazyRubrics(self.course, self.folder)
        prepare = preparer(asset_store(self.folder))
        return Bench(self.course, rubrics, prepare, None, "", archive=archive, extensions=self.extensions)


def _tasks(keeper: Keeper, options: RegradeOptions, work: _Work) -> list[_Task]:
    current = keeper.book.current()
    unknown = [student for student in options.only if student not in current]
    if unknown:
        message = f"--only: no submission of {', '.join(map(repr, unknown))}; found {', '.join(list(current)[:20])}."
        raise UsageError(message)
    aliases = keeper.book.students() if work.anonymous else {}
    folders = folder_names([aliases.get(student, student) for student in current])
    results = keeper.book.results(stored.id for stored in current.values())
    marks = keeper.marks.counting()
    return [
        _Task(stored, results[stored.id], marks.get(student, {}), folders[aliases.get(student, student)])
        for student, stored in current.items()
        if stored.id in results and (not options.only or student in options.only)
    ]


def _scored(work: _Work, tasks: Sequence[_Task], options: RegradeOptions) -> Iterator[_Done]:
    jobs = 1 if len(tasks) <= FEW else options.jobs
    if jobs == 1:
        with contextlib.closing(_Worker(options, work)) as worker:
            yield from map(worker.one, tasks)
        return
    context = multiprocessing.get_context("spawn")
    chunks = [tasks[at : at + CHUNK] for at in range(0, len(tasks), CHUNK)]
    with ProcessPoolExecutor(jobs, context, _start, (options, work.last)) as pool:
        yield from itertools.chain.from_iterable(pool.map(_chunk, chunks))


class _Worker:
    """Scores students one after the other, with connections of its own."""

    def __init__(self, options: RegradeOptions, work: _Work) -> None:
        self._options, self._work = options, work
        self._keeper = Keeper.open(options.out, options.gradebook, options.class_name)
        self._bench = work.bench(self._keeper)
        self._aliases = self._keeper.book.students() if work.anonymous else {}

    def one(self, task: _Task) -> _Done:
        """Scores a student; writes the report where it changed."""
        record, last = task.stored.record, task.last
        extension = self._work.extensions.get(record.student)
        fingerprint = self._work.setting.fingerprint(record, task.marks, extension)
        if last.fingerprint == fingerprint and not self._options.reports:
            return _Done(record.student, {}, None, (), (), 0)
        bench = replace(self._bench, sandbox=last.result.sandbox)
        graded = grade_submission(bench, submission_of(record), task.marks, _silent, last.journals)
        counting = counting_attempt(self._keeper.book, bench, task.stored, graded, task.marks)
        result, before = counting.graded.result, counting.last or last
        found = change(before.result, result)
        if not self._options.dry_run and (self._options.reports or counting.chosen or result.lean() != before.result):
            folder = self._options.out / task.folder
            with storage_errors(folder):
                write_student(self._named(counting.shown), folder, self._work.page)
        is_open = bool(graded.faults or graded.needs_kernel)
        kept = {
            task.stored.id: StoredResult("" if is_open else fingerprint, last.journals, graded.result.lean(), now())
        }
        if counting.last is not None:
            # Its fingerprint stays empty: what a run would make of it was not looked at.
            kept[counting.stored.id] = StoredResult("", counting.last.journals, result.lean(), now())
        needs, faults = tuple(graded.needs_kernel), tuple(graded.faults)
        return _Done(record.student, kept, found, needs, faults, graded.timing.replayed)

    def close(self) -> None:
        """Ends the connections."""
        self._keeper.close()

    def _named(self, result: StudentResult) -> StudentResult:
        return under_alias(result, self._aliases.get(result.student, result.student))


_here: list[_Worker] = []


def _start(options: RegradeOptions, last: Run) -> None:
    _here[:] = [_Worker(options, _Work(options, last))]


def _chunk(tasks: Sequence[_Task]) -> list[_Done]:
    return [_here[0].one(task) for task in tasks]


def _collect(finished: _Done, done: Regraded) -> None:
    done.students += 1
    done.scored += finished.scored
    if finished.change is not None:
        done.changes.append(finished.change)
    if finished.needs_kernel:
        done.needs_kernel[finished.student] = list(finished.needs_kernel)
    if finished.faults:
        done.faults[finished.student] = list(finished.faults)


def _finish(keeper: Keeper, work: _Work, run: int, done: Regraded) -> None:
    """Writes the class's tables anew and ends the run."""
    current = keeper.book.current()
    aliases = keeper.book.students() if work.anonymous else {}
    names = {student: aliases.get(student, student) for student in current}
    results = keeper.book.results(stored.id for stored in current.values())
    bench, marks = work.bench(keeper), keeper.marks.counting()
    shown = []
    for student, stored in current.items():
        if stored.id in results:
            graded = Graded(results[stored.id].result, Timing(), [], dict(results[stored.id].journals))
            counting = counting_attempt(keeper.book, bench, stored, graded, marks.get(student, {}))
            shown.append(under_alias(counting.shown, names[student]).lean())
    # By the names that are shown: the order of the real ones would tell whose an alias is.
    shown.sort(key=lambda result: result.student)
    out = work.options.out
    with storage_errors(out):
        write_class(shown, out, title=work.course.title, links=folder_names(list(names.values())))
    changes = [dataclasses.asdict(one) for one in done.changes]
    keeper.book.end_run(run, {"students": done.students, "changes": changes, "needs_kernel": done.needs_kernel})


def _silent(what: str) -> None:
    """Nobody watches."""
