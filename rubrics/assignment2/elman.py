"""Which hidden layers may these parameters form? Hypotheses of an Elman network's hidden states, right and wrong.

The legend: X: (B, S, D) input, H: (B, S, K) hidden states, W1: K×D, Wr: K×K, W2: O×K, g: activation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from reference.assignment2 import elman_states

Matrix = npt.NDArray[np.float64]
Params = Mapping[str, Matrix]


def _erf(a: Matrix) -> Matrix:
    return np.asarray(erf(a), dtype=np.float64)


def softmax(a: Matrix) -> Matrix:
    """Softmax over the last dimension."""
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True), dtype=np.float64)


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
    "softmax": softmax,
}


RIGHT = "right"
NO_TERM = "the hidden state before is not used"
NO_MATRIX = "the hidden state is added without a matrix"
ELEMENTWISE = "the hidden state is multiplied unit by unit, not by a matrix"
NO_INPUT_MATRIX = "the input is added without a matrix"
OUTSIDE_X = "the activation is applied to the recurrent part only"
OUTSIDE_H = "the activation is applied to the input part only"
REVERSED = "the elements are processed from the last to the first"
SKIP_FIRST = "the first element is skipped"
SKIP_LAST = "the last element is skipped"
ONLY_FIRST = "only the first element is processed"
FIRST_ALWAYS = "the first element is the input of every step"
LAST_ALWAYS = "the last element is the input of every step"
FIRST_ONCE = "only the first element enters; every later step has the hidden state alone"
ONES = "the hidden state starts at one"

_ORDERS: dict[str, Callable[[Matrix], Matrix]] = {
    REVERSED: lambda x: x[:, ::-1],
    SKIP_FIRST: lambda x: x[:, 1:],
    SKIP_LAST: lambda x: x[:, :-1],
    ONLY_FIRST: lambda x: x[:, :1],
    FIRST_ALWAYS: lambda x: np.repeat(x[:, :1], x.shape[1], axis=1),
    LAST_ALWAYS: lambda x: np.repeat(x[:, -1:], x.shape[1], axis=1),
}


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


# --- candidates for W1 and Wr ---------------------------------------------------------------------------------


def linear_maps(params: Params, width: int) -> Iterator[Maps]:
    """Pairs of maps that the parameters may form: two matrices, or one for both parts; and single ones."""
    matrices = {name: value for name, value in params.items() if value.ndim == 2 and min(value.shape) >= 1}
    inputs = [(name, way) for name, value in matrices.items() for way in _ways(value, width)]
    yield from _of_two(params, matrices, inputs)
    yield from _of_one(params, matrices, width)
    for first, into in inputs:
        if into.shape[1] > 2 or len(inputs) == 1:
            yield from _with_biases(params, into, None, (first, ""))
    for name, value in matrices.items():
        if value.shape == (width, width):
            for square in (value.T, value):
                yield from _with_biases(params, None, square, ("", name))


def _of_two(params: Params, matrices: Params, inputs: Sequence[tuple[str, Matrix]]) -> Iterator[Maps]:
    """A matrix for the input, another for the hidden state."""
    for first, into in inputs:
        size = into.shape[1]
        for second, value in matrices.items():
            if second != first and value.shape == (size, size):
                for square in (value.T, value):
                    yield from _with_biases(params, into, square, (first, second))


def _of_one(params: Params, matrices: Params, width: int) -> Iterator[Maps]:
    """One matrix for input and hidden state side by side."""
    for name, value in matrices.items():
        for way in (value.T, value):
            size = way.shape[1]
            if way.shape[0] == width + size:
                for x, h in ((way[:width], way[width:]), (way[size:], way[:size])):
                    yield from _with_biases(params, x, h, (name, name))


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
    biases = {
        name: value.reshape(-1)
        for name, value in params.items()
        if value.size == size and value.ndim <= 2 and 1 in (value.ndim, *value.shape)
    }
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
    if maps.h is not None and maps.back is None and variant not in {NO_TERM, OUTSIDE_X, OUTSIDE_H, FIRST_ONCE}:
        return elman_states(inner, maps.h, g, h)
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
        elif variant == FIRST_ONCE:
            h = g(back if step else inner[:, step])
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
            for name in ACTIVATIONS:
                yield _made(maps, name, (turned, axis), RIGHT, start)
    for axis, turned in ((1, x), (0, x.swapaxes(0, 1))):
        yield from _faulty(params, pairs, turned, axis, start)


def _made(
    maps: Maps, name: str, place: tuple[Matrix, int], variant: str, start: Matrix | None, begin: Matrix | None = None
) -> Hidden:
    """Hidden states for an input that runs along an axis; ``begin`` is tried in place of the usual start."""
    x, axis = place
    g = ACTIVATIONS[name]
    size = maps.bias.shape[0]
    fits = start is not None and start.shape[-1] == size and start.size // size in {1, len(x)}
    first = begin if begin is not None else start if start is not None and fits else np.zeros(size)
    order = _ORDERS.get(variant)
    used = order(x) if order is not None else x
    with np.errstate(over="ignore", invalid="ignore"):
        states = run(maps, g, used, first, variant)
    return Hidden(states, used, variant, name, axis, maps.names, np.broadcast_to(first, (len(x), size)))


def _faulty(params: Params, pairs: Sequence[Maps], x: Matrix, axis: int, start: Matrix | None) -> Iterator[Hidden]:
    usual = ("tanh", "sigmoid", "relu", "", "leaky relu")
    place = (x, axis)
    # A matrix that is missing is soon told, and would never be if the many kinds of orders came first.
    for maps in sorted(pairs, key=lambda pair: pair.x is not None and pair.h is not None):
        for name in usual:
            if maps.x is not None and maps.h is not None:
                for variant in (NO_TERM, *(_ORDERS if x.shape[1] > 1 else ())):
                    yield _made(maps, name, place, variant, start)
                yield from _other_starts(params, maps, name, place)
            elif maps.h is None:
                yield _made(maps, name, place, NO_MATRIX, start)
                yield _made(maps, name, place, NO_TERM, start)
            else:
                yield _made(maps, name, place, NO_INPUT_MATRIX, start)
    for maps in _split(params, pairs):
        for name in usual:
            for variant in (OUTSIDE_X, OUTSIDE_H, FIRST_ONCE):
                yield _made(maps, name, place, variant, start)
    for maps in pairs:
        for single in _unit_by_unit(params, maps) if maps.h is None else ():
            for name in usual:
                yield _made(single, name, place, ELEMENTWISE, start)


def _unit_by_unit(params: Params, maps: Maps) -> Iterator[Maps]:
    """The hidden state times a vector of as many numbers, which may be a row or the diagonal of a matrix."""
    size = maps.bias.shape[0]
    for value in params.values():
        if value.size == size and not np.array_equal(value.reshape(-1), maps.bias):
            yield Maps(maps.x, np.diag(value.reshape(-1)), maps.bias, maps.names)
        elif value.shape == (size, size):
            for vector in (np.diag(value), value[0], value[:, 0]):
                yield Maps(maps.x, np.diag(vector), maps.bias, maps.names)


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


def _other_starts(params: Params, maps: Maps, name: str, place: tuple[Matrix, int]) -> Iterator[Hidden]:
    size = maps.bias.shape[0]
    for variant, begin in _starts(params, size):
        if begin.any():
            yield _made(maps, name, place, variant, None, begin)
    yield _made(maps, name, place, ONES, None, np.ones(size))
