"""Networks that cannot be examined as they are: matrices of wrong sizes, parameters that training made NaN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.expr import Expr
from grader.scoring import Student
from rubrics.assignment2.asking import examined
from rubrics.assignment2.facts import Facts, ask
from rubrics.assignment2.recurrent import Mended, Network

Shape = tuple[int, ...]
MAX_TRIES = 24
BATCH, LENGTH = 3, 4
WEIGHTS = 0.4
"""New weights lie between this number and its negative."""


@dataclass(frozen=True)
class _Change:
    name: str
    shape: Shape
    bias: str


def revived(student: Student, network: Network) -> Network:
    """The network with new parameters where its own are no numbers; it keeps its number in the inventory."""
    spoilt = any(not np.isfinite(value).all() for value in network.params.values())
    if not spoilt or network.obj is None or network.plain:
        return network
    steps = [_copy(network), *(_drawn(name, at) for at, name in enumerate(network.params))]
    made = ask(student, steps)["copy"].value.obj
    return network if made is None else replace(network, expr=expr.obj(made))


def mended(student: Student, found: Facts, network: Network) -> Network | None:
    """The network with one matrix of another size, with which it takes batches B×S×D; None when none does."""
    if network.layout or network.obj is None or network.plain or network.integers:
        return None
    for change in list(_changes(network))[:MAX_TRIES]:
        made = _changed(student, network, change)
        if made is None:
            continue
        seen = examined(student, found, replace(network, expr=expr.obj(made)))
        if seen.fit is not None:
            was = network.params[change.name].shape
            return replace(seen, mended=Mended(change.name, was, change.shape, network.fault))
    return None


def _changes(network: Network) -> Iterator[_Change]:
    """Single matrices with other sizes: turned first, then as each of the three matrices would be."""
    matrices = {name: value.shape for name, value in network.params.items() if value.ndim == 2}
    wide = {size for shape in matrices.values() for size in shape} - {network.width}
    hidden = sorted((size for size in wide if size > 2), reverse=True)
    for name, shape in matrices.items():
        bias = f"{name.removesuffix('weight')}bias" if name.endswith("weight") else ""
        bias = bias if bias in network.params else ""
        wanted = [shape[::-1]]
        for k in hidden:
            wanted += [(k, network.width), (k, k), *((size, k) for size in sorted(wide) if size <= 2)]
            wanted += [] if name.endswith("weight") else [(network.width, k), *((k, o) for o in sorted(wide) if o <= 2)]
        for other in dict.fromkeys(wanted):
            if other != shape:
                yield _Change(name, other, bias)


def _changed(student: Student, network: Network, change: _Change) -> int | None:
    """The number of a copy with the change that takes a batch, or None."""
    steps = [_copy(network), *_put(change.name, change.shape)]
    if change.bias:
        steps += _put(change.bias, change.shape[:1])
    steps += [_drawn(name, at) for at, name in enumerate(network.params)]
    called = expr.call(expr.slot("copy"), [expr.tensor("x")])
    steps.append({"slot": "called", "expr": called, "mode": [expr.slot("copy"), "eval"], "grad": False})
    x = student.rng("2e-mending").normal(size=(BATCH, LENGTH, network.width)).astype(np.float32)
    results = ask(student, steps, {"x": x})
    arrays = results["called"].value.arrays() if results["called"].ok else []
    fitting = any(array.dtype.kind == "f" and BATCH in array.shape[:2] for array in arrays)
    return results["copy"].value.obj if fitting else None


def _copy(network: Network) -> Mapping[str, Any]:
    return {"slot": "copy", "expr": expr.call(expr.importing("copy.deepcopy"), [network.expr])}


def _put(name: str, shape: Shape) -> list[Mapping[str, Any]]:
    """Steps that give the copy an uninitialized parameter of a shape."""
    owner, _, leaf = name.rpartition(".")
    holder: Expr = expr.slot("copy")
    if owner:
        holder = expr.call(expr.attr(holder, "get_submodule"), [expr.value(owner)])
    empty = expr.call(expr.importing("torch.zeros"), [expr.value(list(shape))])
    made = expr.call(expr.importing("torch.nn.Parameter"), [empty])
    args = [holder, expr.value(leaf), made]
    return [{"slot": f"put {name}", "expr": expr.call(expr.importing("builtins.setattr"), args), "quiet": True}]


def _drawn(name: str, at: int) -> Mapping[str, Any]:
    """A step that draws a parameter of the copy anew."""
    target = expr.call(expr.attr(expr.slot("copy"), "get_parameter"), [expr.value(name)])
    args = [target, expr.value(-WEIGHTS), expr.value(WEIGHTS)]
    uniform = expr.call(expr.importing("torch.nn.init.uniform_"), args)
    return {"slot": f"drawn {at}", "expr": uniform, "quiet": True, "seed": at + 1}
