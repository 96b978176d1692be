"""Which Elman network do these parameters form? Found by reproducing the network's outputs from hidden states."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rubrics.assignment2.elman import (
    ACTIVATIONS,
    NO_MATRIX,
    NO_TERM,
    RIGHT,
    Hidden,
    Matrix,
    Params,
    hidden_states,
    softmax,
)
from rubrics.tolerances import tolerance

_ENDS: dict[str, Callable[[Matrix], Matrix]] = {
    "": lambda z: z,
    "sigmoid": ACTIVATIONS["sigmoid"],
    "softmax": softmax,
    "log-softmax": lambda z: np.log(np.maximum(softmax(z), 1e-300)),
    "tanh": np.tanh,
    "relu": ACTIVATIONS["relu"],
    "softmax over the batch": lambda z: softmax(np.moveaxis(z, 0, -1)).swapaxes(0, -1) if z.ndim == 2 else z,
}


_FEW = 4


@dataclass(frozen=True)
class Fit:
    """An explanation of a network's outputs.

    Attributes:
        recurrence: ``RIGHT`` or the fault of the hidden layer.
        activation: Name of g; empty when there is none.
        time_axis: 1 when B×S×D is processed along S, 0 when the first dimension is taken for the sequence.
        head: ``last``, ``all``, or the fault of the output layer.
        end: Function after the output layer, e.g. ``sigmoid``.
        names: Parameters found as W1, Wr, W2.
        output: Which of the results it explains.
        late: Whether g only follows the recurrence.
    """

    recurrence: str
    activation: str
    time_axis: int
    head: str
    end: str
    names: tuple[str, str, str]
    output: int = 0
    late: bool = False

    @property
    def right(self) -> bool:
        """Whether it is a flawless Elman network on B×S×D."""
        hidden = self.recurrence == RIGHT and bool(self.activation) and not self.late
        return hidden and self.time_axis == 1 and self.head in {"last", "all"}


def close(a: Matrix, b: Matrix) -> bool:
    """Whether two results agree to single precision; the fewer numbers there are, the less may be chance."""
    if a.size < _FEW and a.shape == b.shape:
        return _within(a, b, tolerance("states").accept)
    if a.shape != b.shape or abs(float(a.flat[0]) - float(b.flat[0])) > 1e-3 + 1e-2 * abs(float(b.flat[0])):
        return False
    return _within(a, b, tolerance("states").border)


def _within(a: Matrix, b: Matrix, bound: float) -> bool:
    return bool((np.abs(a - b) <= bound * (0.1 + np.abs(b))).all())


def fit(params: Params, x: Matrix, outputs: Sequence[Matrix], start: Matrix | None = None) -> Fit | None:
    """The first hypothesis that reproduces one of the outputs; flawless ones are tried first.

    Args:
        params: Parameters by name.
        x: (B, S, D) input.
        outputs: Results of the network for ``x``.
        start: (B, K) hidden state that was handed to it, if any.
    """
    return next(fits(params, x, outputs, start), None)


def fits(params: Params, x: Matrix, outputs: Sequence[Matrix], start: Matrix | None = None) -> Iterator[Fit]:
    """All hypotheses that reproduce one of the outputs, the flawless ones first; see ``fit``."""
    for states in hidden_states(params, x, start):
        found = match_head(params, states, outputs)
        if found is not None:
            yield found
    if sum(value.ndim == 2 and 1 not in value.shape for value in params.values()) < 3:
        return
    for states in itertools.takewhile(lambda one: one.recurrence == RIGHT, hidden_states(params, x, start)):
        found = match_head(params, states, outputs, deep=True)
        if found is not None:
            yield found


def match_head(params: Params, hidden: Hidden, outputs: Sequence[Matrix], *, deep: bool = False) -> Fit | None:
    """How the outputs follow from hidden states, if they do."""
    rows = [(True, hidden.states)]
    if not hidden.activation:
        rows += [(False, ACTIVATIONS[name](hidden.states)) for name in ("tanh", "relu", "sigmoid")]
    for direct, states in rows:
        for place, output in enumerate(outputs):
            found = _deep(params, states, output) if deep else _head(params, hidden, states, output)
            if found is not None:
                head, end, name = found
                activation = hidden.activation if direct else "late"
                names = (*hidden.names, name)
                return Fit(hidden.recurrence, activation, hidden.time_axis, head, end, names, place, late=not direct)
    return None


def _head(params: Params, hidden: Hidden, states: Matrix, output: Matrix) -> tuple[str, str, str] | None:
    wanted = np.squeeze(output)
    for kind, shape, make in _representations(hidden, states):
        layers = [
            layer
            for layer in _output_layers(params, shape[-1])
            if int(np.prod(shape[:-1])) * layer[1].shape[1] == wanted.size
        ]
        if not layers:
            continue
        rows = make()
        for name, weight, bias in layers:
            z = rows @ weight + bias
            for end, function in _ENDS.items():
                if _same(function(z), wanted):
                    return kind, end, name
    return None


def _deep(params: Params, states: Matrix, output: Matrix) -> tuple[str, str, str] | None:
    for kind, rows in (("last", states[:, -1]), ("all", states)):
        found = _deep_head(params, rows, np.squeeze(output))
        if found is not None:
            return kind, *found
    return None


def _deep_head(params: Params, rows: Matrix, wanted: Matrix) -> tuple[str, str] | None:
    """An output part of two layers with an activation between them."""
    for name, weight, bias in _output_layers(params, rows.shape[-1]):
        if not name or weight.shape[1] < 3:
            continue
        for between in ("relu", "tanh", "sigmoid", "leaky relu"):
            inner = ACTIVATIONS[between](rows @ weight + bias)
            for _, second, last in _output_layers(params, inner.shape[-1]):
                if not _may_fit(inner, second, wanted):
                    continue
                z = inner @ second + last
                for end, function in _ENDS.items():
                    if _same(function(z), wanted):
                        return end, name
    return None


def _may_fit(rows: Matrix, weight: Matrix, wanted: Matrix) -> bool:
    return bool(int(np.prod(rows.shape[:-1])) * weight.shape[1] == wanted.size)


def _same(found: Matrix, wanted: Matrix) -> bool:
    ways = [found]
    if found.ndim == 3:
        ways.append(found.swapaxes(0, 1))
    return any(close(np.squeeze(way), wanted) for way in ways)


Representation = tuple[str, tuple[int, ...], Callable[[], Matrix]]
"""What an output layer may see: a name, its shape, and the values, computed only when the shape can fit."""


def _representations(hidden: Hidden, states: Matrix) -> Iterator[Representation]:
    batch, steps, size = states.shape
    yield "last", (batch, size), lambda: states[:, -1]
    yield "all", (batch, steps, size), lambda: states
    yield _ONE_SAMPLE, (1, size), lambda: states[:1, -1]
    yield _ONE_SAMPLE, (1, size), lambda: states[-1:, -1]
    yield _ONE_SAMPLE, (steps, size), lambda: states[-1]
    yield _ONE_SAMPLE, (steps, size), lambda: states[0]
    yield _FLAT, (batch, steps * size), lambda: states.reshape(batch, -1)
    if hidden.recurrence not in {RIGHT, NO_TERM, NO_MATRIX}:
        return
    yield "the output layer sees the mean of the hidden states", (batch, size), lambda: states.mean(axis=1)
    yield "the output layer sees the sum of the hidden states", (batch, size), lambda: states.sum(axis=1)
    yield "the output layer sees the maximum of the hidden states", (batch, size), lambda: states.max(axis=1)
    yield from _joined(hidden, states)


_FLAT = "the output layer sees all hidden states flattened"
_ONE_SAMPLE = "the output layer sees one sample of the batch"


def _joined(hidden: Hidden, states: Matrix) -> Iterator[Representation]:
    """Input and hidden state side by side."""
    batch, steps, size = states.shape
    if hidden.x.shape[1] != steps:
        return
    width = hidden.x.shape[-1] + size
    for label in ("before", "after"):
        for turned in (False, True):
            kind = f"the output layer sees the input beside the hidden state {label} it"

            def make(label: str = label, turned: bool = turned) -> Matrix:
                before = np.concatenate([hidden.start[:, None, :], states[:, :-1]], axis=1)
                pair = (hidden.x, before if label == "before" else states)
                return np.concatenate(pair[::-1] if turned else pair, axis=-1)

            yield kind, (batch, width), functools.partial(_last_row, make)
            yield kind, (batch, steps, width), make


def _last_row(make: Callable[[], Matrix]) -> Matrix:
    return make()[:, -1]


def _output_layers(params: Params, size: int) -> Iterator[tuple[str, Matrix, Matrix]]:
    """Output layers (size, O) with bias (O); at last none at all."""
    for name, weight in params.items():
        if weight.ndim != 2:
            continue
        for way in (weight.T, weight):
            if way.shape[0] == size:
                for bias in _own_bias(params, name, way.shape[1]):
                    yield name, way, bias
    yield "", np.eye(size), np.zeros(size)


def _own_bias(params: Params, name: str, size: int) -> Iterator[Matrix]:
    partner = name.replace("weight", "bias")
    if partner != name and partner in params and params[partner].size == size:
        yield params[partner].reshape(-1)
    yield np.zeros(size)
    for other, value in params.items():
        if other != partner and value.ndim <= 2 and value.size == size and (value.ndim == 1 or 1 in value.shape):
            yield value.reshape(-1)
