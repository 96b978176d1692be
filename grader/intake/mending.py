"""Parsed JSON of any notebook format → a valid notebook of format 4.5.

Saved outputs, attachments and metadata of cells are dropped: what was uploaded as output proves nothing, and tags can
make nbclient skip a cell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.errors import NotebookError
from grader.intake.fstrings import portable

_NEWEST = nbformat.current_nbformat
_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS = ("code", "markdown", "raw")
_OLD_KINDS = (*_KINDS, "heading", "html")
_PYTHON = re.compile(r"^(i?python|pyolite|xeus-python|xpython|sage)", re.IGNORECASE)


def mend(document: Any) -> tuple[NotebookNode, tuple[str, ...]]:
    """Normalises what was parsed.

    Returns:
        The notebook, valid by nbformat's schema, and what was mended, each a sentence without its subject.

    Raises:
        NotebookError: It is not a notebook, or of a format that is not known.
    """
    if not isinstance(document, Mapping):
        message = f"is not a notebook: its JSON is a {_json_kind(document)}, not an object with cells"
        raise NotebookError(message)
    faults: Counter[str] = Counter()
    version = _version(document)
    if version < _NEWEST:
        cells, kind = _upgrade(document, version, faults), "code"
    else:
        cells, kind = document["cells"], ""
    normal = [_cell(cell, number, kind, faults) for number, cell in enumerate(_dicts(cells, faults), start=1)]
    metadata, language = _metadata(document.get("metadata"))
    notebook = NotebookNode(nbformat=_NEWEST, nbformat_minor=5, metadata=nbformat.from_dict(metadata), cells=normal)
    notes = [text if count == 1 else f"{text} ({count} times)" for text, count in faults.items()]
    if version < _NEWEST:
        notes.insert(0, f"was upgraded from notebook format {version}")
    if language and not _PYTHON.match(language):
        notes.append(f"says that its language is {language[:40]!r}, not Python")
    return notebook, tuple(notes)


def _version(document: Mapping[str, Any]) -> int:
    stated = document.get("nbformat")
    has_cells = isinstance(document.get("cells"), list)
    if isinstance(stated, int) and not isinstance(stated, bool) and stated > _NEWEST:
        message = f"has notebook format {stated}, which is newer than the format {_NEWEST} known here"
        raise NotebookError(message)
    if isinstance(document.get("worksheets"), list) and not (has_cells and document["cells"]):
        return 3
    if has_cells:
        return int(stated) if stated in (1, 2) else _NEWEST
    keys = ", ".join(repr(str(key)[:20]) for key in list(document)[:4]) or "none"
    message = f"is not a notebook: its JSON object has no cells (its keys: {keys})"
    raise NotebookError(message)


def _upgrade(document: Mapping[str, Any], version: int, faults: Counter[str]) -> list[Any]:
    """Cells of the formats 1 to 3 in format 4, by nbformat, from input that nbformat can digest."""
    sheets = [{"cells": document["cells"]}] if version < 3 else _dicts(document["worksheets"], faults)
    cells = [cell for sheet in sheets for cell in _dicts(sheet.get("cells"), faults)]
    plain = [_old_cell(cell) for cell in cells]
    old = nbformat.from_dict(
        {
            "nbformat": 3,
            "nbformat_minor": 0,
            "metadata": {"name": ""},
            "worksheets": [{"cells": plain, "metadata": {}}],
        }
    )
    return list(nbformat.convert(old, _NEWEST).cells)


def _old_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    kind = cell.get("cell_type")
    if kind not in _OLD_KINDS:
        kind = "code" if "input" in cell or "code" in cell else "markdown"
    if kind == "code":
        source = _old_text(cell.get("input", cell.get("code", cell.get("source"))))
        return {"cell_type": "code", "language": "python", "metadata": {}, "outputs": [], "input": source}
    source = _old_text(cell.get("source", cell.get("text", cell.get("input"))))
    old: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "heading":
        level = cell.get("level")
        old["level"] = level if isinstance(level, int) and 1 <= level <= 6 else 1
    return old


def _cell(cell: Mapping[str, Any], number: int, fallback: str, faults: Counter[str]) -> NotebookNode:
    kind = cell.get("cell_type")
    if kind not in _KINDS:
        faults["has a cell of unknown type"] += 1
        looks_like_code = bool(fallback) or "outputs" in cell or "execution_count" in cell or "input" in cell
        kind = "code" if looks_like_code else "markdown"
    raw = cell.get("source", cell.get("input"))
    if raw is not None and not isinstance(raw, str | list):
        faults["has a cell whose source is not text"] += 1
    source = _text(raw)
    if _SURROGATE.search(source):
        faults["has a cell with broken characters"] += 1
        source = _SURROGATE.sub("\ufffd", source)
    if kind == "code" and (portable_source := portable(source)) != source:
        faults["uses f-strings that only Python 3.12 reads, which were written with other quotes"] += 1
        source = portable_source
    # Valid by construction (a property test shows it): new_code_cell would validate each cell, 0.3 ms a time.
    made = NotebookNode(cell_type=kind, id=f"cell-{number}", metadata=NotebookNode(), source=source)
    if kind == "code":
        made.update(execution_count=None, outputs=[])
    return made


def _text(source: Any) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _old_text(source: Any) -> str:
    """Old programs stored lines without their ends, too."""
    if isinstance(source, list):
        lines = [line for line in source if isinstance(line, str)]
        return ("" if lines and lines[0].endswith(("\n", "\r")) else "\n").join(lines)
    return _text(source)


def _dicts(items: Any, faults: Counter[str]) -> list[Mapping[str, Any]]:
    if not isinstance(items, list):
        return []
    kept = [item for item in items if isinstance(item, Mapping)]
    if len(kept) < len(items):
        faults["has a cell that is not an object, which was left out"] += len(items) - len(kept)
    return kept


def _metadata(metadata: Any) -> tuple[dict[str, Any], str]:
    """What of the notebook's metadata is of use, and the stated language."""
    kept: dict[str, Any] = {}
    if not isinstance(metadata, Mapping):
        return kept, ""
    kernel, info = metadata.get("kernelspec"), metadata.get("language_info")
    language = ""
    if isinstance(info, Mapping) and isinstance(info.get("name"), str):
        language = _plain(info["name"])
        kept["language_info"] = {"name": language}
    if isinstance(kernel, Mapping) and isinstance(kernel.get("name"), str):
        shown = kernel.get("display_name")
        name = _plain(kernel["name"])
        kept["kernelspec"] = {"name": name, "display_name": _plain(shown) if isinstance(shown, str) else name}
        if not language and isinstance(kernel.get("language"), str):
            language = _plain(kernel["language"])
    return kept, language


def _plain(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)[:200]


def _json_kind(value: Any) -> str:
    kinds = {list: "list", str: "string", bool: "truth value", int: "number", float: "number", type(None): "null"}
    return kinds.get(type(value), "value")
