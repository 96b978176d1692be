"""Question 1e: whether a function computes the map of the class that it is given."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from grader.scoring import Outcome, Student, met, not_met, review
from rubrics.assignment1.evidence import entries, gather
from rubrics.assignment1.maps import RIGHT
from rubrics.assignment1.maptrail import SeenMap
from rubrics.assignment1.replay import class_in, role
from rubrics.assignment1.work import Work
from rubrics.assignment1.written import read_source

LEAST = 16
"""How many values a map has at least."""


def function(student: Student, given: Work) -> Outcome:
    """The outcome of ``1e.function``."""
    criterion = "1e.function"
    fixed: list[tuple[str, str, int]] = []
    for replay, maps in given.trail.replays:
        classes = _right_classes(maps)
        if replay.o in classes:
            return met(
                criterion,
                f"`{replay.function}` computes the map of the class it is given (tried with class {replay.o}).",
            )
        if replay.ok and classes:
            fixed.append((replay.function, replay.parameter, next(iter(classes))))
    other = other_class(given)
    if other is not None:
        return met(criterion, f"`{other[0]}` computes a map that depends on the class it is given.")
    varied = _varies_with_class(student, given)
    if varied:
        return met(criterion, f"`{varied}` computed the maps of the classes that it was given.")
    handed = _handed_maps(student, given)
    taking = _takes_class(student, given, handed)
    if fixed and taking in (None, *((function, parameter) for function, parameter, _ in fixed)):
        function, parameter, o = fixed[0]
        return not_met(criterion, f"`{function}` computes the map of class {o}, whatever `{parameter}` is.")
    if taking is not None:
        return met(criterion, f"`{taking[0]}` computes a map and takes the class in `{taking[1]}`.")
    named = sorted({entry.seen.function for entry in given.explained if entry.seen.function} - handed)
    if named and _several_classes(given, handed):
        return met(criterion, f"`{named[0]}` computed maps of several classes.")
    if named and _takes_weights(student, given, named):
        return review(
            criterion, f"`{named[0]}` computes a map, but is given the weights of a class instead of the class."
        )
    differing = _differs_with_class(given)
    if differing:
        return met(criterion, f"`{differing}` computes different maps for different classes.")
    if named:
        return not_met(criterion, f"`{named[0]}` computes a map, but takes no class.")
    return not_met(criterion, "The map is computed without a function that takes the class.")


def other_class(given: Work) -> tuple[str, int, int] | None:
    """A function that computed the map of another class each time it was repeated, and of none that it was given.

    Returns:
        The function, the class it was given in one of the calls, and the class whose map it computed then.
    """
    made: dict[tuple[str, str], dict[int, set[int]]] = {}
    for replay, maps in given.trail.replays:
        made.setdefault((replay.function, replay.parameter), {})[replay.o] = _right_classes(maps)
    for (function, _), classes in made.items():
        shown: set[int] = set().union(*classes.values())
        sure = len(classes) > 1 and all(len(found) == 1 for found in classes.values())
        if sure and len(shown) == len(classes) and not set(classes) & shown:
            o, own = next(iter(classes.items()))
            return function, o, next(iter(own))
    return None


def _right_classes(maps: Sequence[SeenMap]) -> set[int]:
    """The classes whose maps, made with the right weights, are among some maps."""
    explained = [entry.explained for entry in maps if entry.explained is not None]
    return {how.o for how in explained if how.kind == RIGHT and how.o is not None}


def _varies_with_class(student: Student, given: Work) -> str:
    """A function whose recorded calls had several classes and returned the map of each, or ``""``.

    A repeated call may find hooks gone that a context manager had set.
    """
    evidence = student.find(gather)
    returned = {
        (entry.seen.function, entry.seen.serial): entry.explained.o
        for entry in given.trail.maps
        if entry.seen.origin == "returned" and entry.explained is not None and entry.explained.kind == RIGHT
    }
    right: dict[str, set[int]] = {}
    for function, record in evidence.records():
        name = str(function.get("name"))
        o = returned.get((name, int(record.get("serial") or 0)))
        classes = [class_in(evidence.value(data)) for data in (record.get("args") or {}).values()]
        if o is not None and any(known is not None and known[0] == o for known in classes):
            right.setdefault(name, set()).add(o)
    return next((name for name, classes in right.items() if len(classes) > 1), "")


def _differs_with_class(given: Work) -> str:
    """A function whose repeated calls returned another map for another class, or ``""``."""
    first: dict[tuple[str, str], SeenMap] = {}
    for replay, maps in given.trail.replays:
        results = [entry for entry in maps if entry.seen.name == "return" and replay.ok]
        if results:
            known = first.setdefault((replay.function, replay.parameter), results[-1])
            plane = results[-1].plane
            if known.plane.shape != plane.shape or float(abs(known.plane - plane).max()) > 1e-6 * float(
                abs(plane).max()
            ):
                return replay.function
    return ""


def _takes_class(student: Student, given: Work, handed: set[str]) -> tuple[str, str] | None:
    """Function and parameter of a map's computation that takes a class."""
    evidence = student.find(gather)
    mapping = {entry.seen.function for entry in given.explained if entry.seen.function} - handed
    arguments = [
        ((str(function.get("name")), str(name)), evidence.value(data))
        for function, record in evidence.records()
        for name, data in (record.get("args") or {}).items()
    ]
    taken = {place for place, value in arguments if class_in(value) is not None}
    others = {place for place, value in arguments if len(value.shape or ()) > 1}
    steps = {
        str(function.get("name"))
        for function in evidence.functions
        if read_source(given.code, [str(function.get("source"))]).steps >= 2
    }
    for function in evidence.functions:
        name, source = str(function.get("name")), str(function.get("source"))
        written = read_source(given.code, [source])
        if name not in mapping and written.steps < 2 and not (written.steps and _calls_on(source, mapping | steps)):
            continue
        parameters = [str(part.get("name")) for part in entries(function, "params")]
        for parameter in parameters:
            if (name, parameter) in others:
                continue  # a map or a picture
            if written.class_parameter == parameter or (name, parameter) in taken or role(parameter) == "class":
                return name, parameter
    return _written_with_class(given)


def _written_with_class(given: Work) -> tuple[str, str] | None:
    """Name and parameter of a lambda, or of a function that was not recorded, that computes a map by its source."""
    for _, node in given.code.walk():
        is_lambda = isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
        if is_lambda or isinstance(node, ast.FunctionDef):
            written = read_source(given.code, [ast.unparse(node)])
            if written.steps >= 2 and written.class_parameter:
                name = node.name if isinstance(node, ast.FunctionDef) else ast.unparse(node).partition(" =")[0]
                return name, written.class_parameter
    return None


def _calls_on(source: str, names: set[str]) -> bool:
    """Whether a function's source calls one of the functions that compute maps."""
    plain = {name.rpartition(".")[2] for name in names}
    return any(f"{name}(" in source.partition("\n")[2] for name in plain)


def _takes_weights(student: Student, given: Work, named: list[str]) -> bool:
    """Whether a mapping function has an argument that is the weight vector of a class."""
    evidence = student.find(gather)
    return any(
        len(evidence.value(data).shape or ()) == 1 and (evidence.value(data).shape or (0,))[0] in (512, 2048)
        for function, record in evidence.records()
        if str(function.get("name")) in named
        for data in (record.get("args") or {}).values()
    )


def _handed_maps(student: Student, given: Work) -> set[str]:
    """Functions that are given a map, and compute none but what becomes of it."""
    evidence = student.find(gather)
    made = {entry.plane.tobytes() for entry in given.explained if entry.seen.function is None}
    found = set()
    for function, record in evidence.records():
        for value in map(evidence.value, (record.get("args") or {}).values()):
            array = value.array()
            if array is not None and array.size >= LEAST and array.squeeze().astype(np.float64).tobytes() in made:
                found.add(str(function.get("name")))
    return found


def _several_classes(given: Work, handed: set[str]) -> bool:
    """Whether a function, which no map is handed to, made maps of several classes."""
    classes = {
        (entry.seen.function, entry.explained.o)
        for entry in given.trail.maps
        if entry.explained is not None
        and entry.explained.o is not None
        and entry.seen.function
        and entry.seen.function not in handed
    }
    functions = [function for function, _ in classes]
    return any(functions.count(function) > 1 for function in functions)
