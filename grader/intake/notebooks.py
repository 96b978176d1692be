"""Notebook files of any condition → nbformat v4.5, or the reason why not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from grader.errors import NotebookError
from grader.intake.mending import mend
from grader.intake.types import Limits, size_text

_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"version https://git-lfs", "a Git LFS pointer, which only names the real file"),
    (b"<?xml", "an XML document"),
)
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")
_NOTEBOOK_KEYS = (b'"cells"', b'"worksheets"')
_LONGEST_INTEGER = 18


@dataclass(frozen=True)
class ReadNotebook:
    """A notebook that could be read.

    Attributes:
        notebook: Normalised, nbformat v4.5, without outputs.
        notes: What was mended, each a sentence without its subject, e.g. ``"was read as UTF-16"``.
    """

    notebook: NotebookNode
    notes: tuple[str, ...]


def read_notebook(path: Path, limits: Limits) -> ReadNotebook:
    """Reads and normalises a notebook.

    Raises:
        NotebookError: It cannot be read; the message completes "The notebook …".
    """
    try:
        size = path.stat().st_size
        if size > limits.notebook_bytes:
            message = f"is too large: {size_text(size)}, at most {size_text(limits.notebook_bytes)} are read"
            raise NotebookError(message)
        raw = path.read_bytes()
    except OSError as error:
        message = f"cannot be opened ({error.strerror or error})"
        raise NotebookError(message) from error
    _check_kind(raw)
    text, notes = _decode(raw)
    _check_structure(text, limits)
    document, more = _parse(text)
    return _normalise(document, (*notes, *more))


def looks_like_notebook(path: Path, limits: Limits) -> bool:
    """Whether a file whose suffix says nothing (``.json``, ``.txt``, none) holds a notebook."""
    try:
        if not 0 < path.stat().st_size <= limits.notebook_bytes:
            return False
        raw = path.read_bytes()
    except OSError:
        return False
    plain = raw.replace(b"\x00", b"")  # UTF-16
    start = plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1]
    return start == b"{" and b'"nbformat"' in plain and any(key in plain for key in _NOTEBOOK_KEYS)


def source_text(notebook: NotebookNode) -> str:
    """The source of all cells."""
    return "\n".join(cell.source for cell in notebook.cells)


def _check_kind(raw: bytes) -> None:
    if not raw.strip(b"\x00 \t\r\n"):
        message = "is empty (0 bytes)" if not raw else f"is empty ({len(raw)} bytes without any content)"
        raise NotebookError(message)
    start = raw[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.lower().startswith(_HTML):
        message = "is an HTML page (a print of a notebook?), not a notebook"
        raise NotebookError(message)
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            message = f"is {kind}, not a notebook"
            raise NotebookError(message)


def _decode(raw: bytes) -> tuple[str, list[str]]:
    encoding = json.detect_encoding(raw)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), ["is not UTF-8 and was read as Windows-1252"]
    name = encoding.removesuffix("-sig").removesuffix("-be").removesuffix("-le").upper()
    return text.removeprefix("\ufeff"), [] if name == "UTF-8" else [f"was read as {name}"]


def _check_structure(text: str, limits: Limits) -> None:
    # A few bytes of JSON can become a hundred bytes of objects: the bound is on what would be built.
    if text.count("{") + text.count("[") > limits.notebook_containers or text.count(",") > limits.notebook_items:
        message = "has too many parts to be read"
        raise NotebookError(message)


def _parse(text: str) -> tuple[Any, list[str]]:
    decoder = json.JSONDecoder(
        strict=False,  # line ends inside strings
        parse_constant=lambda _: None,  # NaN and Infinity are not JSON
        parse_int=lambda digits: int(digits) if len(digits) <= _LONGEST_INTEGER else None,
    )
    start = len(text) - len(text.lstrip())
    try:
        document, end = decoder.raw_decode(text, start)
    except RecursionError as error:
        message = "is nested too deeply to be read"
        raise NotebookError(message) from error
    except MemoryError as error:
        message = "is too large to be read"
        raise NotebookError(message) from error
    except json.JSONDecodeError as error:
        raise NotebookError(_syntax(text, error)) from error
    rest = text[end:].strip("\x00 \t\r\n")
    return document, [f"ends early: {len(rest)} characters after its end were ignored"] if rest else []


def _syntax(text: str, error: json.JSONDecodeError) -> str:
    if "\n<<<<<<< " in text and "\n>>>>>>> " in text:
        return "holds the marks of a Git merge conflict and is not valid JSON any more"
    if not text.lstrip().startswith(("{", "[")):
        return "is not a notebook: its content is not JSON"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"is cut off: its JSON ends in line {text.count(chr(10)) + 1} before it is complete"
    return f"is damaged: its JSON is not valid in line {error.lineno}, column {error.colno} ({error.msg})"


def _normalise(document: Any, notes: tuple[str, ...]) -> ReadNotebook:
    try:
        notebook, more = mend(document)
    except RecursionError as error:
        message = "is nested too deeply to be read"
        raise NotebookError(message) from error
    return ReadNotebook(notebook, (*notes, *more))
