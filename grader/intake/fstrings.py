"""F-strings that only Python 3.12 and later can read, written so that every Python 3 can.

Since PEP 701 an expression in an f-string may contain the string's own quotes, backslashes and line ends. Students
write notebooks with a newer Python than the one that grades them; such a cell would be a syntax error here, and all
that it does would be missing. Quotes are exchanged for others, line numbers stay.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

_DEEPEST = 6
_LONGEST = 500_000
_START = re.compile(r"""#[^\n]*|(?<!\w)([rRbBuUfF]{0,2})('''|\"\"\"|'|")|('''|\"\"\"|'|")""")
_ANY_F = re.compile(r"""(?<!\w)[rR]?[fF][rR]?['"]""")
_WORD = re.compile(r"\w+")
_OPENING, _CLOSING = "([{", ")]}"


class _OddError(Exception):
    """A text that is no Python; it is left as it is."""


@dataclass
class _Text:
    """A string of the source.

    Attributes:
        prefix: Letters before its quotes.
        quote: What it starts and ends with.
        parts: Its literal text and, in turns, its fields without their braces.
        end: Where it ends in the source.
    """

    prefix: str
    quote: str
    parts: list[str] = field(default_factory=lambda: [""])
    end: int = 0

    def written(self) -> str:
        """The string with quotes that every Python understands, if there are such."""
        body = "".join(part if at % 2 == 0 else "{" + part + "}" for at, part in enumerate(self.parts))
        fields = self.parts[1::2]
        old = self.prefix + self.quote + body + self.quote
        lines = any("\n" in part for part in fields) and len(self.quote) == 1
        if not lines and not any(self.quote in part for part in fields):
            return old
        for quote in ('"', "'", '"""', "'''"):
            if quote in body or body.endswith(quote[0]) or (len(quote) == 1 and "\n" in body):
                continue
            return self.prefix + quote + body + quote
        return old


def portable(source: str) -> str:
    """The source of a cell with f-strings that every Python 3 reads.

    Args:
        source: What may be a cell of any language, with or without magics.
    """
    if len(source) > _LONGEST or not _ANY_F.search(source) or "{" not in source:
        return source
    try:
        return _code(source, 0, 0, inside=False)[0]
    except _OddError:
        return source


def _code(source: str, at: int, depth: int, *, inside: bool) -> tuple[str, int]:
    """Code from a place to the end, or, inside an f-string's field, to its closing brace, colon or conversion."""
    made, brackets = [], 0
    while at < len(source):
        character = source[at]
        found = _START.match(source, at)
        if found is not None and not (character == "#" and inside):
            if character == "#":
                made.append(found.group())
                at = found.end()
                continue
            text = _string(source, found, depth)
            made.append(text.written() if not inside or "\\" not in _literal(text) else _spelt(source[at : text.end]))
            at = text.end
            continue
        if inside and not brackets and (character == "}" or (character in ":!" and source[at + 1 : at + 2] != "=")):
            return "".join(made), at
        brackets += (character in _OPENING) - (character in _CLOSING)
        word = _WORD.match(source, at)
        made.append(word.group() if word else character)
        at = word.end() if word else at + 1
    if inside:
        raise _OddError
    return "".join(made), at


def _literal(text: _Text) -> str:
    return "".join(text.parts[::2])


def _spelt(token: str) -> str:
    """A string with backslashes as an expression without quotes, as a field of an older f-string must be."""
    try:
        value = ast.literal_eval(token)
    except (SyntaxError, ValueError) as fault:
        raise _OddError from fault
    if isinstance(value, bytes):
        return f"bytes({tuple(value)})"
    return f"bytes({tuple(str(value).encode())}).decode()"


def _string(source: str, found: re.Match[str], depth: int) -> _Text:
    """A string that starts at a match."""
    if depth > _DEEPEST:
        raise _OddError
    text = _Text(found.group(1) or "", found.group(2) or found.group(3))
    formatted, at, begun = "f" in text.prefix.lower(), found.end(), found.end()
    while not source.startswith(text.quote, at):
        if at >= len(source) or (source[at] == "\n" and len(text.quote) == 1):
            raise _OddError
        if source[at] == "\\" or (formatted and source[at : at + 2] in {"{{", "}}"}):
            at += 2
        elif formatted and source[at] == "{":
            text.parts[-1] += source[begun:at]
            inner, at = _field(source, at + 1, depth + 1)
            text.parts += [inner, ""]
            begun = at
        else:
            at += 1
    text.parts[-1] += source[begun:at]
    text.end = at + len(text.quote)
    return text


def _field(source: str, at: int, depth: int) -> tuple[str, int]:
    """A field behind its opening brace, and where what follows it begins."""
    if depth > _DEEPEST:
        raise _OddError
    inner, at = _code(source, at, depth, inside=True)
    begun = at
    while at < len(source) and source[at] != "}":
        if source[at] == "\n":
            raise _OddError
        if source[at] == "{":
            inner += source[begun : at + 1]
            nested, at = _field(source, at + 1, depth + 1)
            inner += nested + "}"
            begun = at
        else:
            at += 1
    if at >= len(source):
        raise _OddError
    return inner + source[begun:at], at + 1
