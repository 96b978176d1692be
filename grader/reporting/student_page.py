"""report.html: what a student reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.course_texts import CourseTexts, Said
from grader.notebook import Cell
from grader.reporting import page, text
from grader.reporting.drawing import ExhibitView, views
from grader.reporting.final import final_view
from grader.reporting.language import ENGLISH, Language, language_of
from grader.reporting.pictures import Gallery, galleries
from grader.reporting.places import CodeLine, Excerpt, around, excerpt_of
from grader.results import AssignmentResult, CriterionResult, QuestionResult, StudentResult

_FAILING_CELLS_SHOWN = 10
_LINES_AROUND_THE_ERROR = 12
_CARRIED = re.compile(r"carried forward from (\w+)(?:\((\w+)\))?, not deducted again")

OUTCOME_WORDS = {
    "met": "met",
    "partial": "partly met",
    "not-met": "not met",
    "carried": "carried forward",
    "review": "open",
}
_CELL_WORDS = {
    "error": "stopped with an error",
    "timeout": "ran out of time",
    "killed": "the kernel died in this cell",
}
_ENDED_EARLY = {"time", "memory", "output", "killed"}


@dataclass(frozen=True)
class PageOptions:
    """How a student's page is written.

    Attributes:
        language: ``en`` or ``de``.
        reveal: Whether right answers and what the reference makes may be seen: staff set it after the deadline.
        texts: The course's texts in that language, or None: then the results' own words are all there is.
    """

    language: str = ENGLISH
    reveal: bool = False
    texts: CourseTexts | None = None


@dataclass(frozen=True)
class FailingCell:
    """A cell that did not end well. Attributes: number from 1, what happened, the error, the lines around it."""

    number: int
    happened: str
    error: str
    lines: tuple[CodeLine, ...]


@dataclass(frozen=True)
class CriterionLine:
    """A row of a question's table; ``comment`` is empty when it is said beside the score already."""

    title: Said
    outcome: str
    word: str
    points: float | None
    max_points: float
    comment: Said
    evidence: Said


@dataclass(frozen=True)
class Lesson:
    """What there is to learn from a criterion.

    Attributes:
        title: The criterion.
        outcome: How it was decided.
        carried_from: The question whose fault was carried forward, or ``""``.
        why: Why it matters.
        right: What a right answer does; empty until it may be revealed.
        code: The student's own lines, or None.
    """

    title: Said
    outcome: str
    carried_from: str
    why: Said
    right: Said
    code: Excerpt | None


@dataclass(frozen=True)
class QuestionView:
    """A question as the page shows it."""

    result: QuestionResult
    title: Said
    anchor: str
    comments: tuple[Said, ...]
    lines: tuple[CriterionLine, ...]
    lessons: tuple[Lesson, ...]
    exhibits: tuple[ExhibitView, ...]


@dataclass(frozen=True)
class AssignmentView:
    """An assignment as the page shows it.

    Attributes:
        result: The result.
        title: Its title.
        anchor: Id of its section.
        problems: Sentences about its execution.
        stand_ins: Names of the data that were stand-ins.
        questions: Those that are worth points.
        uploads: Those that are not, with their titles: shown as a quiet line.
        missing: Whether nothing was handed in for its code questions.
        failing: Cells with errors.
        more_failing: How many further cells failed.
        went_on: Whether later cells ran after every failure: nothing ran out of time or killed the kernel.
        not_run: How many cells were never reached.
        ended_early: Whether time, memory or output ended the notebook.
        gallery: The pictures.
    """

    result: AssignmentResult
    title: Said
    anchor: str
    problems: tuple[Said, ...]
    stand_ins: tuple[str, ...]
    questions: tuple[QuestionView, ...]
    uploads: tuple[tuple[QuestionResult, Said], ...]
    missing: bool
    failing: tuple[FailingCell, ...]
    more_failing: int
    went_on: bool
    not_run: int
    ended_early: bool
    gallery: Gallery


def student_page(result: StudentResult, options: PageOptions | None = None) -> str:
    """The whole report as HTML: one file, no request to anywhere."""
    options = options or PageOptions()
    writer = _Writer(options.texts, language_of(options.language, options.texts), options.reveal)
    shown = galleries(result.assignments)
    assignments = [
        writer.assignment(assignment, gallery) for assignment, gallery in zip(result.assignments, shown, strict=True)
    ]
    title = writer.texts.title() if writer.texts and writer.texts.course.title == result.course else None
    return page.render(
        "report.html.j2",
        "report.css",
        language=writer.words,
        result=result,
        course=title or Said(result.course, True),
        problems=tuple(writer.words.sentence(problem) for problem in result.problems),
        assignments=assignments,
        open_questions=[question for question in result.questions if question.status == "review"],
        outcomes={criterion.outcome for question in result.questions for criterion in question.criteria},
        reveal=options.reveal,
        final=final_view(result, writer.words),
    )


@dataclass(frozen=True)
class _Writer:
    texts: CourseTexts | None
    words: Language
    reveal: bool

    def assignment(self, assignment: AssignmentResult, gallery: Gallery) -> AssignmentView:
        failing = [cell for cell in assignment.cells if cell.status in _CELL_WORDS]
        title = self.texts.assignment(assignment.id, assignment.title) if self.texts else Said(assignment.title, True)
        return AssignmentView(
            result=assignment,
            title=title,
            anchor=f"assignment-{text.slug(assignment.id)}",
            problems=tuple(self.words.sentence(problem) for problem in assignment.problems),
            stand_ins=assignment.stand_ins,
            questions=tuple(
                self._question(question, assignment) for question in assignment.questions if question.max_points > 0
            ),
            uploads=tuple(
                (question, self._title(question)) for question in assignment.questions if question.max_points <= 0
            ),
            missing=any(question.status == "missing" and question.kind == "code" for question in assignment.questions),
            failing=tuple(self._failing(cell) for cell in failing[:_FAILING_CELLS_SHOWN]),
            more_failing=max(len(failing) - _FAILING_CELLS_SHOWN, 0),
            went_on=all(cell.status == "error" for cell in failing),
            not_run=sum(cell.status == "not-run" for cell in assignment.cells),
            ended_early=assignment.fault in _ENDED_EARLY,
            gallery=gallery,
        )

    def _title(self, question: QuestionResult) -> Said:
        return self.texts.question(question.id, question.title) if self.texts else Said(question.title, True)

    def _question(self, question: QuestionResult, assignment: AssignmentResult) -> QuestionView:
        # A missing notebook says it once: a table of "not met" would explain nothing.
        criteria = () if question.status == "missing" else question.criteria
        anchor = f"question-{text.slug(question.id)}"
        return QuestionView(
            result=question,
            title=self._title(question),
            anchor=anchor,
            comments=tuple(self._comment(question, comment) for comment in question.comments),
            lines=tuple(self._line(question, criterion) for criterion in criteria),
            lessons=tuple(self._lessons(question, assignment.cells)),
            exhibits=tuple(views(question.exhibits, anchor, self.words, reveal=self.reveal)),
        )

    def _comment(self, question: QuestionResult, comment: str) -> Said:
        said = self.words.sentence(comment)
        if said.translated or self.texts is None:
            return said
        found = self.texts.comment(question.id, comment)
        # What a person wrote is in a language that nobody knows: it is not said to be English.
        return Said(found.text, found.translated or question.marked_by == "person")

    def _line(self, question: QuestionResult, criterion: CriterionResult) -> CriterionLine:
        repeated = criterion.comment in question.comments
        return CriterionLine(
            title=self._about(criterion),
            outcome=criterion.outcome,
            word=str(self.words(OUTCOME_WORDS[criterion.outcome])),
            points=criterion.points,
            max_points=criterion.max_points,
            comment=Said("", True) if repeated else self._comment(question, criterion.comment),
            evidence=self.words.sentence(criterion.evidence),
        )

    def _about(self, criterion: CriterionResult) -> Said:
        about = criterion.title or _readable(criterion.id)
        return self.texts.about(criterion.id, about) if self.texts else Said(about, True)

    def _lessons(self, question: QuestionResult, cells: Sequence[Cell]) -> Iterator[Lesson]:
        if question.status == "missing" and not self.reveal:
            return
        shown: set[tuple[int, tuple[int, ...]]] = set()
        for criterion in question.criteria:
            waiting = criterion.outcome == "review" and question.kind != "code"
            if criterion.outcome == "met" or waiting:
                continue
            carried = _CARRIED.fullmatch(criterion.comment) if criterion.outcome == "carried" else None
            source = "".join(part for part in carried.groups() if part) if carried else ""
            why = self.texts.why(criterion.id) if self.texts else Said("", True)
            right = self.texts.right(criterion.id) if self.texts and self.reveal else Said("", True)
            code = None
            if question.kind == "code" and question.status != "missing" and not carried:
                code = excerpt_of(criterion, self.texts.lines(criterion.id) if self.texts else "", cells)
            place = (code.cell, code.marked) if code else None
            if place in shown:
                code = None  # the same lines once a question
            elif place:
                shown.add(place)
            lesson = Lesson(self._about(criterion), criterion.outcome, source, why, right, code)
            if source or code or right.text or (why.text and question.status != "missing"):
                yield lesson

    def _failing(self, cell: Cell) -> FailingCell:
        message = text.visible(cell.error_message).strip()
        error = f"{cell.error_name}: {message}" if cell.error_name and message else cell.error_name or message
        happened = str(self.words(_CELL_WORDS[cell.status]))
        lines = around(cell, cell.error_line, _LINES_AROUND_THE_ERROR)
        return FailingCell(cell.index + 1, happened, text.clip(error, 800), lines)


def _readable(criterion: str) -> str:
    """``Feature map`` for ``1c.feature-map``."""
    name = criterion.partition(".")[2] or criterion
    words = name.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
