"""Question 1e: a product of map and picture that failed, or that no array shows."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from grader.scoring import Outcome, Student, met, not_met, review
from rubrics.assignment1.evidence import cell_label, gather
from rubrics.assignment1.maptrail import Trail
from rubrics.assignment1.operands import multiplied
from rubrics.assignment1.source import Code, last_name
from rubrics.assignment1.work import Work
from rubrics.assignment1.written import ENLARGING, read_source

ORIGINAL, CHANGED = ("scaled", "raw"), ("imagenet", "other", "unscaled")


def attempted(student: Student, given: Work) -> Outcome:
    """The outcome of ``1e.original`` by the source and by what its parts are."""
    criterion = "1e.original"
    for picture in sorted(student.find(multiplied), key=lambda found: found.kind not in ORIGINAL):
        where = f"line {picture.product.line} of {cell_label(picture.product.cell)}"
        if picture.kind in ORIGINAL:
            return met(
                criterion, f"By the source, the original image `{picture.text}` is multiplied with the map in {where}."
            )
        return not_met(
            criterion, f"By the source, the normalized image `{picture.text}` is multiplied with the map in {where}."
        )
    named = _picture_names(given.trail)
    for name, value in given.code.bindings():
        if last_name(value) in named:
            named.setdefault(name, named[last_name(value)])
    named |= _resized(given.code, named)
    failed = any(cell.error_name for cell in student.notebook.code_cells)
    maps = _map_names(student, given)
    products = given.written.products + read_source(given.code, []).products
    hits = [(name, bool(set(names) & maps)) for names in products for name in names if name in named]
    for accepted in (ORIGINAL, CHANGED):
        for name, with_map in hits:
            if named[name] in accepted and (with_map or failed or given.lacking):
                if accepted is ORIGINAL:
                    return met(criterion, f"By the source, the original image `{name}` is multiplied with the map.")
                return not_met(criterion, f"By the source, the normalized image `{name}` is multiplied with the map.")
    unseen = _parameters(given) - maps if failed else set()
    factor = next((name for names in products if set(names) & maps for name in names if name in unseen), None)
    if factor is not None:
        return review(criterion, f"The map multiplies `{factor}`, the parameter of a function that never ran.")
    return not_met(criterion, "The map does not multiply the image.")


def _resized(code: Code, named: Mapping[str, str]) -> dict[str, str]:
    """Names of what was made of a picture by a change of its size, which may leave too few pixels to know it by."""
    found: dict[str, str] = {}
    for _, node in code.walk():
        if isinstance(node, ast.Assign):
            calls = [part for part in ast.walk(node.value) if isinstance(part, ast.Call)]
            given = {
                part.id
                for call in calls
                if last_name(call.func) in ENLARGING
                for argument in call.args
                for part in ast.walk(argument)
                if isinstance(part, ast.Name)
            }
            kinds = [named[name] for name in sorted(given & named.keys())]
            found |= {target.id: kinds[0] for target in node.targets if isinstance(target, ast.Name) and kinds}
    return found


def _parameters(given: Work) -> set[str]:
    """Parameters of the notebook's functions."""
    functions = [node for _, node in given.code.walk() if isinstance(node, (ast.FunctionDef, ast.Lambda))]
    return {argument.arg for node in functions for argument in (*node.args.args, *node.args.kwonlyargs)}


def _map_names(student: Student, given: Work) -> set[str]:
    """Names of maps, of the functions that compute them, and of what is made of their results."""
    names = {entry.seen.name for entry in given.maps} | {entry.seen.function or "" for entry in given.maps}
    names |= {
        str(function.get("name")).rpartition(".")[2]
        for function in student.find(gather).functions
        if read_source(given.code, [str(function.get("source"))]).steps >= 2
    }
    return names | _made_of(given.code, names)


def _made_of(code: Code, names: set[str]) -> set[str]:
    """Names that are assigned something in which one of the names, or one of these, occurs in a call."""
    made: set[str] = set()
    for _, node in code.walk():
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            used = {last_name(part.func) for part in ast.walk(node.value) if isinstance(part, ast.Call)}
            if used & names:
                made |= {part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return made


def _picture_names(found: Trail) -> dict[str, str]:
    """Variables and attributes that hold the picture → how it is scaled."""
    named: dict[str, str] = {}
    several: dict[tuple[str, int | None, str | None], int] = {}
    for seen in found.arrays:
        name = seen.name.rpartition(".")[2]
        if seen.name.startswith("("):
            # The arrays that a tuple of names was assigned come one by one, in its order.
            parts = [part.strip() for part in seen.name.strip("()").split(",")]
            place = (seen.name, seen.cell, seen.function)
            at = several.get(place, 0)
            several[place] = at + 1
            name = parts[at % len(parts)].rpartition(".")[2]
        if id(seen.array) in found.picture_kinds:
            named[name] = found.picture_kinds[id(seen.array)]
    return named
