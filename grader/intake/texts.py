"""Text from outside: its encoding, and what people typed into rich-text editors as plain text."""

from __future__ import annotations

import json
import re
from html import escape
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {
        "address", "article", "blockquote", "dd", "div", "dl", "dt", "figure", "h1", "h2", "h3", "h4", "h5", "h6",
        "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul",
    }
)  # fmt: skip
_HIDDEN = frozenset({"script", "style", "head", "title"})
_TAG = re.compile(
    r"</(?:p|div|span|strong|em|b|i|u|ul|ol|li|sub|sup|table|h[1-6]|pre|code|math)\s*>|<(?:br|p|img)\b[^<>]*>",
    re.IGNORECASE,
)
_CODINGS = ("utf-8", "cp1252")


def decode(raw: bytes) -> str:
    """Text of unknown encoding: by its byte order mark, else UTF-8, else Windows-1252; without the mark."""
    marked = json.detect_encoding(raw)
    for encoding in (marked, *_CODINGS):
        try:
            return raw.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def looks_html(text: str) -> bool:
    """Whether a text was made by a rich-text editor."""
    return _TAG.search(text) is not None


def clean_text(text: str) -> str:
    """Plain text with line feeds and ordinary blanks; empty lines in a row become one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").replace("\ufeff", "")
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def html_to_text(html: str) -> str:
    """The text of a rich-text answer: blocks become lines; LaTeX stays, and MathML as it is written."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return clean_text("".join(reader.parts))


class _Reader(HTMLParser):
    """Collects text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0
        self._math = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._math += tag == "math"
        if self._math:
            self.parts.append(self.get_starttag_text() or "")
        elif tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag in _BLOCKS:
            self._line()
        elif tag == "img":
            # Editors keep formulas as pictures whose description is the LaTeX.
            self.parts.append(dict(attrs).get("alt") or "")
        if tag in {"td", "th"}:
            self.parts.append(" ")
        if tag == "li":
            self.parts.append("- ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._math or tag not in _HIDDEN | {"math"}:
            depth = self._math
            self.handle_starttag(tag, attrs)
            self._math = depth

    def handle_endtag(self, tag: str) -> None:
        if self._math:
            self.parts.append(f"</{tag}>")
            self._math -= tag == "math"
        elif tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self._line()

    def handle_data(self, data: str) -> None:
        if self._math:
            self.parts.append(escape(data, quote=False))
        elif not self._hidden:
            self.parts.append(re.sub(r"[ \t\r\n]+", " ", data))

    def _line(self) -> None:
        while self.parts and not self.parts[-1].strip(" "):
            self.parts.pop()
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")
