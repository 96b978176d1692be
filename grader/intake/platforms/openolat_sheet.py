"""OpenOlat's results as a workbook: who the people are, and their answers where there is no XML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from grader.intake.names import collision_key
from grader.intake.platforms.openolat_items import Item, meaning_of
from grader.intake.platforms.times import parse_time
from grader.intake.tables import label_key, read_sheet

_CODE = re.compile(r"^(?P<item>\d+)_(?P<kind>U|KP|K|C|FIB|HT|G|GG|GO|O|A)(?P<n>\d+)$")
_UPLOAD = re.compile(r"^\w+_\d{8}T\d{6}\d*\.\w+$")
_ESCAPE = re.compile(r"\\([nrt\[\]\\])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_FIRST = ("first name", "vorname", "prénom", "nome")
_LAST = ("last name", "nachname", "name", "nom", "cognome")
_LOGIN = ("user name", "username", "benutzername", "nom d'utilisateur", "nome utente", "login")
_NUMBER = (
    "institution identifier", "registration number", "matrikelnummer", "institutionsnummer", "student number",
    "numéro d'immatriculation", "numero di matricola",
)  # fmt: skip
_EMAIL = ("e mail", "email", "e mail adresse", "e mail address", "institutional e mail address", "courriel")
_DATE = ("date", "datum", "data")
_HEADER_ROWS = 2
_LONGEST_CELL = 32_767


@dataclass(frozen=True)
class Cell:
    """Answers to one item in one row.

    Attributes:
        title: Of the item.
        number: Place of the item in the test, from 1.
        kind: Code of the kind of answers, e.g. ``U`` for texts and uploads.
        values: One an answer column.
    """

    title: str
    number: int
    kind: str
    values: tuple[str, ...]

    @property
    def upload(self) -> str:
        """The stored name of an uploaded file, or ``""``."""
        return self.values[0] if self.kind == "U" and _UPLOAD.match(self.values[0].strip()) else ""


@dataclass(frozen=True)
class SheetRow:
    """One attempt of one person."""

    first: str
    last: str
    login: str
    number: str
    email: str
    date: datetime | None
    cells: tuple[Cell, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}".strip()


def is_result_sheet(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a workbook's first rows are those of OpenOlat's test results."""
    return len(rows) >= _HEADER_ROWS and any(_CODE.match(cell.strip()) for cell in rows[1])


def read_rows(path: Path) -> list[SheetRow]:
    """The attempts in a workbook; none when it holds something else.

    Raises:
        ArchiveError: It cannot be read.
    """
    rows = read_sheet(path)
    if not is_result_sheet(rows):
        return []
    titles, header = rows[0], [cell.strip() for cell in rows[1]]
    return [_row(row, header, titles) for row in rows[_HEADER_ROWS:] if any(cell.strip() for cell in row)]


def _row(row: Sequence[str], header: Sequence[str], titles: Sequence[str]) -> SheetRow:
    wide = (*row, *[""] * (len(header) - len(row)))
    person = {label_key(title): wide[place].strip() for place, title in reversed(list(enumerate(header)))}

    def first_of(labels: Sequence[str]) -> str:
        return next((person[label_key(label)] for label in labels if person.get(label_key(label))), "")

    return SheetRow(
        first_of(_FIRST), first_of(_LAST), first_of(_LOGIN), first_of(_NUMBER), first_of(_EMAIL),
        parse_time(first_of(_DATE)), tuple(_cells(wide, header, titles)),
    )  # fmt: skip


def _cells(row: Sequence[str], header: Sequence[str], titles: Sequence[str]) -> Iterator[Cell]:
    columns: dict[int, list[int]] = {}
    kinds: dict[int, str] = {}
    for place, title in enumerate(header):
        match = _CODE.match(title)
        if match:
            columns.setdefault(int(match["item"]), []).append(place)
            kinds[int(match["item"])] = match["kind"]
    for number, places in columns.items():
        title = next((titles[p].strip() for p in range(places[0], -1, -1) if p < len(titles) and titles[p].strip()), "")
        yield Cell(title, number, kinds[number], tuple(row[place] for place in places))


def essay(value: str) -> str:
    r"""An essay's text without the sheet's escapes (``\n``, ``\[`` …)."""
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), value)


def too_long(value: str) -> bool:
    """Whether a cell is as long as cells can be, so that the text may have been cut."""
    return len(value) >= _LONGEST_CELL


def sheet_marks(cell: Cell, item: Item | None) -> list[str] | None:
    """True/false marks in the order of the statements, or None when the sheet does not tell.

    Kprim and old exports of matrices have a column a statement; newer ones a column a target, with the texts of the
    statements put there, joined by commas.
    """
    values = [value.strip() for value in cell.values]
    by_statement = [meaning_of(value, whole=True) if value else "unanswered" for value in values]
    fits = item is None or len(values) == len(item.statements)
    if cell.kind == "KP" or (fits and any(values)):
        marks = [mark for mark in by_statement if mark is not None]
        if len(marks) == len(values):
            return marks
    if item is None or len(item.targets) != len(values):
        return None
    found: dict[int, str] = {}
    for meaning, value in zip(item.targets.values(), values, strict=True):
        places = _statements_in(value, item.texts)
        if places is None or not found.keys().isdisjoint(places):
            return None
        found |= dict.fromkeys(places, meaning)
    return [found.get(place, "unanswered") for place in range(len(item.texts))]


def _statements_in(value: str, texts: Sequence[str]) -> list[int] | None:
    """Which statements a cell lists, or None when something else stands there, too."""
    rest, places = _plain(value), []
    # The longest texts first, since one may be part of another.
    for place in sorted(range(len(texts)), key=lambda place: -len(texts[place])):
        text = _plain(texts[place])
        if text and text in rest:
            rest = rest.replace(text, "\0", 1)
            places.append(place)
    return None if rest.replace("\0", "").replace(",", "").strip() else places


def _plain(text: str) -> str:
    return collision_key(" ".join(text.split()))
