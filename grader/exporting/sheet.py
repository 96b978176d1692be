"""A table of another program, in which single cells are filled and every other byte stays as it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.errors import UsageError
from grader.exporting.encodings import Decoded, read_text

_DELIMITERS = ",;\t"
_DECIMAL_COMMA = re.compile(r"\s*-?\d+,\d+\s*")
_DECIMAL_POINT = re.compile(r"\s*-?\d+\.\d+\s*")


@dataclass
class _Record:
    """A row as it is written. Attributes: its fields with their quotes, and its line end."""

    fields: list[str]
    end: str


class Sheet:
    """A CSV or tab-separated file whose cells keep their quotes, blanks and line ends.

    Attributes:
        path: Where it came from, for messages.
        delimiter: What stands between its cells.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self._file: Decoded = read_text(path, what)
        self.delimiter = _delimiter(self._file.text)
        self._records = list(_records(self._file.text, self.delimiter))
        if not self._records:
            message = f"{path}: expected {what}, found an empty file."
            raise UsageError(message, hint="Download the file again.")

    def __len__(self) -> int:
        return len(self._records)

    @property
    def header(self) -> list[str]:
        """Titles of the columns, without blanks around them."""
        return self.row(0)

    def row(self, number: int) -> list[str]:
        """The cells of a row as text, without blanks around them."""
        return [_value(field).strip() for field in self._records[number].fields]

    def cell(self, row: int, column: int) -> str:
        """A cell as text, without blanks around it; ``""`` where the row is shorter."""
        fields = self._records[row].fields
        return _value(fields[column]).strip() if column < len(fields) else ""

    def column(self, column: int) -> list[str]:
        """The cells below a title that hold something."""
        return [cell for row in range(1, len(self)) if (cell := self.cell(row, column))]

    def fill(self, row: int, column: int, text: str) -> None:
        """Writes a cell; quoted when it was, when the text needs it, and never otherwise."""
        fields = self._records[row].fields
        fields += [""] * (column + 1 - len(fields))
        if _value(fields[column]) != text:
            fields[column] = self._written(text, quoted=fields[column].startswith('"'))

    def decimal_mark(self, columns: Sequence[int]) -> str:
        """``","`` when the numbers of these columns are written with a comma, else ``"."``."""
        cells = [cell for column in columns for cell in self.column(column)]
        commas = sum(bool(_DECIMAL_COMMA.fullmatch(cell)) for cell in cells)
        return "," if commas > sum(bool(_DECIMAL_POINT.fullmatch(cell)) for cell in cells) else "."

    def encoded(self, errors: Literal["replace", "xmlcharrefreplace"] = "replace") -> bytes:
        """The file, in its own encoding."""
        return self._file.encoded(
            "".join(self.delimiter.join(record.fields) + record.end for record in self._records), errors
        )

    def _written(self, text: str, *, quoted: bool) -> str:
        special = any(character in text for character in (self.delimiter, '"', "\r", "\n")) or text != text.strip()
        doubled = text.replace('"', '""')
        return f'"{doubled}"' if quoted or special else text


def number(text: str) -> float | None:
    """The number that a cell holds, with either decimal mark; None when it holds none."""
    match = re.fullmatch(r"-?\d+(?:[.,]\d+)?", text.strip())
    return float(match[0].replace(",", ".")) if match else None


def _delimiter(text: str) -> str:
    """The one that divides the first line into most cells."""
    outside = re.sub(r'"(?:[^"]|"")*"', "", text.lstrip().partition("\n")[0])
    counts = Counter(character for character in outside if character in _DELIMITERS)
    return max(_DELIMITERS, key=lambda delimiter: counts[delimiter])


def _records(text: str, delimiter: str) -> Iterator[_Record]:
    other = f"[^{re.escape(delimiter)}\\r\\n]*"
    # A quote that is never closed is a character like any other.
    field = re.compile(f'("(?:[^"]|"")*"{other}|{other})({re.escape(delimiter)}|\\r\\n|\\r|\\n|\\Z)')
    fields: list[str] = []
    place = 0
    while place < len(text) or fields:
        match = field.match(text, place)
        if match is None:
            message = f"a table could not be divided into cells at character {place}"
            raise AssertionError(message)
        fields.append(match[1])
        place = match.end()
        if match[2] != delimiter:
            yield _Record(fields, match[2])
            fields = []


def _value(field: str) -> str:
    """What a program reads in a written cell."""
    match = re.match(r'"((?:[^"]|"")*)"', field)
    return match[1].replace('""', '"') + field[match.end() :] if match else field
