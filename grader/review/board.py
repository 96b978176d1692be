"""What there is to decide, read from the gradebook; nothing here writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.course import Question
from grader.errors import GraderError, StorageError, UsageError
from grader.exhibits import Exhibit
from grader.gradebook import Stored, StoredMark, StoredResult
from grader.gradebook.values import Role
from grader.keeping import Keeper, StoredDecisions, marked_hash
from grader.marking import Marking, still_open
from grader.notebook import Cell
from grader.results import QuestionResult
from grader.review.similar import Likeness
from grader.scoring.marks import apply_mark, score_choice, score_code, score_missing, score_open, score_text
from grader.scoring.proposals import Proposal, Proposers, propose

State = Literal["open", "check", "marked", "computed", "missing"]
OPEN: tuple[State, ...] = ("open", "check")
Marks = Mapping[str, Mapping[str, StoredMark]]
_FRESH_S = 5.0
"""How long uploads and results are taken from memory; marks never are."""


@dataclass(frozen=True)
class Item:
    """A question of a student.

    Attributes:
        stored: The upload that counts.
        alias: The student's name in addresses.
        shown: The student's name on the page: the alias where names are hidden.
        question: The question.
        answer: What was typed.
        computed: The result without any person.
        mark: The mark of this marker's role that counts, or None.
        outdated: Whether that mark was given for an earlier upload.
        state: ``open``; ``check``: marked for an earlier upload; ``marked``; ``computed``; ``missing``.
    """

    stored: Stored
    alias: str
    shown: str
    question: Question
    answer: str
    computed: QuestionResult
    mark: StoredMark | None
    outdated: bool
    state: State

    @property
    def student(self) -> str:
        """Name of the student."""
        return self.stored.record.student

    @property
    def result(self) -> QuestionResult:
        """The result with the mark."""
        return apply_mark(self.question, self.computed, self.mark.mark) if self.mark else self.computed

    @property
    def seen(self) -> int:
        """Number of the mark, 0 for none."""
        return self.mark.id if self.mark else 0


@dataclass(frozen=True)
class Disagreement:
    """First and second marker give a question different points. Attributes: the item of the first, both marks."""

    item: Item
    first: QuestionResult
    second: QuestionResult
    first_mark: StoredMark
    second_mark: StoredMark


@dataclass(frozen=True)
class Work:
    """An executed notebook. Attributes: its cells, exhibits of the question."""

    cells: tuple[Cell, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()


class Board:
    """The class as a marker sees it.

    Args:
        keeper: Gradebook and journals.
        marking: Marks of the class.
        role: ``second`` sees neither first marks nor whether there are any: marking twice means marking blindly.
        anonymous: Whether names are hidden.
        proposers: For text questions.
    """

    def __init__(self, keeper: Keeper, marking: Marking, role: Role, proposers: Proposers, *, anonymous: bool) -> None:
        self._keeper, self._marking = keeper, marking
        self.role, self.anonymous, self.proposers = role, anonymous, proposers
        self.course = marking.course
        self.questions = [question for question in self.course.questions() if question.points > 0]
        self.aliases = keeper.book.students()
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._current: dict[str, Stored] = {}
        self._results: dict[int, StoredResult] = {}
        self._bare: dict[tuple[int, str, object], QuestionResult] = {}
        self._likeness: dict[str, tuple[tuple[str, ...], Likeness]] = {}

    def forget(self) -> None:
        """Uploads and results have changed: the next look reads them again."""
        self._read_at = float("-inf")

    def items(self, question: str, marks: Marks | None = None) -> list[Item]:
        """A question of all students; text answers that are like each other stand together.

        Args:
            question: Id of the question.
            marks: From ``marks``, for who asks for several questions; None: they are read.
        """
        asked = self._marking.question(question)
        current, results = self._snapshot()
        marks = self.marks() if marks is None else marks
        found = [
            self._item(asked, stored, results.get(stored.id), marks.get(student, {}).get(question))
            for student, stored in current.items()
        ]
        if self.anonymous:
            found.sort(key=lambda item: item.alias)  # the order of names would tell them
        if asked.kind == "text":
            return [found[at] for at in self.likeness(found).order()]
        return found

    def item(self, question: str, alias: str) -> Item:
        """A question of a student.

        Raises:
            UsageError: There is no such question or student.
        """
        asked = self._marking.question(question)
        current, results = self._snapshot()
        student = next((name for name, own in self.aliases.items() if own == alias), "")
        if student not in current:
            message = f"There is no student {alias!r} in this class."
            raise UsageError(message)
        stored = current[student]
        return self._item(asked, stored, results.get(stored.id), self.marks().get(student, {}).get(question))

    def likeness(self, items: Sequence[Item]) -> Likeness:
        """The likeness of answers, in the order of the items."""
        answers = tuple(item.answer for item in items)
        question = items[0].question.id if items else ""
        known = self._likeness.get(question)
        if known is None or known[0] != answers:
            known = self._likeness[question] = (answers, Likeness(answers))
        return known[1]

    def proposals(self, item: Item) -> dict[str, Proposal]:
        """Criterion id → proposal, for a typed answer."""
        return propose(item.question, item.answer, self.proposers) if item.question.kind == "text" else {}

    def disagreements(self) -> list[Disagreement]:
        """Questions to which both markers give different points, in the order of the course."""
        current, results = self._snapshot()
        first, second = self._keeper.marks.effective(), self._keeper.marks.second()
        found = []
        for question in self.questions:
            for student, marks in second.items():
                one, two = first.get(student, {}).get(question.id), marks.get(question.id)
                if student not in current or one is None or two is None:
                    continue
                item = self._item(question, current[student], results.get(current[student].id), one)
                results_of = [apply_mark(question, item.computed, mark.mark) for mark in (one, two)]
                if _points(results_of[0]) != _points(results_of[1]):
                    found.append(Disagreement(item, results_of[0], results_of[1], one, two))
        return found

    def work(self, item: Item) -> Work:
        """The executed notebook behind a code question, as far as it is kept."""
        kept = self._snapshot()[1].get(item.stored.id)
        assignment = next(one.id for one in self.course.assignments if item.question in one.questions)
        key = kept.journals.get(assignment, "") if kept is not None else ""
        if item.question.kind != "code" or not key:
            return Work()
        decided = StoredDecisions(self._keeper.book).latest(key, [item.question.id]).get(item.question.id)
        try:
            head = self._keeper.journals.head(key)
        except StorageError:
            head = None  # damaged: the question can be marked without it
        return Work(head.executed.cells if head else (), decided.exhibits if decided else ())

    def marks(self) -> Marks:
        """Student → question → the mark of this marker's role that counts."""
        book = self._keeper.marks
        return book.second() if self.role == "second" else book.effective()

    # -- reading ----------------------------------------------------------------------------------------------------

    def _snapshot(self) -> tuple[dict[str, Stored], dict[int, StoredResult]]:
        with self._lock:
            if time.monotonic() - self._read_at > _FRESH_S:
                self._current = self._keeper.book.current()
                self._results = self._keeper.book.results(stored.id for stored in self._current.values())
                self._read_at = time.monotonic()
            return self._current, self._results

    def _item(self, question: Question, stored: Stored, kept: StoredResult | None, mark: StoredMark | None) -> Item:
        given = stored.record.answers.get(question.id, "")
        answer = given if isinstance(given, str) else " ".join(map(str, given))
        computed = self._computed(question, stored, kept)
        student = stored.record.student
        alias = self.aliases.get(student, student)
        old = bool(mark and mark.marked and mark.marked != marked_hash(stored.record, self.course, question.id))
        shown = alias if self.anonymous else student
        state = _state(computed, mark, old)
        return Item(stored, alias, shown, question, answer, computed, mark, old, state)

    def _computed(self, question: Question, stored: Stored, kept: StoredResult | None) -> QuestionResult:
        given = stored.record.answers.get(question.id, "")
        if question.kind == "text":
            return score_text(question, given)
        if question.kind == "choice":
            return score_choice(question, given)
        own = {part.id: part for part in kept.result.questions}.get(question.id) if kept is not None else None
        if own is None or kept is None:
            return score_open(question, "This question was not graded yet.")
        if own.marked_by != "person":
            return own
        key = (stored.id, question.id, kept.made_at)
        if key not in self._bare:
            self._bare[key] = self._unmarked(question, kept)
        return self._bare[key]

    def _unmarked(self, question: Question, kept: StoredResult) -> QuestionResult:
        """A code question as it was before a person marked it: from the decision that is kept with the journal."""
        assignment = next(one.id for one in self.course.assignments if question in one.questions)
        key = kept.journals.get(assignment, "")
        decided = StoredDecisions(self._keeper.book).latest(key, [question.id]).get(question.id) if key else None
        if decided is None:
            return score_missing(question, "") if not key else score_open(question, "What was computed is not kept.")
        if decided.open:
            return score_open(question, decided.open)
        try:
            return score_code(question, decided.outcomes)
        except GraderError:
            return score_open(question, "The course pack's criteria have changed; grade again.")


def _state(computed: QuestionResult, mark: StoredMark | None, outdated: bool) -> State:
    if mark is not None and outdated:
        return "check"
    if mark is not None and not still_open(computed, mark.mark):
        return "marked"
    if mark is not None or computed.status == "review":
        return "open"
    return "missing" if computed.status == "missing" else "computed"


def _points(result: QuestionResult) -> tuple[float, bool]:
    return result.points, result.status == "review"


def totals(items: Sequence[Item]) -> dict[State, int]:
    """State → number of items."""
    found: dict[State, int] = {}
    for item in items:
        found[item.state] = found.get(item.state, 0) + 1
    return found


def neighbours(items: Sequence[Item], alias: str) -> tuple[Item | None, Item | None]:
    """The item before, and the next open one (from the begin again after the last), or None."""
    at = next((index for index, item in enumerate(items) if item.alias == alias), 0)
    rest = [*items[at + 1 :], *items[:at]]
    following = next((item for item in rest if item.state in OPEN), None)
    return (items[at - 1] if at > 0 else None), following
