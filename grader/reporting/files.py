"""Texts that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from grader.files import whole_file


def write_atomically(path: Path, text: str) -> None:
    """Writes ``text`` as UTF-8 beside ``path`` and renames it, so that a reader never meets half a report.

    Args:
        path: The file; its folder is made when it is missing.
        text: Its content; lone surrogates (undecodable file names) become U+FFFD.

    Raises:
        OSError: The folder cannot be written.
    """
    with whole_file(path) as file:
        file.write(well_formed(text).encode("utf-8"))


def well_formed(text: str) -> str:
    """The text with lone surrogates replaced, so that it can be written as UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
