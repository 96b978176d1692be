"""Notebook files in any condition: usable ones are read, the others say why not."""

from __future__ import annotations

import json
import logging

import nbformat
import pytest

from grader.intake import Submission, read_submissions
from tests.intake.making import HINTS, SMALL, cells, messages, notebook, read_student, sources, write

CODE = "print('ä')"
GOOD = notebook(CODE)
CUT_OFF = "is cut off: its JSON ends in line 1 before it is complete"
OLD = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": "old"},
    "worksheets": [
        {
            "cells": [
                {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Task 1"]},
                {
                    "cell_type": "code",
                    "input": ["a = 1\n", "b = 2"],
                    "language": "python",
                    "outputs": [],
                    "metadata": {},
                },
            ],
            "metadata": {},
        }
    ],
}


def mended(tmp_path, content: bytes, name: str = "assignment1.ipynb") -> Submission:
    submission = read_student(tmp_path, {name: content})
    nbformat.validate(submission.notebooks["1"].notebook)
    assert submission.notebooks["1"].error == ""
    return submission


@pytest.mark.parametrize(
    ("content", "note"),
    [
        pytest.param(b"\xef\xbb\xbf" + GOOD, None, id="UTF-8 with BOM"),
        pytest.param(GOOD.decode().encode("utf-16"), "was read as UTF-16.", id="UTF-16 with BOM"),
        pytest.param(GOOD.decode().encode("utf-16-le"), "was read as UTF-16.", id="UTF-16 without BOM"),
        pytest.param(
            json.dumps(json.loads(GOOD), ensure_ascii=False).encode("cp1252"),
            "is not UTF-8 and was read as Windows-1252.",
            id="Windows-1252",
        ),
        pytest.param(notebook(CODE, nbformat_minor=0), None, id="4.0"),
        pytest.param(notebook(CODE, nbformat_minor=99), None, id="4.99"),
        pytest.param(notebook(CODE, nbformat="4"), None, id="version as text"),
        pytest.param(json.dumps({"cells": cells(CODE)}).encode(), None, id="no version and no metadata"),
        pytest.param(notebook(cells=[{"cell_type": "code", "source": CODE}]), None, id="no outputs"),
        pytest.param(notebook(cells=[{"cell_type": "code", "source": [CODE]}]), None, id="source as list"),
        pytest.param(notebook(cells=[c | {"id": "same"} for c in cells(CODE)]), None, id="ids"),
        pytest.param(notebook(cells=[c | {"id": "bad id!"} for c in cells(CODE)]), None, id="wrong id"),
        pytest.param(
            notebook(cells=[c | {"outputs": [{"output_type": "?"}, 3]} for c in cells(CODE)]), None, id="outputs"
        ),
        pytest.param(notebook(CODE, metadata=[]), None, id="metadata as list"),
        pytest.param(notebook(CODE, metadata={"kernelspec": {"name": 3}}), None, id="kernel without name"),
        pytest.param(GOOD.replace(b"null", b"NaN"), None, id="NaN"),
        pytest.param(GOOD.replace(b"null", b"9" * 5000), None, id="endless number"),
        pytest.param(GOOD + b"\x00" * 512, None, id="zeros at the end"),
        pytest.param(GOOD + b"}}", "ends early: 2 characters after its end were ignored.", id="rest"),
        pytest.param(
            notebook(cells=[*cells(CODE), "text", None]),
            "has a cell that is not an object, which was left out (2 times).",
            id="cells that are none",
        ),
        pytest.param(
            notebook(cells=[{"source": CODE, "outputs": []}]), "has a cell of unknown type.", id="cell without type"
        ),
        pytest.param(
            notebook(CODE, metadata={"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}),
            "says that its language is 'R', not Python.",
            id="R",
        ),
    ],
)
def test_usable_notebook_is_mended(tmp_path, content, note):
    submission = mended(tmp_path, content)
    assert sources(submission) == {"1": [CODE]}
    assert messages(submission) == ([f"assignment1.ipynb: The notebook {note}"] if note else [])


def test_format_3_is_upgraded(tmp_path):
    submission = mended(tmp_path, json.dumps(OLD).encode())
    assert sources(submission) == {"1": ["## Task 1", "a = 1\nb = 2"]}
    assert [cell.cell_type for cell in submission.notebooks["1"].notebook.cells] == ["markdown", "code"]
    assert messages(submission) == ["assignment1.ipynb: The notebook was upgraded from notebook format 3."]


@pytest.mark.parametrize("cell", [{}, {"cell_type": "code"}, {"cell_type": 5, "input": "x"}, {"cell_type": "heading"}])
def test_damaged_format_3_is_upgraded(tmp_path, cell):
    submission = mended(tmp_path, json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}, 3, {}]}).encode())
    assert len(submission.notebooks["1"].notebook.cells) == 1


def test_saved_outputs_and_tags_are_dropped(tmp_path):
    """A tag could make nbclient skip the cell, an output could pretend a result."""
    cell = cells(CODE)[0] | {
        "metadata": {"tags": ["skip-execution"]},
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "accuracy 100 %"}],
        "execution_count": 7,
    }
    submission = mended(tmp_path, notebook(cells=[cell]))
    (read,) = submission.notebooks["1"].notebook.cells
    assert (read.metadata, read.outputs, read.execution_count) == ({}, [], None)


def test_broken_characters_are_replaced(tmp_path):
    submission = mended(tmp_path, GOOD.replace(b"\\u00e4", b"\\ud800"))
    assert sources(submission) == {"1": ["print('\ufffd')"]}
    assert messages(submission) == ["assignment1.ipynb: The notebook has a cell with broken characters."]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("assignment1.IPYNB", None),
        ("assignment1.ipynb.txt", ".ipynb.txt"),
        ("assignment1.ipynb.json", ".ipynb.json"),
        ("assignment1.ipynb (1)", ".ipynb (1)"),
        ("assignment1.json", ".json"),
        ("assignment1.txt", ".txt"),
        ("assignment1", ""),
    ],
)
def test_wrong_suffix(tmp_path, name, suffix):
    submission = mended(tmp_path, GOOD, name)
    assert sources(submission) == {"1": [CODE]}
    note = f"{name}: Read as a notebook in spite of its suffix {suffix!r}."
    assert messages(submission) == ([] if suffix is None else [note])


def test_other_json_and_text_is_no_notebook(tmp_path):
    submission = read_student(tmp_path, {"a1.json": '{"a": 1}', "a1.txt": "text", "assignment2.ipynb": GOOD})
    assert set(submission.notebooks) == {"2"}
    assert messages(submission) == []


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(b"", "is empty (0 bytes)", id="empty"),
        pytest.param(b"\x00" * 64, "is empty (64 bytes without any content)", id="zeros"),
        pytest.param(GOOD[:-40], CUT_OFF, id="truncated"),
        pytest.param(
            b'{"cells": [{"source": "abc', "is cut off: its JSON ends in line 1 before it is complete", id="in text"
        ),
        pytest.param(
            b'{"cells": [,]}', "is damaged: its JSON is not valid in line 1, column 12 (Expecting value)", id="damaged"
        ),
        pytest.param(
            b'{"cells": [\n<<<<<<< HEAD\n1,\n=======\n2,\n>>>>>>> main\n]}',
            "holds the marks of a Git merge conflict and is not valid JSON any more",
            id="merge conflict",
        ),
        pytest.param(b"import torch\n", "is not a notebook: its content is not JSON", id="Python"),
        pytest.param(b"[1, 2]", "is not a notebook: its JSON is a list, not an object with cells", id="list"),
        pytest.param(b"{}", "is not a notebook: its JSON object has no cells (its keys: none)", id="object"),
        pytest.param(
            b'{"type": "FeatureCollection", "cells": 3}',
            "is not a notebook: its JSON object has no cells (its keys: 'type', 'cells')",
            id="other JSON",
        ),
        pytest.param(
            b"\n<!DOCTYPE html>\n<html><body>In [1]:</body></html>",
            "is an HTML page (a print of a notebook?), not a notebook",
            id="HTML",
        ),
        pytest.param(b"%PDF-1.7 ...", "is a PDF document, not a notebook", id="PDF"),
        pytest.param(b"PK\x03\x04....", "is a ZIP archive, not a notebook", id="ZIP"),
        pytest.param(b'{"cells": ' + b"[" * 1500, "is nested too deeply to be read", id="deep"),
        pytest.param(
            notebook(nbformat=5), "has notebook format 5, which is newer than the format 4 known here", id="new"
        ),
        pytest.param(notebook("x" * 100_000), "is too large: 98 KiB, at most 98 KiB are read", id="huge"),
        pytest.param(notebook("[" * 2001), "has too many parts to be read", id="many parts"),
    ],
)
def test_unreadable_notebook_says_why(tmp_path, content, error):
    submission = read_student(tmp_path, {"assignment1.ipynb": content}, limits=SMALL)
    file = submission.notebooks["1"]
    assert (file.notebook, file.error) == (None, error)
    assert file.path == submission.folder / "assignment1.ipynb"
    assert messages(submission) == [f"assignment1.ipynb: The notebook {error}."]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("assignment1.html", "is an HTML page, not a notebook"),
        ("assignment1.pdf", "is a PDF document, not a notebook"),
        ("assignment1.py", "is a Python script, not a notebook"),
    ],
)
def test_print_instead_of_a_notebook(tmp_path, name, error):
    submission = read_student(tmp_path, {name: b"<html></html>", "assignment2.ipynb": GOOD})
    assert submission.notebooks["1"].error == error
    assert submission.notebooks["2"].notebook is not None


def test_unreadable_notebook_without_telling_name_is_the_reason_of_those_missing(tmp_path):
    submission = read_student(tmp_path, {"Untitled.ipynb": GOOD[:30], "assignment2.ipynb": GOOD})
    assert {ident: file.error for ident, file in submission.notebooks.items()} == {"1": CUT_OFF, "2": "", "3": CUT_OFF}


def test_nothing_is_logged(tmp_path, caplog):
    with caplog.at_level(logging.DEBUG):
        mended(tmp_path, notebook(cells=[{"cell_type": "code"}, {"cell_type": "heading"}, {}]))
    assert caplog.records == []


def test_originals_stay_as_they_are(tmp_path):
    root = write(tmp_path / "class", {"alice/assignment1.ipynb": GOOD, "alice/a.zip": b"PK"})
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("*") if path.is_file()}
    read_submissions(root, tmp_path / "work", HINTS)
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("*") if path.is_file()}
