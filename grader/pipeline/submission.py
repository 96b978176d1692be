"""A submission from upload to result, as a short list of named steps."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.course import Assignment, Question
from grader.errors import InfrastructureError
from grader.intake import NotebookFile, Submission, working_files
from grader.notebook import ExecutedNotebook
from grader.pipeline.notebooks import NotebookGrader, Scored, Work
from grader.pipeline.scoring import result_of
from grader.pipeline.values import Bench, Decided, Graded, Report, Timing
from grader.policies import with_policies
from grader.results import AssignmentResult, QuestionResult, StudentResult
from grader.scoring.human import HumanMark
from grader.scoring.marks import apply_mark, score_choice, score_missing, score_open, score_text

log = logging.getLogger("grader")

ATTEMPTS = 3
BROKEN_MACHINE = "The grading machine failed while this notebook ran; it costs no points. A person decides."
UNANSWERED = "The journal of this notebook does not answer this question; grading again asks its kernel."


def grade_submission(
    bench: Bench,
    submission: Submission,
    marks: Mapping[str, HumanMark],
    report: Report,
    journals: Mapping[str, str] | None = None,
) -> Graded:
    """Grades one submission; never raises for what a student, a rubric or a sandbox did.

    Args:
        bench: What all submissions of the run share.
        submission: What was uploaded.
        marks: Question id → a person's mark, which wins over what is computed.
        report: Told what is done.
        journals: Assignment id → key of a journal, for assignments whose notebook is not at hand any more.
    """
    began = time.monotonic()
    job = _Job(bench, submission, report, dict(journals or {}))
    assignments = [
        _with_marks(assignment, job.assignment(assignment), marks) for assignment in bench.course.assignments
    ]
    failed = any(fault.startswith("infrastructure") for fault in job.faults)
    is_open = any(question.status == "review" for assignment in assignments for question in assignment.questions)
    job.timing.total_s = time.monotonic() - began
    result = StudentResult(
        student=submission.student,
        points=sum(assignment.points for assignment in assignments),
        max_points=bench.course.points,
        status="failed" if failed else "provisional" if is_open else "final",
        assignments=tuple(assignments),
        problems=tuple(str(problem) for problem in submission.problems),
        sandbox=bench.sandbox,
        duration_s=job.notebooks_s,
        course=bench.course.title,
    )
    result = with_policies(bench.course, result, submission.received, bench.extensions)
    return Graded(result, job.timing, job.faults, job.journals, job.needs_kernel)


def _with_marks(assignment: Assignment, result: AssignmentResult, marks: Mapping[str, HumanMark]) -> AssignmentResult:
    """People's marks win over whatever was computed."""
    questions = tuple(
        apply_mark(question, graded, marks[question.id]) if question.id in marks else graded
        for question, graded in zip(assignment.questions, result.questions, strict=True)
    )
    return replace(result, questions=questions, points=sum(question.points for question in questions))


@dataclass
class _Job:
    """One submission; ``notebooks_s`` is the time of its kernels' starts and cells, whenever they ran."""

    bench: Bench
    submission: Submission
    report: Report
    journals: dict[str, str]
    timing: Timing = field(default_factory=Timing)
    faults: list[str] = field(default_factory=list)
    needs_kernel: list[str] = field(default_factory=list)
    notebooks_s: float = 0.0

    def assignment(self, assignment: Assignment) -> AssignmentResult:
        """Typed answers by their key, code by its rubric."""
        file = self.submission.notebooks.get(assignment.id)
        executed: ExecutedNotebook | None = None
        code: dict[str, QuestionResult] = {}
        known = len(self.faults)
        at_hand = file is not None and file.notebook is not None
        if assignment.notebook and file is not None and (at_hand or assignment.id in self.journals):
            executed, code = self._notebook(assignment, file)
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
        if file is not None and file.notebook is None and not file.error and question.criteria:
            # Readable, but neither at hand nor in a journal: its first execution broke.
            self.needs_kernel.append(question.id)
            return score_open(question, UNANSWERED)
        return score_missing(question, file.error if file is not None else "")

    def _notebook(
        self, assignment: Assignment, file: NotebookFile
    ) -> tuple[ExecutedNotebook | None, dict[str, QuestionResult]]:
        """A fault of the machine is tried again, then every question waits for a person."""
        work = self._work(assignment, file)
        scored = self._with_retries(work)
        if scored is None:
            return None, {question.id: score_open(question, BROKEN_MACHINE) for question in work.questions}
        if scored.key:
            self.journals[assignment.id] = scored.key
        self.needs_kernel += scored.needs_kernel
        self.notebooks_s += scored.executed.duration_s + scored.executed.startup_s
        results = {}
        for question in work.questions:
            decided = scored.decided.get(question.id, Decided(open=UNANSWERED))
            results[question.id], fault = result_of(question, decided)
            self.faults += [fault] if fault else []
        return scored.executed, results

    def _work(self, assignment: Assignment, file: NotebookFile) -> Work:
        files = working_files(self.submission, assignment.id) if file.notebook is not None else {}
        return Work(
            self.submission.student,
            assignment,
            file.name,
            file.notebook,
            files,
            self.submission.answers,
            self._seed(assignment),
            self.journals.get(assignment.id, ""),
        )

    def _with_retries(self, work: Work) -> Scored | None:
        last: InfrastructureError | None = None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return NotebookGrader(self.bench, work, self.timing, self.report).grade()
            except InfrastructureError as fault:
                log.warning("%s, assignment %s, attempt %d: %s", work.student, work.assignment.id, attempt, fault)
                last = fault
            if self.bench.stop.is_set():
                break
        self.faults.append(f"infrastructure: assignment {work.assignment.id}: {last}")
        return None

    def _seed(self, assignment: Assignment) -> int:
        """A seed a student and assignment: the same in every run with the same ``--seed``."""
        text = f"{self.bench.seed}:{self.submission.student}:{assignment.id}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _whose_fault(executed: ExecutedNotebook | None, ours: Sequence[str]) -> str:
    """Ours before the student's: what we broke costs nothing, so it must not look like the student's doing."""
    if ours:
        return "infrastructure" if ours[0].startswith("infrastructure") else "rubric"
    if executed is None:
        return ""
    status = {cell.status for cell in executed.cells}
    return executed.fault or ("time" if "timeout" in status else "student" if "error" in status else "")
