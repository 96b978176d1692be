"""What a marker does: marks, applies to several, accepts, takes back. Each step is in the gradebook when it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.course import Question
from grader.errors import ConflictError, UsageError
from grader.gradebook import Provenance, StoredMark
from grader.gradebook.values import Role
from grader.marking import Marking
from grader.review.board import Board, Item
from grader.scoring.human import HumanMark, read_mark
from grader.scoring.proposals import Proposal

ACCEPTED = "accepted proposal"


@dataclass(frozen=True)
class Filled:
    """A filled-in form.

    Attributes:
        entry: As in ``marks.yaml``; empty where nothing was filled in.
        reason: Why, for staff.
        seen: Number of the mark that the page showed, 0 for none.
    """

    entry: Mapping[str, Any]
    reason: str
    seen: int | None


def read_form(question: Question, fields: Mapping[str, str]) -> Filled:
    """A form's fields: ``points``, ``p.<criterion>``, ``check.<criterion>``, ``comment``, ``reason``, ``seen``.

    A checked box without points means all points of its criterion.

    Raises:
        UsageError: Points are no number, not in halves, or the page's number of the mark is none.
    """
    entry: dict[str, Any] = {}
    if fields.get("points", "").strip():
        entry["points"] = _halves(question.id, fields["points"])
    else:
        criteria = {}
        for criterion in question.criteria:
            given = fields.get(f"p.{criterion.id}", "").strip()
            if given:
                criteria[criterion.id] = _halves(criterion.id, given)
            elif f"check.{criterion.id}" in fields:
                criteria[criterion.id] = criterion.points
        if criteria:
            entry["criteria"] = criteria
    if fields.get("comment", "").strip():
        entry["comment"] = fields["comment"].strip()[:5000]
    seen = fields.get("seen", "")
    if seen and not seen.isdecimal():
        message = f"expected the number of a mark, found {seen[:20]!r}."
        raise UsageError(message, hint="Load the page again.")
    return Filled(entry, fields.get("reason", "").strip()[:2000], int(seen) if seen else None)


def _halves(where: str, given: str) -> float:
    try:
        points = float(given.strip().replace(",", "."))
    except ValueError:
        points = -1.0
    if not 0 <= points < 1000 or points * 2 != int(points * 2):
        message = f"{where}: expected points in halves, found {given[:20]!r}."
        raise UsageError(message)
    return points


@dataclass
class Desk:
    """A marker at work.

    Attributes:
        marking: Marks of the class.
        board: What there is to decide.
        author: Name of the marker.
        role: First or second marker.
        changed: Told whose marks changed.
    """

    marking: Marking
    board: Board
    author: str
    role: Role
    changed: Callable[[str], None]
    _steps: list[list[StoredMark]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mark(self, item: Item, filled: Filled) -> StoredMark | None:
        """Marks a question, or takes the mark back where the form was emptied; nothing new writes nothing.

        Raises:
            UsageError: The points do not fit, or a computed decision is changed without a reason.
            ConflictError: Somebody else marked it meanwhile.
        """
        if not filled.entry:
            if item.mark is not None:
                self.take_back(item, filled)
            return None
        mark = read_mark(item.question.id, filled.entry, item.question)
        needs_reason(item, mark, filled.reason)
        before = item.mark
        same = before is not None and before.mark == mark and (not filled.reason or before.by.reason == filled.reason)
        if same and not item.outdated and filled.seen in {None, item.seen}:
            return before
        stored = self._write(item, filled, self.author)
        self._remember([stored])
        return stored

    def apply(self, items: Sequence[Item], like: Item, filled: Filled) -> tuple[list[StoredMark], list[str]]:
        """Gives several students the same mark, each with a mark of its own.

        Returns:
            The marks, and a line on each student who was marked by somebody else meanwhile and is left as is.
        """
        if not filled.entry:
            message = "expected points to apply to the selected answers, found none."
            raise UsageError(message, hint="Set points first.")
        mark = read_mark(like.question.id, filled.entry, like.question)
        for item in items:
            needs_reason(item, mark, filled.reason)
        written, left = [], []
        reason = filled.reason or f"as {like.alias}, whose answer was read beside this one"
        for item in items:
            try:
                written.append(self._write(item, Filled(filled.entry, reason, item.seen), self.author))
            except ConflictError as fault:
                left.append(f"{item.shown}: {fault}")
        self._remember(written)
        return written, left

    def take_back(self, item: Item, filled: Filled) -> None:
        """Takes the mark that counts back.

        Raises:
            UsageError: There is none.
            ConflictError: Another mark counts by now.
        """
        if item.mark is None:
            message = f"question {item.question.id}: there is no mark to take back."
            raise UsageError(message)
        by = Provenance(self.author, "review", filled.reason, self.role)
        self.marking.take_back(item.student, item.question.id, by, seen=filled.seen)
        self.changed(item.student)

    def undo(self) -> tuple[list[StoredMark], list[str]]:
        """Takes back what this marker did last, unless somebody marked it anew since.

        Returns:
            The marks that were taken back, and a line on each that was not.

        Raises:
            UsageError: There is nothing to undo.
        """
        with self._lock:
            if not self._steps:
                message = "There is nothing to undo in this session."
                raise UsageError(message, hint="A mark's page has its history, with a button to take it back.")
            step = self._steps.pop()
        undone, left = [], []
        for stored in step:
            by = Provenance(self.author, "review", "undone", self.role)
            try:
                self.marking.take_back(stored.student, stored.question, by, seen=stored.id)
                undone.append(stored)
                self.changed(stored.student)
            except ConflictError as fault:
                left.append(str(fault))
        return undone, left

    def take_second(self, item: Item, second: StoredMark) -> StoredMark:
        """Lets the second marker's mark count.

        Raises:
            ConflictError: Somebody else marked it meanwhile.
        """
        mark = second.mark
        entry = {"points": mark.points, "criteria": dict(mark.criteria), "comment": mark.comment}
        filled = Filled(entry, f"agreed with the second marker, {second.by.author}", item.seen)
        stored = self._write(item, filled, self.author)
        self._remember([stored])
        return stored

    def accept_proposals(self) -> int:
        """Accepts every proposal for what is open among the text questions; returns how many questions were marked.

        The marks say that nobody read the answer: their author is ``<author> (accepted proposal)``.
        """
        count = 0
        for question in self.board.questions:
            for item in self.board.items(question.id) if question.kind == "text" else ():
                taken = acceptable(item, self.board.proposals(item))
                if item.state != "open" or not taken:
                    continue
                given = dict(item.mark.mark.criteria) if item.mark else {}
                comment = item.mark.mark.comment if item.mark else ""
                entry = {"criteria": {**given, **{one.criterion: one.points for one in taken}}, "comment": comment}
                reason = "; ".join(f"{one.criterion}: {one.why}" for one in taken)
                try:
                    self._write(item, Filled(entry, reason, item.seen), f"{self.author} ({ACCEPTED})")
                except ConflictError:
                    continue  # a person decided it meanwhile
                count += 1
        return count

    def _write(self, item: Item, filled: Filled, author: str) -> StoredMark:
        by = Provenance(author, "review", filled.reason, self.role)
        stored = self.marking.mark(item.student, item.question.id, dict(filled.entry), by, seen=filled.seen)
        self.changed(item.student)
        return stored

    def _remember(self, step: list[StoredMark]) -> None:
        if step:
            with self._lock:
                self._steps.append(step)


def acceptable(item: Item, proposals: Mapping[str, Proposal]) -> list[Proposal]:
    """The proposals in points for criteria that nobody has marked."""
    marked = item.mark.mark.criteria if item.mark else {}
    if item.mark is not None and item.mark.mark.points is not None:
        return []
    return [one for one in proposals.values() if one.points is not None and one.criterion not in marked]


def needs_reason(item: Item, mark: HumanMark, reason: str) -> None:
    """What was decided by computing is overridden with a reason only.

    Raises:
        UsageError: There is none.
    """
    if reason.strip():
        return
    computed = {criterion.id: criterion.points for criterion in item.computed.criteria}
    changed = [
        ident
        for ident, points in mark.criteria.items()
        if computed.get(ident) is not None and computed[ident] != points
    ]
    whole = mark.points is not None and item.computed.status != "review" and mark.points != item.computed.points
    if whole or changed:
        what = changed[0] if changed else f"question {item.question.id}"
        message = f"{what} was decided already: say in the field “Reason” why it is changed."
        raise UsageError(message)
