"""How numbers and strangers' text are written in reports."""

from __future__ import annotations

import math
import re
import unicodedata

_ANSI = re.compile(
    r"""
      (?: \x1b\[ | \x9b ) [0-?]* [ -/]* [@-~]              # control sequences: colours, cursor movement
    | (?: \x1b\] | \x9d ) [^\x07\x1b\x9c]* (?: \x07 | \x1b\\ | \x9c )?   # titles and links
    | (?: \x1b[PX^_] | [\x90\x98\x9e\x9f] ) [^\x1b\x9c]* (?: \x1b\\ | \x9c )?   # device, privacy, application strings
    | \x1b [ -/]* [0-~]
    """,
    re.VERBOSE,
)
# Characters that would change how their surroundings are shown: controls (but tab and new line), overrides and isolates
# of the writing direction, line separators, lone surrogates. Marks such as U+200F stay: right-to-left names need them.
_DECEPTIVE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\ufeff]"
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def points(value: float) -> str:
    """``3`` for 3.0, ``1.5`` for 1.5, with a true minus sign: for people."""
    return plain_points(value).replace("-", "\N{MINUS SIGN}")


def plain_points(value: float) -> str:
    """``3`` for 3.0, ``1.5`` for 1.5, ``-0.5`` for -0.5: for programs."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def share(part: float, whole: float) -> float:
    """``part`` in percent of ``whole``, within 0 and 100; 0 when there is nothing to earn."""
    return min(max(100.0 * part / whole, 0.0), 100.0) if whole > 0 else 0.0


def percent(part: float, whole: float) -> str:
    """``52%``; halves are rounded up."""
    return f"{math.floor(share(part, whole) + 0.5)}%"


def duration(seconds: float) -> str:
    """``12 s``, ``5 min 12 s`` or ``1 h 3 min``."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def visible(text: str) -> str:
    """The text without colour codes of terminals, and with deceptive characters shown as e.g. ``[U+202E]``."""
    text = _ANSI.sub("", text).replace("\r\n", "\n")
    return _DECEPTIVE.sub(lambda match: f"[U+{ord(match.group()):04X}]", text)


def composed(text: str) -> str:
    """The text in NFC: the same letters whether an upload came from macOS or elsewhere."""
    return unicodedata.normalize("NFC", text)


def clip(text: str, length: int) -> str:
    """The text, cut to ``length`` characters with an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def slug(ident: str) -> str:
    """The id as an anchor: letters, digits and hyphens of ASCII."""
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in ident)


def cell_for_people(text: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
