"""Text of files that other programs wrote: how it is encoded, and the same encoding again."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.errors import UsageError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Decoded:
    """A file as text. Attributes: the text, its encoding, and the byte order mark that came before it."""

    text: str
    encoding: str
    mark: bytes = b""

    def encoded(self, text: str, errors: Literal["replace", "xmlcharrefreplace"] = "replace") -> bytes:
        """Another text in the same encoding, with the same mark."""
        return self.mark + text.encode(self.encoding, errors)


def read_text(path: Path, what: str) -> Decoded:
    """The file as text.

    Args:
        path: The file.
        what: What it should be, for the message, e.g. ``"a grading worksheet"``.

    Raises:
        UsageError: It cannot be read, or is not the text that its byte order mark says.
    """
    try:
        return decoded(path.read_bytes())
    except OSError as fault:
        message = f"{path}: expected {what}, found none that can be read ({fault.strerror})."
        raise UsageError(message) from fault
    except UnicodeDecodeError as fault:
        message = f"{path}: expected {what}, found bytes that are not {fault.encoding} (byte {fault.start})."
        raise UsageError(message, hint="Download the file again.") from fault


def decoded(data: bytes) -> Decoded:
    """The bytes as text: by their mark, else UTF-8, else Windows-1252, else Latin-1, which takes every byte.

    Raises:
        UnicodeDecodeError: The mark promises an encoding that the rest does not keep.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(encoding), encoding, mark)
    for encoding in ("utf-8", "cp1252"):
        try:
            return Decoded(data.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    return Decoded(data.decode("latin-1"), "latin-1")
