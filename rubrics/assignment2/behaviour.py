"""What a network's output depends on, seen by changing its input: the witness where nothing explains the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grader.probe import expr
from grader.scoring import Student
from rubrics.assignment2.elman import Matrix
from rubrics.assignment2.facts import Step, ask
from rubrics.assignment2.network import find_network
from rubrics.assignment2.recurrent import Network


@dataclass(frozen=True)
class Behaviour:
    """Answers of a network to changed inputs.

    Attributes:
        elements: Elements of the sequence (from 0) that the result depends on.
        count: S.
        ordered: Whether swapping two inner elements changes the result; None when unknown.
        independent: Whether a sample leaves the others alone; None when unknown.
        linear: Whether the result is an affine function of the input; None when unknown.
    """

    elements: tuple[int, ...] = ()
    count: int = 0
    ordered: bool | None = None
    independent: bool | None = None
    linear: bool | None = None

    @property
    def all_elements(self) -> bool:
        """Whether every element matters."""
        return self.count > 0 and len(self.elements) == self.count

    @property
    def text(self) -> str:
        """What was seen of the elements."""
        if not self.count:
            return ""
        missing = [str(at + 1) for at in range(self.count) if at not in self.elements]
        if not missing:
            return f"the output depends on all {self.count} elements"
        return f"the output does not depend on element(s) {', '.join(missing[:6])} of {self.count}"


def observed(student: Student) -> Behaviour:
    """The behaviour of the network; use it with ``student.find``."""
    network = student.find(find_network)
    if network is None or network.x is None or network.layout != "batch" or network.integers:
        return Behaviour()
    x = network.x
    rng = student.rng("2e-behaviour")
    other = rng.normal(scale=0.7, size=x.shape)
    inputs: dict[str, Matrix] = {"base": x, "other": other, "sum": x + other, "zero": np.zeros_like(x)}
    for at in range(x.shape[1]):
        changed = x.copy()
        changed[:, at] += 1.0
        inputs[f"element{at}"] = changed
    for at in range(min(2, len(x))):
        changed = x.copy()
        changed[at] += 1.0
        inputs[f"sample{at}"] = changed
    turned = x.copy()
    if x.shape[1] >= 4:
        turned[:, [1, 2]] = x[:, [2, 1]]
    inputs["turned"] = turned
    steps, arrays = [], {}
    for name, values in inputs.items():
        arrays[name] = values.astype(np.float32)
        args = [expr.tensor(name)]
        if network.start is not None:
            arrays["h"] = network.start.astype(np.float32)
            args.append(expr.tensor("h"))
        steps.append(
            {
                "slot": name,
                "expr": expr.call(network.expr, args),
                "mode": [network.expr, "eval"],
                "grad": False,
                "seed": 1,
            }
        )
    return _read(network, x, ask(student, steps, arrays))


def _first(results: Mapping[str, Step], name: str) -> Matrix | None:
    arrays = [a for a in results[name].value.arrays() if a.dtype.kind == "f"] if name in results else []
    return np.asarray(arrays[0], dtype=np.float64) if arrays else None


def _read(network: Network, x: Matrix, results: Mapping[str, Step]) -> Behaviour:
    base = _first(results, "base")
    if base is None:
        return Behaviour()
    final = base[:, -1] if base.ndim == 3 and base.shape[:2] == x.shape[:2] else base
    elements = tuple(at for at in range(x.shape[1]) if _differs(_first(results, f"element{at}"), base, final))
    ordered = _differs(_first(results, "turned"), base, final) if x.shape[1] >= 4 else None
    return Behaviour(elements, x.shape[1], ordered, _independent(results, base, len(x)), _linear(network, results))


def _differs(changed: Matrix | None, base: Matrix, final: Matrix) -> bool:
    if changed is None or changed.shape != base.shape:
        return False
    seen = changed[:, -1] if final.shape != base.shape else changed
    return not np.allclose(seen, final, rtol=1e-5, atol=1e-7)


def _independent(results: Mapping[str, Step], base: Matrix, batch: int) -> bool | None:
    axis = next((at for at in range(min(2, base.ndim)) if base.shape[at] == batch), None)
    if axis is None:
        return None
    for at in range(min(2, batch)):
        changed = _first(results, f"sample{at}")
        if changed is None or changed.shape != base.shape:
            return None
        others = [row for row in range(batch) if row != at]
        if not np.allclose(np.take(changed, others, axis), np.take(base, others, axis), rtol=1e-4, atol=1e-6):
            return False
    return True


def _linear(network: Network, results: Mapping[str, Step]) -> bool | None:
    parts = [_first(results, name) for name in ("base", "other", "sum", "zero")]
    if any(part is None for part in parts):
        return None
    base, other, total, zero = (part for part in parts if part is not None)
    del network
    ways = [(base, other, total, zero)]
    inside = all(((part > 0) & (part < 1)).all() for part in (base, other, total, zero))
    if inside:
        ways.append((_logit(base), _logit(other), _logit(total), _logit(zero)))
    return any(np.allclose(a + b - c, d, rtol=1e-3, atol=1e-4) for a, b, c, d in ways)


def _logit(p: Matrix) -> Matrix:
    result: Matrix = np.log(p / (1 - p))
    return result
