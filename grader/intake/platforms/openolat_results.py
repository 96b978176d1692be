"""OpenOlat's result report of one attempt, ``<test session>.xml`` (QTI 2.1): what the candidate answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from grader.errors import ArchiveError
from grader.intake.platforms.openolat_items import Item, meaning_of
from grader.intake.platforms.times import parse_time
from grader.intake.platforms.xml import children, local, read_xml

ROOT = "assessmentResult"
_OWN = {"duration", "numAttempts"}


@dataclass(frozen=True)
class Response:
    """A candidate's response to one interaction.

    Attributes:
        identifier: E.g. ``RESPONSE_1``.
        base_type: E.g. ``string``, ``file``, ``directedPair``.
        values: As stored.
    """

    identifier: str
    base_type: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Answered:
    """One item of the attempt.

    Attributes:
        identifier: As the test names the item.
        responses: To its interactions, also empty ones.
    """

    identifier: str
    responses: tuple[Response, ...]

    @property
    def given(self) -> bool:
        """Whether anything was answered."""
        return any(value.strip() for response in self.responses for value in response.values)


@dataclass(frozen=True)
class Attempt:
    """A result report."""

    items: tuple[Answered, ...]
    finished: datetime | None

    @property
    def given(self) -> bool:
        """Whether anything was answered."""
        return any(item.given for item in self.items)


def read_attempt(path: Path) -> Attempt:
    """Reads a result report.

    Raises:
        ArchiveError: It is not one.
    """
    root = read_xml(path)
    if local(root) != ROOT:
        message = f"its root is {local(root)!r}, not {ROOT!r}"
        raise ArchiveError(message)
    items: dict[str, Answered] = {}
    for element in children(root, "itemResult"):
        identifier = element.get("identifier", "")
        responses = tuple(
            _response(variable)
            for variable in children(element, "responseVariable")
            if variable.get("identifier") not in _OWN
        )
        answered = Answered(identifier, responses)
        if answered.given or identifier not in items:
            items[identifier] = answered
    results = list(children(root, "testResult"))
    finished = parse_time(results[0].get("datestamp", "")) if results else None
    return Attempt(tuple(items.values()), finished)


def _response(variable: Element) -> Response:
    values = [
        value.text or "" for given in children(variable, "candidateResponse") for value in children(given, "value")
    ]
    return Response(variable.get("identifier", ""), variable.get("baseType", ""), tuple(values))


def marks(response: Response, item: Item | None) -> list[str] | None:
    """True/false marks in the order of the statements; None when that order, or what a target means, is not known.

    Args:
        response: Pairs of a statement and a target (``right``, ``wrong``, ``unanswered``, ``correct``), in any order.
        item: The item as the test defines it, or None.
    """
    pairs = dict(value.split()[:2] for value in response.values if len(value.split()) >= 2)
    statements = item.statements if item is not None and item.statements else _by_letter(pairs)
    if statements is None:
        return None
    targets = item.targets if item is not None else {}
    found = [_mark(pairs.get(statement, ""), targets) for statement in statements]
    return [mark for mark in found if mark is not None] if None not in found else None


def _by_letter(pairs: Mapping[str, str]) -> Sequence[str] | None:
    """Kprim names its four statements a, b, c, d."""
    by_letter = {statement[:1]: statement for statement in pairs}
    is_kprim = pairs and set(by_letter) <= set("abcd") and set(pairs.values()) <= {"correct", "wrong"}
    return [by_letter.get(letter, "") for letter in "abcd"] if is_kprim and len(by_letter) == len(pairs) else None


def _mark(target: str, targets: Mapping[str, str]) -> str | None:
    if not target:
        return "unanswered"
    return targets.get(target) or meaning_of(target)
