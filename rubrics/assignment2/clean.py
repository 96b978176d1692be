"""The data set as it would be without the characters that 2(c) cannot encode."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from grader.probe import expr
from grader.probe.types import Answer, Request
from grader.probe.value import Value
from grader.scoring import Student
from grader.scoring.parsing import parse
from rubrics.assignment2.data import (
    READ_AS_MISSING,
    WRAPPERS,
    DataSet,
    classes_of,
    constructed,
    examined,
)
from rubrics.assignment2.facts import CSV_NAME, Facts, ask, cell_name, facts
from rubrics.source import without_magics

CLEAN_READING = f"""
import pandas
def probe_clean(read):
    def read_csv(*args, **kwargs):
        frame = read(*args, **kwargs)
        names = "Name" if "Name" in getattr(frame, "columns", ()) else 0
        if hasattr(frame, "columns") and (names or 0 in frame.columns):
            frame[names] = frame[names].str.lower().str.replace("-", "").replace({READ_AS_MISSING!r})
        return frame
    return read_csv
pandas.read_csv = probe_clean(pandas.read_csv)
"""
"""What runs first in reruns within ``clean_names``, for files that are read from elsewhere; undone at its end."""


@contextlib.contextmanager
def clean_names(student: Student, purpose: str) -> Iterator[bool]:
    """Within it, the names file has neither capitals nor '-'; says whether that worked.

    Args:
        student: Whose kernel is asked.
        purpose: What it is for. Equal requests may be answered from memory; each purpose has requests of its own.
    """
    old, new, written, back = (f"{purpose} {step}" for step in ("old", "new", "written", "back"))
    frame = expr.call(expr.importing("pandas.read_csv"), [expr.value(CSV_NAME)], {"keep_default_na": expr.value(False)})
    lower = expr.call(expr.attr(expr.attr(expr.item(expr.slot(old), expr.value("Name")), "str"), "lower"))
    plain = expr.call(expr.attr(expr.attr(lower, "str"), "replace"), [expr.value("-"), expr.value("")])
    plain = expr.call(expr.attr(plain, "replace"), [expr.value(READ_AS_MISSING)])
    write = {"index": expr.value(False)}
    module = expr.item(expr.importing("sys.modules"), expr.value("pandas"))
    swapped = ask(
        student,
        [
            {"slot": f"{purpose} reader", "expr": expr.attr(module, "read_csv")},
            {"slot": old, "expr": frame},
            {"slot": new, "expr": expr.call(expr.attr(expr.slot(old), "assign"), [], {"Name": plain}), "quiet": True},
            {"slot": written, "expr": expr.call(expr.attr(expr.slot(new), "to_csv"), [expr.value(CSV_NAME)], write)},
        ],
    )
    number = swapped[old].value.obj
    if not swapped[written].ok or number is None:
        yield False
        return
    try:
        yield True
    finally:
        restored = expr.call(expr.attr(expr.obj(number), "to_csv"), [expr.value(CSV_NAME)], write)
        undone = [{"slot": back, "expr": restored}]
        reader = swapped[f"{purpose} reader"].value.obj
        if reader is not None:
            args = [module, expr.value("read_csv"), expr.obj(reader)]
            undone.append({"slot": f"{purpose} undone", "expr": expr.call(expr.importing("builtins.setattr"), args)})
        ask(student, undone)


def clean_data_set(student: Student) -> DataSet | None:
    """The data set as it would be had the names neither capitals nor '-'; use it with ``student.find``.

    The notebook's cells up to the data set run again over such a file, in a copy of the namespace.
    """
    found = student.find(facts)
    entries = [entry for entry in found.entries("datasets") if entry.get("own_class")]
    names = {name for entry in entries for name in entry.get("names") or ()}
    cells = [replace(cell, source=_without_training(cell.source)) for cell in student.notebook.code_cells]
    where = [entry.get("cell") for entry in found.entries("globals") if entry.get("name") in names]
    last = max([index for index in where if isinstance(index, int)], default=max((c.index for c in cells), default=0))
    sources = [cell.source for cell in cells if cell.index <= last]
    with clean_names(student, "data set") as swapped:
        if not swapped:
            return None
        request = {"sources": [CLEAN_READING, *sources], "names": {}, "budget_s": 40.0, "seed": student.seed}
        answer = student.ask(Request("rerun", request, timeout_s=220))
        made = among_names(student, found, answer, cell_name(last), clean=True)
        return made or next(_made_from_classes(student, found), None)


def _without_training(source: str) -> str:
    """A cell without its statements that back-propagate."""
    if "backward(" not in source:
        return source
    try:
        tree = parse(without_magics(source))
    except (SyntaxError, ValueError):
        return ""
    return "\n".join(text for node in tree.body if "backward(" not in (text := ast.unparse(node)))


def among_names(student: Student, found: Facts, answer: Answer, where: str, *, clean: bool) -> DataSet | None:
    """A data set that the rerun bound to a name, or gave to a loader."""
    for name, described in (answer.data.get("names") or {}).items():
        value = Value(described, answer)
        if value.kind == "loader" and value.obj is not None:
            inner = {"slot": f"clean {name}", "expr": expr.attr(expr.obj(value.obj), "dataset")}
            value = ask(student, [inner])[f"clean {name}"].value
        if value.kind == "dataset" and value.obj is not None and value.type_name not in WRAPPERS:
            entry: dict[str, Any] = {
                "obj": value.obj,
                "type": value.type_name,
                "own_class": True,
                "mro": value.data.get("mro"),
                "attrs": {},
            }
            made = examined(student, found, expr.obj(value.obj), entry, f"`{name}` of {where}", clean=clean)
            if made is not None and made.good:
                return made
    return None


def _made_from_classes(student: Student, found: Facts) -> Iterator[DataSet]:
    """Data sets that are made for the examination, of the notebook's own classes."""
    for kind in classes_of(student):
        made = constructed(student, found, kind, clean=True)
        if made is not None and made.good:
            yield made
