"""What one cell showed, bounded while it arrives: text keeps head and tail, pictures are counted and weighed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from grader.notebook import Picture
from grader.sandbox import Limits

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ERROR_LINE = re.compile(r"Cell In ?\[\d+\], line (\d+)")
_PICTURE_TYPES = ("image/png", "image/jpeg")
_MANY_PIECES = 10_000
_NAME_LIMIT = 200
_MESSAGE_LIMIT = 4_000
_TRACEBACK_LIMIT = 100_000
CUT = "\n[… output cut here: it is longer than what is kept …]\n"


class CellOutput:
    """Collects the outputs of one cell.

    Attributes:
        error: Name, message and line of the exception that was shown, or None.
        truncated: Whether something was left out.
    """

    def __init__(self, limits: Limits) -> None:
        self._half = limits.cell_text_kib * 1024 // 2
        self._pictures_left = limits.cell_pictures
        self._picture_bytes = limits.picture_mib * 2**20
        self.error: tuple[str, str, int | None] | None = None
        self.truncated = False
        self.clear()

    def clear(self) -> None:
        """Forgets what was shown, as ``clear_output`` does."""
        self._head = ""
        self._tail: list[str] = []
        self._held = 0
        self._cut = False
        self._pictures: list[Picture] = []

    @property
    def text(self) -> str:
        """The text, carriage returns applied."""
        tail = "".join(self._tail)[-self._half :]
        text = self._head + CUT + tail if self._cut else self._head + tail
        return "\n".join(_as_shown(line) for line in _ANSI.sub("", text).split("\n"))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures."""
        return tuple(self._pictures)

    def add_text(self, text: str) -> None:
        """Appends text; beyond the limit only the newest is kept."""
        room = self._half - len(self._head)
        self._head += text[:room]
        text = text[room:]
        if not text:
            return
        self._tail.append(text[-self._half :])
        self._held += len(self._tail[-1])
        self._cut = self._cut or self._held > self._half or len(text) > self._half
        self.truncated = self.truncated or self._cut
        if self._held > 2 * self._half or len(self._tail) > _MANY_PIECES:
            self._tail = ["".join(self._tail)[-self._half :]]
            self._held = len(self._tail[0])

    def add_data(self, data: Mapping[str, Any]) -> None:
        """Takes the picture of a display, or else its plain text."""
        for mime in _PICTURE_TYPES:
            if isinstance(content := data.get(mime), str):
                self._add_picture(Picture(mime, content.replace("\n", "")))
                return
        if isinstance(text := data.get("text/plain"), str):
            self.add_text(text + "\n")

    def add_error(self, content: Mapping[str, Any]) -> None:
        """Takes the exception that ended the cell."""
        name, message = str(content.get("ename", ""))[:_NAME_LIMIT], str(content.get("evalue", ""))[:_MESSAGE_LIMIT]
        lines = content.get("traceback")
        trace = "\n".join(str(line)[:_TRACEBACK_LIMIT] for line in lines[:50]) if isinstance(lines, list) else ""
        found = _ERROR_LINE.search(_ANSI.sub("", trace[:_TRACEBACK_LIMIT]))
        self.error = (name or "Error", _ANSI.sub("", message), int(found[1]) if found else None)

    def _add_picture(self, picture: Picture) -> None:
        if self._pictures_left <= 0 or len(picture.base64) * 3 // 4 > self._picture_bytes:
            self.truncated = True
            return
        self._pictures_left -= 1
        self._pictures.append(picture)


def _as_shown(line: str) -> str:
    """What is left of a line after its carriage returns, as a terminal shows a progress bar."""
    return line.rstrip("\r").rpartition("\r")[2]
