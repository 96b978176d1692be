"""Tables from outside: CSV of any dialect, and the first sheet of a workbook."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import openpyxl

from grader.errors import ArchiveError
from grader.intake.entries import UNREADABLE, open_entries
from grader.intake.names import collision_key
from grader.intake.texts import decode
from grader.intake.types import MIB, Limits, size_text

_CSV_BYTES = 64 * MIB
_SHEET_BYTES = 256 * MIB
_SHEET_PARTS = 5_000
_ROWS = 200_000
_COLUMNS = 5_000
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Table:
    """Rows of text; the first one holds the titles of the columns."""

    rows: tuple[tuple[str, ...], ...]

    @property
    def header(self) -> tuple[str, ...]:
        """Titles of the columns."""
        return self.rows[0] if self.rows else ()

    @property
    def records(self) -> tuple[tuple[str, ...], ...]:
        """The rows below the titles, all as wide as these."""
        width = len(self.header)
        return tuple((*row, *[""] * (width - len(row))) for row in self.rows[1:] if any(cell.strip() for cell in row))

    def column(self, *labels: str) -> int | None:
        """Place of the first column that has one of these titles in any language, or None."""
        wanted = {label_key(label) for label in labels}
        return next((place for place, title in enumerate(self.header) if label_key(title) in wanted), None)

    def values(self, labels: Iterable[str]) -> Iterator[str]:
        """The cells of the column with one of these titles; empty texts where there is none."""
        place = self.column(*labels)
        for record in self.records:
            yield record[place].strip() if place is not None else ""


def label_key(title: str) -> str:
    """A column's title without case, punctuation and what stands in brackets."""
    return re.sub(r"[\W_]+", " ", collision_key(re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", title))).strip()


def read_csv(path: Path) -> Table | None:
    """A CSV file with comma, semicolon or tab, quoted or not, in any usual encoding; None when it cannot be read."""
    try:
        if path.stat().st_size > _CSV_BYTES:
            return None
        text = decode(path.read_bytes())
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        return Table(tuple(tuple(row) for row in reader if row))
    except (OSError, csv.Error):
        return None


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first rows into most columns, all alike."""
    best, best_score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row, _ in zip(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), range(20))]  # noqa: B905
        except csv.Error:
            continue
        widths = [len(row) for row in rows if row]
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def read_sheet(path: Path) -> tuple[tuple[str, ...], ...]:
    """The cells of a workbook's first sheet as text.

    Raises:
        ArchiveError: It is no workbook, damaged, or unpacks to too much.
    """
    _check_size(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on styles
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            return tuple(_rows(sheet.iter_rows(values_only=True, max_row=_ROWS)))
        finally:
            book.close()
    except (*UNREADABLE, KeyError, IndexError, TypeError, AttributeError, SyntaxError) as error:
        message = f"it is no workbook that can be read ({type(error).__name__})"
        raise ArchiveError(message, hint="Export it again.") from error


def _check_size(path: Path) -> None:
    total = 0
    with open_entries(path, _SHEET_PARTS, _SHEET_BYTES, Limits()) as entries:
        for entry in entries:
            total += entry.size
            if total > _SHEET_BYTES:
                message = f"it unpacks to more than the {size_text(_SHEET_BYTES)} allowed"
                raise ArchiveError(message)


def _rows(rows: Iterable[Sequence[object]]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        cells = [_cell(value) for value in row[:_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        yield tuple(cells)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    # Workbooks write carriage returns as an escape of their own.
    return str(value).replace("_x000D_", "\r")
