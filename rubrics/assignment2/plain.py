"""Networks that are no ``nn.Module``: functions, and objects of plain classes, over tensors that require gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.probe import expr
from grader.probe.expr import Expr
from grader.probe.value import Value
from rubrics.assignment2.facts import Facts
from rubrics.assignment2.recurrent import Network

_STEPS = 2
"""A sequence has more elements than this; so a column of targets is no batch of names."""


_OF_TRAINING = {"module", "optimizer", "loader"}


def plain_networks(found: Facts) -> Iterator[Network]:
    """Functions and methods that turned a batch of names (B, S, D) into numbers for each, outermost first."""
    cells = {kind.get("name"): kind.get("cell") for kind in found.entries("classes")}
    done = set()
    for function, record in _records(found):
        place = _place_of_names(found, record)
        kinds = {found.value(described).kind for described in (record.get("args") or {}).values()}
        if kinds & _OF_TRAINING:
            continue  # a training step or an evaluation: to call it again would train
        if place is None or function.get("obj") in done or not _answers(found, record):
            continue
        done.add(function.get("obj"))
        cell = cells.get(function.get("class")) if function.get("class") else function.get("cell")
        yield Network(
            _bound(function, record, place),
            f"`{function.get('name')}`",
            cell=cell if isinstance(cell, int) else None,
            plain=tuple(_holders(found, record, place)),
        )


def _records(found: Facts) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    pairs = []
    for function in found.entries("functions"):
        calls = [call for call in function.get("calls") or () if isinstance(call, Mapping) and not call.get("error")]
        if calls and isinstance(calls[-1].get("function_obj"), int):
            pairs.append((function, calls[-1]))
    # the function that was entered first encloses the others; those of 2(e) go before a training step
    return sorted(pairs, key=lambda pair: (not found.in_section(pair[0].get("cell"), "e"), pair[1].get("serial") or 0))


def _place_of_names(found: Facts, record: Mapping[str, Any]) -> str | None:
    """The parameter that received a batch of names."""
    for name, described in (record.get("args") or {}).items():
        value = found.value(described)
        shape = value.shape or ()
        if value.kind == "tensor" and len(shape) == 3 and shape[1] > _STEPS and not value.data.get("requires_grad"):
            return str(name)
    return None


def _answers(found: Facts, record: Mapping[str, Any]) -> bool:
    """Whether the call returned floating numbers for every sample of its batch."""
    batch = next(
        (shape[0] for d in (record.get("args") or {}).values() if len(shape := found.value(d).shape or ()) == 3), 0
    )
    parts = [part for part in found.value(record.get("returned")).walk() if part.kind == "tensor" and part.shape]
    return any(str(part.data.get("dtype")).startswith("float") and (part.shape or (0,))[0] == batch for part in parts)


def _bound(function: Mapping[str, Any], record: Mapping[str, Any], place: str) -> Expr:
    """The function with all of its other arguments given, as they were in the recorded call."""
    numbers: Mapping[str, Any] = record.get("obj_args") or {}
    order = [str(param.get("name")) for param in function.get("params") or ()] or list(numbers)
    if place not in order:
        order = list(numbers)
    at = order.index(place)
    before = [expr.obj(int(numbers[name])) for name in order[:at] if name in numbers]
    after = {name: expr.obj(int(numbers[name])) for name in order[at + 1 :] if name in numbers}
    target = expr.obj(int(record["function_obj"]))
    return expr.call(expr.importing("functools.partial"), [target, *before], after)


def _holders(found: Facts, record: Mapping[str, Any], place: str) -> Iterator[tuple[str, Expr]]:
    """What may hold the parameters: other arguments, attributes of ``self``, and the notebook's own tensors."""
    for name, number in (record.get("obj_args") or {}).items():
        if name == place or not isinstance(number, int):
            continue
        yield str(name), expr.obj(number)
        if found.value((record.get("args") or {}).get(name)).kind == "object":
            yield str(name), expr.call(expr.importing("builtins.vars"), [expr.obj(number)])
    for entry in found.entries("globals"):
        value = found.value(entry.get("value"))
        learnt = [value, *value.items()]
        if any(part.kind == "tensor" and part.data.get("requires_grad") for part in learnt):
            yield str(entry.get("name")), expr.var(str(entry.get("name")))


def held_tensors(name: str, value: Value) -> Iterator[tuple[str, Value]]:
    """The tensors and arrays of a value by a readable name, those of lists and dictionaries too."""
    if value.kind in {"tensor", "ndarray"}:
        yield name, value
    pairs: Sequence[tuple[str, Value]] = (
        [(key.text() or "", part) for key, part in value.pairs()]
        if value.kind == "dict"
        else [(str(at), part) for at, part in enumerate(value.items()[:20])]
    )
    for key, part in pairs:
        yield from held_tensors(f"{name}.{key}", part)
