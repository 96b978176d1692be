"""Which Elman network do these parameters form? Found by reproducing the network's outputs.

The legend: X: (B, S, D) input, H: (B, S, K) hidden states, W1: K×D, Wr: K×K, W2: O×K, g: activation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Params = Mapping[str, Matrix]

ACTIVATIONS: dict[str, Callable[[Matrix], Matrix]] = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-np.clip(a, -60, 60))),
    "relu": lambda a: np.maximum(a, 0),
    "": lambda a: a,
    "leaky relu": lambda a: np.where(a > 0, a, 0.01 * a),
    "elu": lambda a: np.where(a > 0, a, np.expm1(np.minimum(a, 0))),
    "softsign": lambda a: a / (1 + np.abs(a)),
    "hardtanh": lambda a: np.clip(a, -1, 1),
    "silu": lambda a: a / (1 + np.exp(-np.clip(a, -60, 60))),
    "softplus": lambda a: np.logaddexp(0, a),
    "gelu": lambda a: 0.5 * a * (1 + _erf(a / np.sqrt(2))),
    "selu": lambda a: 1.0507009873554805 * np.where(a > 0, a, 1.6732632423543772 * np.expm1(np.minimum(a, 0))),
    "softmax": lambda a: _softmax(a),  # noqa: PLW0108
}


def _erf(a: Matrix) -> Matrix:
    from scipy.special import erf  # noqa: PLC0415

    return np.asarray(erf(a), dtype=np.float64)


def _softmax(a: Matrix) -> Matrix:
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float64)


_ENDS: dict[str, Callable[[Matrix], Matrix]] = {
    "": lambda z: z,
    "sigmoid": ACTIVATIONS["sigmoid"],
    "softmax": _softmax,
    "log-softmax": lambda z: np.log(np.maximum(_softmax(z), 1e-300)),
    "tanh": np.tanh,
    "relu": ACTIVATIONS["relu"],
    "softmax over the batch": lambda z: _softmax(np.moveaxis(z, 0, -1)).swapaxes(0, -1) if z.ndim == 2 else z,
}

RIGHT = "right"
NO_TERM = "the hidden state before is not used"
NO_MATRIX = "the hidden state is added without a matrix"
NO_INPUT_MATRIX = "the input is added without a matrix"
OUTSIDE_X = "the activation is applied to the recurrent part only"
OUTSIDE_H = "the activation is applied to the input part only"
REVERSED = "the elements are processed from the last to the first"
SKIP_FIRST = "the first element is skipped"
SKIP_LAST = "the last element is skipped"
ONLY_FIRST = "only the first element is processed"
ONES = "the hidden state starts at one"

_ORDERS: dict[str, Callable[[Matrix], Matrix]] = {
    REVERSED: lambda x: x[:, ::-1],
    SKIP_FIRST: lambda x: x[:, 1:],
    SKIP_LAST: lambda x: x[:, :-1],
    ONLY_FIRST: lambda x: x[:, :1],
}


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
        return self.recurrence == RIGHT and bool(self.activation) and not self.late and self.time_axis == 1 and self.head in {"last", "all"}  # noqa: E501


@dataclass(frozen=True)
class Maps:
    """A pair of linear maps.

    Attributes:
        x: Of the input, (D, K) or None.
        h: Of the hidden state, (K, K) or None.
        bias: Sum of all biases (K), or that of the input's part where ``back`` has the other.
        names: The parameters.
        back: Bias of the recurrent part, None where ``bias`` holds it.
    """

    x: Matrix | None
    h: Matrix | None
    bias: Matrix
    names: tuple[str, str]
    back: Matrix | None = None


def close(a: Matrix, b: Matrix) -> bool:
    """Whether two results agree to single precision."""
    if a.shape != b.shape or abs(float(a.flat[0]) - float(b.flat[0])) > 1e-3 + 1e-2 * abs(float(b.flat[0])):
        return False
    return bool((np.abs(a - b) <= 2e-4 + 2e-3 * np.abs(b)).all())


# --- candidates for W1 and Wr ---------------------------------------------------------------------------------


def linear_maps(params: Params, width: int) -> Iterator[Maps]:  # noqa: C901, PLR0912
    """Pairs of maps that the parameters may form: two matrices, or one for both parts; and single ones."""
    matrices = {name: value for name, value in params.items() if value.ndim == 2 and min(value.shape) >= 1}
    inputs = [(name, way) for name, value in matrices.items() for way in _ways(value, width)]
    for first, into in inputs:
        size = into.shape[1]
        for second, value in matrices.items():
            if second != first and value.shape == (size, size):
                for square in (value.T, value):
                    yield from _with_biases(params, into, square, (first, second))
    for name, value in matrices.items():
        for way in (value.T, value):
            size = way.shape[1]
            if way.shape[0] == width + size:
                for x, h in ((way[:width], way[width:]), (way[size:], way[:size])):
                    yield from _with_biases(params, x, h, (name, name))
    for first, into in inputs:
        if into.shape[1] > 2 or len(inputs) == 1:
            yield from _with_biases(params, into, None, (first, ""))
    for name, value in matrices.items():
        if value.shape == (width, width):
            for square in (value.T, value):
                yield from _with_biases(params, None, square, ("", name))


def _ways(value: Matrix, width: int) -> list[Matrix]:
    ways = []
    if value.shape[1] == width:
        ways.append(value.T)
    if value.shape[0] == width:
        ways.append(value)
    return ways


def _with_biases(params: Params, x: Matrix | None, h: Matrix | None, names: tuple[str, str]) -> Iterator[Maps]:
    size = x.shape[1] if x is not None else h.shape[1] if h is not None else 0
    for bias in _bias_sums(params, size, names):
        yield Maps(x, h, bias, names)


def _bias_sums(params: Params, size: int, names: Sequence[str]) -> Iterator[Matrix]:
    biases = {name: value.reshape(-1) for name, value in params.items() if value.size == size and value.ndim <= 2 and 1 in (value.ndim, *value.shape)}  # noqa: E501
    own = [name for name in biases if any(_partner(name, weight) for weight in names if weight)]
    sets: list[tuple[str, ...]] = [tuple(own), *((name,) for name in own), ()]
    others = [name for name in biases if name not in own][:4]
    for count in range(1, len(others) + 1):
        sets += [(*own, *chosen) for chosen in itertools.combinations(others, count)]
        sets += list(itertools.combinations(others, count))
    for chosen in dict.fromkeys(sets):
        total = np.zeros(size)
        for name in chosen:
            total = total + biases[name]
        yield total


def _partner(bias: str, weight: str) -> bool:
    """Whether a bias belongs to a weight by PyTorch's names."""
    return bias == weight.replace("weight", "bias") and bias != weight


# --- hidden states --------------------------------------------------------------------------------------------


def run(maps: Maps, g: Callable[[Matrix], Matrix], x: Matrix, start: Matrix, variant: str = RIGHT) -> Matrix:
    """Hidden states (B, S, K) of a recurrence; ``start`` is (B, K) or (K)."""
    inner = x if maps.x is None else x @ maps.x
    inner = inner + maps.bias
    size = inner.shape[-1]
    h = np.broadcast_to(start, (len(x), size)).astype(np.float64)
    states = []
    for step in range(inner.shape[1]):
        back = h @ maps.h if maps.h is not None else h
        back = back if maps.back is None else back + maps.back
        if variant == NO_TERM:
            h = g(inner[:, step])
        elif variant == OUTSIDE_X:
            h = inner[:, step] + g(back)
        elif variant == OUTSIDE_H:
            h = g(inner[:, step]) + back
        else:
            h = g(inner[:, step] + back)
        states.append(h)
    return np.stack(states, axis=1)


def _starts(params: Params, size: int) -> Iterator[tuple[str, Matrix]]:
    yield RIGHT, np.zeros(size)
    for value in params.values():
        if value.size == size and value.ndim <= 3:
            yield RIGHT, value.reshape(-1)


@dataclass(frozen=True)
class Hidden:
    """Hidden states under a hypothesis. Attributes: states (B, S, K); x as processed; the hypothesis; time axis."""

    states: Matrix
    x: Matrix
    recurrence: str
    activation: str
    time_axis: int
    names: tuple[str, str]
    start: Matrix


def hidden_states(params: Params, x: Matrix, start: Matrix | None = None) -> Iterator[Hidden]:
    """All hypotheses, the right ones first."""
    pairs = list(linear_maps(params, x.shape[-1]))
    full = [maps for maps in pairs if maps.x is not None and maps.h is not None]
    for axis, turned in ((1, x), (0, x.swapaxes(0, 1))):
        for maps in full:
            for name, g in ACTIVATIONS.items():
                yield _made(maps, name, g, turned, RIGHT, axis, start)
    for axis, turned in ((1, x), (0, x.swapaxes(0, 1))):
        yield from _faulty(params, pairs, turned, axis, start)


def _made(  # noqa: PLR0913, PLR0917
    maps: Maps, name: str, g: Callable[[Matrix], Matrix], x: Matrix, variant: str, axis: int, start: Matrix | None,
    begin: Matrix | None = None,
) -> Hidden:  # the parts of a hypothesis belong together
    size = maps.bias.shape[0]
    first = begin if begin is not None else start if start is not None and start.shape[-1] == size else np.zeros(size)
    order = _ORDERS.get(variant)
    used = order(x) if order is not None else x
    with np.errstate(over="ignore", invalid="ignore"):
        states = run(maps, g, used, first, variant)
    return Hidden(states, used, variant, name, axis, maps.names, np.broadcast_to(first, (len(x), size)))


def _faulty(params: Params, pairs: Sequence[Maps], x: Matrix, axis: int, start: Matrix | None) -> Iterator[Hidden]:
    usual = [(name, g) for name, g in ACTIVATIONS.items() if name in {"tanh", "sigmoid", "relu", "", "leaky relu"}]
    for maps in pairs:
        for name, g in usual:
            if maps.x is not None and maps.h is not None:
                for variant in (NO_TERM, *_ORDERS):
                    yield _made(maps, name, g, x, variant, axis, start)
                yield from _other_starts(params, maps, name, g, x, axis)
            elif maps.h is None:
                yield _made(maps, name, g, x, NO_MATRIX, axis, start)
                yield _made(maps, name, g, x, NO_TERM, axis, start)
            else:
                yield _made(maps, name, g, x, NO_INPUT_MATRIX, axis, start)
    for maps in _split(params, pairs):
        for name, g in usual:
            for variant in (OUTSIDE_X, OUTSIDE_H):
                yield _made(maps, name, g, x, variant, axis, start)


def _split(params: Params, pairs: Sequence[Maps]) -> Iterator[Maps]:
    """Each pair of matrices once for every way in which biases belong to one of the two parts."""
    done = set()
    for maps in pairs:
        if maps.x is None or maps.h is None or (id(maps.x), id(maps.h)) in done:
            continue
        done.add((id(maps.x), id(maps.h)))
        size = maps.bias.shape[0]
        flat = [np.zeros(size), *(value.reshape(-1) for value in params.values() if value.size == size)][:5]
        for of_input, of_state in itertools.product(flat, flat):
            yield Maps(maps.x, maps.h, of_input, maps.names, of_state)


def _other_starts(
    params: Params, maps: Maps, name: str, g: Callable[[Matrix], Matrix], x: Matrix, axis: int
) -> Iterator[Hidden]:
    size = maps.bias.shape[0]
    for variant, begin in _starts(params, size):
        if begin.any():
            yield _made(maps, name, g, x, variant, axis, None, begin)
    yield _made(maps, name, g, x, ONES, axis, None, np.ones(size))


# --- output layer ---------------------------------------------------------------------------------------------


def fit(params: Params, x: Matrix, outputs: Sequence[Matrix], start: Matrix | None = None) -> Fit | None:
    """The first hypothesis that reproduces one of the outputs; flawless ones are tried first.

    Args:
        params: Parameters by name.
        x: (B, S, D) input.
        outputs: Results of the network for ``x``.
        start: (B, K) hidden state that was handed to it, if any.
    """
    for states in hidden_states(params, x, start):
        found = match_head(params, states, outputs)
        if found is not None:
            return found
    if sum(value.ndim == 2 and 1 not in value.shape for value in params.values()) < 3:
        return None
    for states in itertools.takewhile(lambda one: one.recurrence == RIGHT, hidden_states(params, x, start)):
        found = match_head(params, states, outputs, deep=True)
        if found is not None:
            return found
    return None


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
                return Fit(hidden.recurrence, activation, hidden.time_axis, head, end, (*hidden.names, name), place, late=not direct)  # noqa: E501
    return None


def _head(params: Params, hidden: Hidden, states: Matrix, output: Matrix) -> tuple[str, str, str] | None:
    wanted = np.squeeze(output)
    for kind, shape, make in _representations(hidden, states):
        layers = [
            layer for layer in _output_layers(params, shape[-1])
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
    return int(np.prod(rows.shape[:-1])) * weight.shape[1] == wanted.size  # type: ignore[no-any-return]


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
    if hidden.recurrence not in {RIGHT, NO_TERM, NO_MATRIX}:
        return
    yield _FLAT, (batch, steps * size), lambda: states.reshape(batch, -1)
    yield "the output layer sees the mean of the hidden states", (batch, size), lambda: states.mean(axis=1)
    yield "the output layer sees the sum of the hidden states", (batch, size), lambda: states.sum(axis=1)
    yield "the output layer sees the maximum of the hidden states", (batch, size), lambda: states.max(axis=1)
    yield from _joined(hidden, states)
    yield _ONE_SAMPLE, (1, size), lambda: states[-1:, -1]
    yield _ONE_SAMPLE, (steps, size), lambda: states[-1]
    yield _ONE_SAMPLE, (steps, size), lambda: states[0]


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

            yield kind, (batch, width), lambda make=make: make()[:, -1]  # type: ignore[misc]
            yield kind, (batch, steps, width), make


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
