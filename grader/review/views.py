"""Items as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.gradebook import Event
from grader.notebook import Cell
from grader.reporting.drawing import ExhibitView, views
from grader.reporting.language import language
from grader.reporting.page import environment
from grader.reporting.pictures import Gallery, galleries
from grader.reporting.student_page import OUTCOME_WORDS
from grader.results import AssignmentResult
from grader.review.board import OPEN, Board, Item, State, Work, totals
from grader.scoring.proposals import Proposal

WORDS = language("en")
_MOST_SOURCE, _MOST_OUTPUT = 20_000, 4_000
_MOST_COMMENTS = 9
STATE_WORDS = {
    "open": "open",
    "check": "to be checked: marked for an earlier upload",
    "marked": "marked",
    "computed": "computed",
    "missing": "not handed in",
}


@dataclass(frozen=True)
class Row:
    """A criterion of the marking list.

    Attributes:
        id: Its id.
        about: What earns the points.
        most: Its points.
        value: What the marker gave, as text for the field, or ``""``.
        full: Whether that is all of its points.
        computed: What was computed, as text, or ``""`` while it is open.
        outcome: How it was computed.
        word: The same for people.
        evidence: What was seen.
        cell: Number of the cell that the evidence is about, from 1, or 0.
        proposal: What is proposed, or None.
        proposed: Its points as text for the field, or ``""``.
    """

    id: str
    about: str
    most: float
    value: str
    full: bool
    computed: str
    outcome: str
    word: str
    evidence: str
    cell: int
    proposal: Proposal | None
    proposed: str


@dataclass(frozen=True)
class Similar:
    """An answer like the one that is shown. Attributes: the item, the likeness in percent, its points or ``""``."""

    item: Item
    percent: int
    points: str


@dataclass(frozen=True)
class CellView:
    """A cell of a notebook, cut to what can be read."""

    number: int
    kind: str
    source: str
    output: str
    status: str
    error: str


@dataclass(frozen=True)
class Line:
    """A question of the overview. Attributes: question id, title, kind, counts by state, address of the first open."""

    id: str
    title: str
    kind: str
    counts: Mapping[State, int]
    first: str

    @property
    def open(self) -> int:
        """How many wait."""
        return sum(self.counts.get(state, 0) for state in OPEN)


def rows(item: Item, proposals: Mapping[str, Proposal]) -> list[Row]:
    """The marking list of an item."""
    computed = {criterion.id: criterion for criterion in item.computed.criteria}
    given = item.mark.mark.criteria if item.mark else {}
    found = []
    for criterion in item.question.criteria:
        result, proposal = computed.get(criterion.id), proposals.get(criterion.id)
        value = given.get(criterion.id)
        points = result.points if result is not None else None
        outcome = result.outcome if result is not None else "review"
        found.append(
            Row(
                criterion.id,
                criterion.about,
                criterion.points,
                "" if value is None else f"{value:g}",
                value == criterion.points,
                "" if points is None else f"{points:g}",
                outcome,
                OUTCOME_WORDS[outcome],
                result.evidence if result is not None and item.question.kind == "code" else "",
                (result.cell or -1) + 1 if result is not None and result.cell is not None else 0,
                proposal,
                "" if proposal is None or proposal.points is None else f"{proposal.points:g}",
            )
        )
    return found


def similar(board: Board, items: Sequence[Item], alias: str) -> list[Similar]:
    """The answers like one, the likest first."""
    at = next((index for index, item in enumerate(items) if item.alias == alias), None)
    if at is None or items[at].question.kind != "text":
        return []
    found = board.likeness(items).like(at)
    return [
        Similar(items[index], round(100 * cosine), f"{items[index].result.points:g}" if items[index].mark else "")
        for index, cosine in found
    ]


def overview(board: Board) -> list[Line]:
    """A line a question."""
    found, marks = [], board.marks()
    for question in board.questions:
        items = board.items(question.id, marks)
        first = next((item for item in items if item.state in OPEN), None)
        address = f"/q/{question.id}/{first.alias}" if first is not None else ""
        found.append(Line(question.id, question.title, question.kind, totals(items), address))
    return found


def reusable(used: Iterable[str], item: Item) -> list[str]:
    """Comments to pick from: those used for the question, then the course's own."""
    own = [criterion.comment for criterion in item.question.criteria if "{detail}" not in criterion.comment]
    only = [one.comment for one in item.question.only]
    return list(dict.fromkeys([*used, *only, *own]))[:_MOST_COMMENTS]


def cells(work: Work) -> list[CellView]:
    """The notebook's cells."""
    return [_cell(cell) for cell in work.cells]


def pictures(work: Work) -> Gallery:
    """The pictures that the notebook displayed."""
    return galleries([AssignmentResult("", "", 0.0, 0.0, cells=work.cells)])[0]


def exhibits(work: Work) -> list[ExhibitView]:
    """What the rubric shows beside words, the reference's part included: this page is for staff."""
    return list(views(work.exhibits, "exhibit", WORDS, reveal=True))


def events(board: Board, found: Sequence[Event], most: int = 300) -> list[tuple[Event, str, str]]:
    """The last events, the newest first, with the student as the page shows it and the address."""
    lines = []
    for event in reversed(found[-most:]):
        alias = board.aliases.get(event.student, "")
        shown = alias if board.anonymous else event.student
        lines.append((event, shown, f"/q/{event.question}/{alias}" if alias else ""))
    return lines


def render(template: str, **context: Any) -> str:
    """A page; every text of a stranger is made visible and escaped."""
    return environment(WORDS, "grader.review").get_template(template).render(**context)


def _cell(cell: Cell) -> CellView:
    error = f"{cell.error_name}: {cell.error_message}" if cell.error_name else ""
    source = cell.source[:_MOST_SOURCE] + ("\n…" if len(cell.source) > _MOST_SOURCE else "")
    output = cell.text[:_MOST_OUTPUT] + ("\n…" if len(cell.text) > _MOST_OUTPUT else "")
    return CellView(cell.index + 1, cell.kind, source, output, cell.status, error[:1000])
