"""A class while it is graded: who is graded anew, who keeps an earlier result, what is written where."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from grader.attempts import counting_attempt
from grader.gradebook import Record, Stored, StoredResult, now
from grader.intake import Intake, Submission, safe_name
from grader.journal import storage_errors
from grader.keeping import (
    Keeper,
    Setting,
    StoredDecisions,
    code_digest,
    marked_hash,
    outdated,
    record_of,
)
from grader.pipeline import Archive, Bench, Graded, Report, Timing, grade_submission
from grader.policies import extensions_data
from grader.reporting import PageOptions, write_student
from grader.results import StudentResult
from grader.rubric_sources import question_digests
from grader.run_values import Options, Summary
from grader.scoring.human import HumanMark, Marks


class ClassRun:
    """One run over a class.

    Args:
        options: What the command line says.
        bench: What all submissions share.
        intake: The class as uploaded.
        page: How reports are written.
        keeper: Gradebook and journals, or None to keep nothing.
        where: What notebooks run in, as ``journal.environment`` says it.

    Attributes:
        bench: The same, with what earlier runs left.
    """

    def __init__(
        self,
        options: Options,
        bench: Bench,
        intake: Intake,
        page: PageOptions,
        keeper: Keeper | None,
        where: Mapping[str, str],
    ) -> None:
        self._options, self._intake, self._page, self._keeper = options, intake, page, keeper
        self._marks: Marks = {}
        self._aliases: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._run = 0
        self._setting = Setting({})
        self.bench = bench
        if keeper is not None:
            limits = dataclasses.asdict(options.limits)
            digests = question_digests(bench.course, options.course)
            decisions = StoredDecisions(keeper.book)
            archive = Archive(keeper.journals, decisions, where, limits, digests, options.fresh)
            self.bench = replace(bench, archive=archive)
            self._setting = Setting(
                {
                    "code": code_digest(options.course),
                    "environment": dict(where),
                    "limits": limits,
                    "seed": options.seed,
                    "page": [options.language, options.reveal, options.anonymous, options.policies],
                }
            )

    def prepare(self, from_file: Marks | None) -> list[str]:
        """Begins the run in the gradebook and settles which marks count.

        Args:
            from_file: The staff's file of marks, or None when there is none: its earlier marks then stay.

        Returns:
            Lines for the staff.
        """
        students = [submission.student for submission in self._intake.submissions]
        if self._keeper is None:
            self._marks, self._folders = from_file or {}, folder_names(students)
            return []
        book, options = self._keeper.book, self._options
        said = {"source": str(options.source), "course": str(options.course), "only": list(options.only)}
        more = {"seed": options.seed, "language": options.language}
        more |= {"extensions": str(options.extensions or self._intake.extensions or ""), "policies": options.policies}
        more |= {"reveal": options.reveal, "anonymous": options.anonymous, "setting": dict(self._setting.parts)}
        more |= {"granted": extensions_data(self.bench.extensions, self.bench.course)}
        self._run = book.begin_run("run", {**said, **more}, metadata.version("grader"))
        book.enrol(students, self._run)
        lines = self._take_over(from_file) if from_file is not None else []
        self._marks = self._keeper.marks.counting()
        if options.anonymous:
            self._aliases = book.students()
        self._folders = folder_names([self.shown(student) for student in students])
        return lines

    def grade(self, submission: Submission, report: Report) -> Graded | None:
        """Grades a student, or finds that an earlier result still holds; None when the run is being stopped.

        Raises:
            StorageError: The gradebook or the reports cannot be written.
        """
        if self.bench.stop.is_set():
            return None
        if self._keeper is None:
            return self._written(grade_submission(self.bench, submission, self._of(submission.student), report))
        stored = self._keeper.book.submit(record_of(submission))
        fingerprint = self._fingerprint(stored.record)
        last = self._keeper.book.results([stored.id]).get(stored.id)
        if last is not None and last.fingerprint == fingerprint and not self._options.fresh and self._is_written(last):
            same = Graded(last.result, Timing(), [], dict(last.journals), unchanged=True)
            other = self._attempt(stored, same)
            same.result = self._named(same.result)
            return same if other is same else self._written(other)
        graded = grade_submission(self.bench, submission, self._of(submission.student), report)
        if self.bench.stop.is_set():
            return None
        result = graded.result
        written = self._written(self._attempt(stored, graded))
        # Without a fingerprint nothing matches it: what a fault of ours left open is computed again the next time.
        kept = StoredResult("" if graded.faults else fingerprint, graded.journals, result, now())
        self._keeper.book.keep_result(stored.id, self._run, kept)
        return written

    def finish(self, summary: Summary, submissions: Sequence[Submission]) -> None:
        """Adds what earlier runs know of students that this one left out, and ends the run in the gradebook."""
        if self._keeper is not None:
            book = self._keeper.book
            summary.gradebook = book.database.name
            done = {submission.student for submission in submissions}
            current = book.current()
            others = {student: stored for student, stored in current.items() if student not in done}
            results = book.results(stored.id for stored in others.values())
            for stored in others.values():
                if stored.id in results:
                    kept = Graded(results[stored.id].result, Timing(), [], dict(results[stored.id].journals))
                    summary.results.append(self._named(self._attempt(stored, kept).result))
            summary.problems += [
                f"{self.shown(student)} {question}: a person marked an earlier upload; the mark counts, check it"
                for student, question in outdated(self._keeper, self.bench.course, current)
            ]
            totals = {"graded": len(summary.results), "unchanged": summary.unchanged, "failed": len(summary.failed)}
            book.end_run(self._run, {**totals, "interrupted": summary.interrupted, "wall_s": summary.wall_s})
        summary.results.sort(key=lambda result: result.student)

    def close(self) -> None:
        """Ends the connections."""
        if self._keeper is not None:
            self._keeper.close()

    def shown(self, student: str) -> str:
        """How a student is called in what is printed and written."""
        return self._aliases.get(student, student)

    def links(self) -> dict[str, str]:
        """Name as shown → folder of the report."""
        return dict(self._folders)

    def _take_over(self, marks: Marks) -> list[str]:
        """Brings the staff's file of marks into the gradebook."""
        if self._keeper is None:
            return []
        known = {submission.student for submission in self._intake.submissions}
        hashes = {}
        for submission in self._intake.submissions:
            if submission.student in marks:
                record = record_of(submission)
                for question in marks[submission.student]:
                    hashes[submission.student, question] = marked_hash(record, self.bench.course, question)
        name = (self._options.marks or self._intake.marks or Path("marks.yaml")).name
        ours = {student: entries for student, entries in marks.items() if student in known}
        return self._keeper.marks.sync_file(ours, hashes, name)

    def _of(self, student: str) -> dict[str, HumanMark]:
        return dict(self._marks.get(student, {}))

    def _fingerprint(self, record: Record) -> str:
        extension = self.bench.extensions.get(record.student)
        return self._setting.fingerprint(record, self._of(record.student), extension)

    def _attempt(self, stored: Stored, graded: Graded) -> Graded:
        """The attempt that counts, with what the report says of the choice."""
        if self._keeper is None:
            return graded
        counting = counting_attempt(self._keeper.book, self.bench, stored, graded, self._of(stored.record.student))
        if counting.note:
            counting.graded.result = counting.shown
        return counting.graded

    def _written(self, graded: Graded) -> Graded | None:
        """Writes the report; under the alias where names are hidden."""
        if self.bench.stop.is_set():
            return None
        folder = self._options.out / self._folders[self.shown(graded.result.student)]
        graded.result = self._named(graded.result)
        with storage_errors(folder):
            write_student(graded.result, folder, self._page)
        return graded

    def _is_written(self, last: StoredResult) -> bool:
        folder = self._options.out / self._folders[self.shown(last.result.student)]
        return all((folder / name).is_file() for name in ("report.html", "report.json"))

    def _named(self, result: StudentResult) -> StudentResult:
        return under_alias(result, self._aliases.get(result.student, result.student))


def under_alias(result: StudentResult, alias: str) -> StudentResult:
    """The result under another name, which sentences about the upload use, too."""
    problems = tuple(problem.replace(result.student, alias) for problem in result.problems)
    return replace(result, student=alias, problems=problems)


def folder_names(students: Sequence[str]) -> dict[str, str]:
    """Student → a folder of its own, also where two names become the same safe name."""
    taken: dict[str, int] = {}
    folders = {}
    for student in students:
        name = safe_name(student)
        count = taken[name.casefold()] = taken.get(name.casefold(), 0) + 1
        folders[student] = name if count == 1 else f"{name}-{count}"
    return folders
