"""Looks at answers before a rubric does: what a kernel says comes from the student's side.

``docs/probes.md`` is the contract. An answer that breaks it is no answer, and no fault of the rubric that would trip
over it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from grader.probe.types import Answer, Array, Kernel, Request

_SCALARS: dict[str, tuple[type, ...]] = {"bool": (bool,), "int": (int,), "float": (float, int, str), "str": (str,)}
_KINDS = {
    *_SCALARS,
    *("none", "tensor", "ndarray", "image", "list", "tuple", "set", "dict", "module", "function", "class"),
    *("dataset", "loader", "optimizer", "dataframe", "object"),
}
_INVENTORY = (
    *("globals", "functions", "classes", "modules", "datasets", "loaders", "optimizers", "losses", "calls", "hooks"),
    *("shown", "sightings", "pictures"),
)
_DEPTH = 60


class _BrokenError(Exception):
    """The answer breaks its schema; the text says where."""


@dataclass(frozen=True)
class CheckedKernel:
    """A kernel whose malformed answers become errors of kind ``malformed``. Attributes: the kernel itself."""

    kernel: Kernel

    def ask(self, request: Request) -> Answer:
        """Asks and checks.

        Raises:
            KernelUnavailableError: As the kernel itself does.
        """
        answer = self.kernel.ask(request)
        found = problem(request, answer)
        return Answer(error={"kind": "malformed", "message": found}) if found else answer


def problem(request: Request, answer: Answer) -> str:
    """What is wrong with the layout of an answer, or an empty string."""
    if answer.error is not None:
        return ""
    try:
        _VERBS[request.verb](request, answer)
    except _BrokenError as fault:
        return f"the answer to '{request.verb}' breaks its schema: {fault}"
    return ""


def _evaluate(request: Request, answer: Answer) -> None:
    steps = _dictionaries(answer.data, "steps")
    asked = request.params.get("steps", ())
    _expect(len(steps) == len(asked), f"{len(asked)} steps were asked, {len(steps)} answered")
    for at, step in enumerate(steps):
        where = f"steps[{at}]"
        _expect(isinstance(step.get("ok"), bool), f"{where}.ok is no bool")
        _described(step.get("value"), answer.tensors, f"{where}.value")
        _error(step.get("error"), where)
        for name in ("ops", "sightings", "watch", "calls", "resized"):
            if name in step:
                _dictionaries(step, name)


def _inventory(request: Request, answer: Answer) -> None:
    for name in _INVENTORY:
        for entry in _dictionaries(answer.data, name):
            if "value" in entry:
                _described(entry["value"], answer.tensors, f"{name}.value")


def _scan(request: Request, answer: Answer) -> None:
    for entry in _dictionaries(answer.data, "found"):
        _expect(isinstance(entry.get("path"), str), "found.path is no text")
        _described(entry.get("value"), answer.tensors, "found.value")


def _trace(request: Request, answer: Answer) -> None:
    for event in _dictionaries(answer.data, "events"):
        _expect(isinstance(event.get("e"), str) and _is_count(event.get("s")), "an event has no kind or no serial")


def _rerun(request: Request, answer: Answer) -> None:
    for result in _dictionaries(answer.data, "results"):
        _expect(isinstance(result.get("ok"), bool), "results.ok is no bool")
        _error(result.get("error"), "results")
    names = answer.data.get("names")
    _expect(isinstance(names, Mapping), "names is no object")
    for name, value in dict(names or {}).items():
        _described(value, answer.tensors, f"names.{name[:40]}")
    for name in ("since", "until"):
        _expect(_is_count(answer.data.get(name)), f"{name} is no number")


def _shortened(request: Request, answer: Answer) -> None:
    cells = answer.data.get("cells")
    _expect(isinstance(cells, list) and all(_is_count(cell) for cell in cells), "cells is no list of numbers")


def _graph(request: Request, answer: Answer) -> None:
    _expect(isinstance(answer.data.get("on_gpu"), bool), "on_gpu is no bool")


def _again(request: Request, answer: Answer) -> None:
    for result in _dictionaries(answer.data, "results"):
        _expect(_is_count(result.get("index")), "results.index is no number")
        _expect(isinstance(result.get("ok"), bool), "results.ok is no bool")
        _error(result.get("error"), "results")


_VERBS: dict[str, Callable[[Request, Answer], None]] = {
    "evaluate": _evaluate,
    "inventory": _inventory,
    "scan": _scan,
    "trace": _trace,
    "rerun": _rerun,
    "shortened": _shortened,
    "graph": _graph,
    "again": _again,
}


def _described(value: Any, tensors: Mapping[str, Array], where: str, depth: int = 0) -> None:
    """A value as ``docs/probes.md`` describes values."""
    _expect(depth < _DEPTH, f"{where} is nested too deep")
    _expect(isinstance(value, Mapping) and isinstance(value.get("kind"), str), f"{where} is no described value")
    kind = value["kind"]
    _expect(kind in _KINDS, f"{where} is of the unknown kind '{kind[:40]}'")
    if kind in _SCALARS:
        given = value.get("value")
        plain = isinstance(given, _SCALARS[kind]) and (kind == "bool" or not isinstance(given, bool))
        _expect(plain, f"{where} is no {kind}")
    if kind in {"tensor", "ndarray"}:
        _array(value, tensors, where)
    for name in ("length", "obj"):
        _expect(value.get(name) is None or _is_count(value[name]), f"{where}.{name} is no number")
    items = value.get("items", [])
    _expect(isinstance(items, list), f"{where}.items is no list")
    for item in items:
        if kind == "dict":
            _expect(isinstance(item, list) and len(item) == 2, f"{where} has an item that is no pair")
        for part in item if kind == "dict" else [item]:
            _described(part, tensors, f"{where}.items", depth + 1)


def _array(value: Mapping[str, Any], tensors: Mapping[str, Array], where: str) -> None:
    shape = value.get("shape")
    _expect(isinstance(shape, list) and all(_is_count(size) for size in shape), f"{where} has no shape")
    _expect(isinstance(value.get("dtype"), str), f"{where} has no dtype")
    name = value.get("data")
    if name is not None:
        _expect(isinstance(name, str) and name in tensors, f"{where} names data that were not sent")
        # A single number travels as an array of one: the count is what must agree.
        _expect(tensors[name].size == math.prod(shape or []), f"{where} has other data than its shape says")


def _error(error: Any, where: str) -> None:
    if error is not None:
        _expect(isinstance(error, Mapping), f"{where}.error is no object")
        for name in ("type", "message"):
            _expect(isinstance(error.get(name), str), f"{where}.error.{name} is no text")


def _dictionaries(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = data.get(name)
    _expect(isinstance(found, list), f"{name} is no list")
    entries: list[Mapping[str, Any]] = list(found or [])
    _expect(all(isinstance(entry, Mapping) for entry in entries), f"{name} has an entry that is no object")
    return entries


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _BrokenError(otherwise)
