"""Arguments with which a data set of the notebook may be made, by what its parameters seem to stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from grader.probe import expr
from grader.probe.expr import Expr
from rubrics.assignment2.facts import CSV_NAME, Facts, Row

_ENCODING = re.compile(r"enc|cod|dict|map|vocab|alpha|func|transform|idx|index")
CODERS = 4
"""Dictionaries and functions that may be the encoding of a character."""


def argument_sets(found: Facts, names: Sequence[str], table: Sequence[Row]) -> Iterator[list[Expr]]:
    """Arguments for a constructor, by what the parameters seem to stand for: several readings and encodings."""
    known = {str(entry["name"]): found.value(entry.get("value")).kind for entry in found.entries("globals")}
    frame = expr.call(
        expr.importing("pandas.DataFrame"),
        [expr.value({"Name": [row.name for row in table], "Gender": [row.gender for row in table]})],
    )
    forms = {
        "names": expr.value([row.name for row in table]),
        "frame": frame,
        "path": expr.value(CSV_NAME),
        "labels": expr.value([int(row.gender == "F") for row in table]),
        "genders": expr.value([row.gender for row in table]),
        "pairs": expr.value([[row.name, row.gender] for row in table]),
        "labelled": expr.value([[row.name, int(row.gender == "F")] for row in table]),
        "length": expr.value(24),
        "none": expr.value(None),
    }
    readings = (
        *(("names", "labels"), ("names", "genders"), ("frame", "labels"), ("path", "labels")),
        *(("pairs", "genders"), ("labelled", "labels")),
    )
    for reading in readings:
        for held in (known, {}):
            yield [_argument(name, held, forms, reading) for name in names]
    for coder in _coders(known) if any(_ENCODING.search(name.lower()) for name in names) else ():
        for reading in readings:
            yield [_argument(name, known, {**forms, "coder": coder}, reading) for name in names]


def _coders(known: Mapping[str, str]) -> list[Expr]:
    """What may encode a character, what was defined last first."""
    return [expr.var(name) for name in reversed(_mappings(known))][:CODERS]


def _mappings(known: Mapping[str, str]) -> list[str]:
    """Names of dictionaries and functions."""
    return [name for name, kind in known.items() if kind in {"dict", "function"}]


def _argument(name: str, known: Mapping[str, str], forms: Mapping[str, Expr], reading: tuple[str, str]) -> Expr:
    if known.get(name) not in {None, "none"}:
        return expr.var(name)
    lower = name.lower()
    if re.search(r"path|file|csv", lower):
        return forms["path"]
    if re.search(r"gender|sex|label|target|^y", lower):
        return forms[reading[1]]
    if re.search(r"max|len|size|^s$", lower):
        return forms["length"]
    if re.search(r"^df|frame|table", lower):
        return forms["frame"]
    if _ENCODING.search(lower):
        if "coder" in forms:
            return forms["coder"]
        names = _mappings(known)
        same = next((n for n in names if n.lower() in lower or lower in n.lower()), next(iter(names), None))
        return expr.var(same) if same else forms["none"]
    return forms[reading[0]]
