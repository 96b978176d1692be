"""Which Elman network do these parameters form? Found by reproducing the network's outputs from hidden states."""

from __future__ import annotations

import functools
import itertools
import math
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

_OVER_BATCH = "softmax over the batch"
_ENDS: dict[str, Callable[[Matrix], Matrix]] = {
    "": lambda z: z,
    "sigmoid": ACTIVATIONS["sigmoid"],
    "softmax": softmax,
    "log-softmax": lambda z: np.log(np.maximum(softmax(z), 1e-300)),
    "tanh": np.tanh,
    "relu": ACTIVATIONS["relu"],
    _OVER_BATCH: lambda z: softmax(np.moveaxis(z, 0, -1)).swapaxes(0, -1) if z.ndim == 2 else z,
}
_OF_SEVERAL = {"softmax", "log-softmax"}

_FEW = 4
_FIRST_ABSOLUTE, _FIRST_RELATIVE = 1e-3, 1e-2
"""How near the first numbers must be before all are compared."""
_MOST, _MOST_TRIED, _MOST_DEEP = 13_000, 50_000, 4000
"""Hidden states, and stacks of output layers over them, that are tried: a search must not take minutes."""


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
    if a.shape != b.shape:
        return False
    if abs(float(a.flat[0]) - float(b.flat[0])) > _FIRST_ABSOLUTE + _FIRST_RELATIVE * abs(float(b.flat[0])):
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
    layers = OutputLayers(params)
    for states in itertools.islice(hidden_states(params, x, start), _MOST):
        if layers.tried > _MOST_TRIED:
            break
        found = match_head(layers, states, outputs)
        if found is not None:
            yield found
    if sum(value.ndim == 2 and 1 not in value.shape for value in params.values()) < 3:
        return
    right = itertools.takewhile(lambda one: one.recurrence == RIGHT, hidden_states(params, x, start))
    most = layers.tried + _MOST_DEEP
    for states in right:
        if layers.tried > most:
            break
        found = match_head(layers, states, outputs, deep=True)
        if found is not None:
            yield found


def match_head(layers: OutputLayers, hidden: Hidden, outputs: Sequence[Matrix], *, deep: bool = False) -> Fit | None:
    """How the outputs follow from hidden states, if they do."""
    rows = [(True, hidden.states)]
    if not hidden.activation:
        rows += [(False, ACTIVATIONS[name](hidden.states)) for name in ("tanh", "relu", "sigmoid")]
    unnamed: Fit | None = None
    for direct, states in rows:
        for place, output in enumerate(outputs):
            found = _deep(layers, states, output) if deep else _head(layers, hidden, states, output)
            if found is None:
                continue
            head, end, name = found
            activation = hidden.activation if direct else "late"
            names = (*hidden.names, name)
            fit = Fit(hidden.recurrence, activation, hidden.time_axis, head, end, names, place, late=not direct)
            if name:
                return fit
            unnamed = unnamed or fit  # the states may be handed out beside what W2 makes of them
    return unnamed


def _head(layers: OutputLayers, hidden: Hidden, states: Matrix, output: Matrix) -> tuple[str, str, str] | None:
    wanted = np.squeeze(output)
    for kind, shape, make in _representations(hidden, states):
        stack = layers.giving(shape, wanted.size)
        if stack is None:
            continue
        layers.tried += 1
        rows = make()
        for name, end, z in stack.candidates(rows, wanted):
            if _same(_ENDS[end](z), wanted):
                return kind, end, name
    return None


def _deep(layers: OutputLayers, states: Matrix, output: Matrix) -> tuple[str, str, str] | None:
    wanted = np.squeeze(output)
    for kind, rows in (("last", states[:, -1]), ("all", states)):
        found = _deep_head(layers, rows, wanted)
        if found is not None:
            return kind, *found
    return None


def _deep_head(layers: OutputLayers, rows: Matrix, wanted: Matrix) -> tuple[str, str] | None:
    """An output part of two layers with an activation between them."""
    for name, weight, bias in layers.of(rows.shape[-1]):
        stack = layers.giving((*rows.shape[:-1], weight.shape[1]), wanted.size)
        if not name or weight.shape[1] < 3 or stack is None:
            continue
        inner = rows @ weight + bias
        layers.tried += 4
        for between in ("relu", "tanh", "sigmoid", "leaky relu"):
            for _, end, z in stack.candidates(ACTIVATIONS[between](inner), wanted):
                if _same(_ENDS[end](z), wanted):
                    return end, name
    return None


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


class OutputLayers:
    """The output layers that some parameters may form.

    Args:
        params: Parameters by name.

    Attributes:
        tried: How often a stack of them was tried.
    """

    def __init__(self, params: Params) -> None:
        self.tried = 0
        self._params = params
        self._of: dict[int, list[tuple[str, Matrix, Matrix]]] = {}
        self._stacks: dict[tuple[int, int], _Stack | None] = {}

    def of(self, size: int) -> list[tuple[str, Matrix, Matrix]]:
        """Name, weight (size, O) and bias (O) of each; at last no layer at all."""
        if size not in self._of:
            self._of[size] = list(_output_layers(self._params, size))
        return self._of[size]

    def giving(self, shape: tuple[int, ...], numbers: int) -> _Stack | None:
        """Those that turn rows of a shape (…, size) into so many numbers, or None."""
        count, size = math.prod(shape[:-1]), shape[-1]
        if not count or numbers % count:
            return None
        key = size, numbers // count
        if key not in self._stacks:
            chosen = [layer for layer in self.of(size) if layer[1].shape[1] == key[1]]
            self._stacks[key] = _Stack(chosen) if chosen else None
        return self._stacks[key]


def _possible(end: str, target: float, outputs: int, dimensions: int) -> bool:
    """Whether a function can give a number at all."""
    if end == "log-softmax":
        return outputs > 1 and target <= _FIRST_ABSOLUTE
    if end == "tanh":
        return abs(target) <= 1 + _FIRST_ABSOLUTE
    if end == "relu":
        return target >= -_FIRST_ABSOLUTE
    if end == "":
        return True
    fitting = outputs > 1 if end == "softmax" else dimensions == 2 if end == _OVER_BATCH else True
    return fitting and -_FIRST_ABSOLUTE <= target <= 1 + _FIRST_ABSOLUTE


class _Stack:
    """Output layers of one shape, tried together.

    Args:
        layers: Name, weight (size, O) and bias (O) of each.
    """

    def __init__(self, layers: Sequence[tuple[str, Matrix, Matrix]]) -> None:
        self._layers = layers
        self._weights = np.stack([weight for _, weight, _ in layers])
        self._biases = np.stack([bias for _, _, bias in layers])

    def candidates(self, rows: Matrix, wanted: Matrix) -> Iterator[tuple[str, str, Matrix]]:
        """Name, function and the values before it, of those whose first number is the first that is wanted."""
        first = rows.reshape(-1, rows.shape[-1])[0] @ self._weights + self._biases
        target = float(wanted.flat[0])
        bound = _FIRST_ABSOLUTE + _FIRST_RELATIVE * abs(target)
        hits = []
        for place, (end, function) in enumerate(_ENDS.items()):
            if not _possible(end, target, first.shape[1], rows.ndim):
                continue
            if end == _OVER_BATCH:
                z = np.moveaxis(rows @ self._weights + self._biases[:, None], 1, -1)
                numbers = softmax(z)[:, 0, 0]
            else:
                numbers = function(first if end in _OF_SEVERAL else first[:, 0])
                numbers = numbers[:, 0] if end in _OF_SEVERAL else numbers
            hits += [(int(at), place, end) for at in np.flatnonzero(np.abs(numbers - target) <= bound)]
        for at, _, end in sorted(hits):
            name, weight, bias = self._layers[at]
            yield name, end, rows @ weight + bias


def _output_layers(params: Params, size: int) -> Iterator[tuple[str, Matrix, Matrix]]:
    """Output layers (size, O) with bias (O); at last none at all."""
    for name, weight in params.items():
        if weight.ndim not in {1, 2} or weight.size < 2:
            continue
        for way in (weight.T, weight) if weight.ndim == 2 else (weight[:, None],):
            if way.shape[0] == size:
                for bias in _own_bias(params, name, way.shape[1]):
                    yield name, way, bias
    for way in _without_layer(size):
        yield "", way, np.zeros(way.shape[1])


def _without_layer(size: int) -> Iterator[Matrix]:
    """What may be made of a hidden state without W2: all of it, its mean or sum, its first or last units."""
    units = np.eye(size)
    yield units
    yield np.full((size, 1), 1 / size)
    yield np.ones((size, 1))
    for count in (1, 2):
        if count < size:
            yield units[:, :count]
            yield units[:, -count:]


def _own_bias(params: Params, name: str, size: int) -> Iterator[Matrix]:
    partner = name.replace("weight", "bias")
    if partner != name and partner in params and params[partner].size == size:
        yield params[partner].reshape(-1)
    yield np.zeros(size)
    for other, value in params.items():
        if other != partner and value.ndim <= 2 and value.size == size and (value.ndim == 1 or 1 in value.shape):
            yield value.reshape(-1)
