"""Calls a recurrent network in the likely ways: with batches, single names, or element by element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.value import Value
from grader.scoring import Student
from rubrics.assignment2.data import find_data_set
from rubrics.assignment2.elman import Matrix
from rubrics.assignment2.explaining import explain, explanations
from rubrics.assignment2.facts import Facts, Step, ask
from rubrics.assignment2.heads import Fit, fit
from rubrics.assignment2.plain import held_tensors
from rubrics.assignment2.question_c import judged
from rubrics.assignment2.recurrent import Network


def width_of(student: Student) -> int:
    """D of the student: of the data set, else of the encoding, else 27."""
    data = student.find(find_data_set)
    if data is not None and data.width:
        return data.width
    return student.find(judged).size or 27


SHORT = 4
"""Elements of the first sequences sent: in long ones, nothing is left in the end of what the first elements did."""

BATCH = 9
"""Samples of the first batches sent: so many numbers come back that no wrong hypothesis fits them by chance."""


@dataclass(frozen=True)
class _Trial:
    layout: str
    batch: int
    with_state: str
    length: int


def examined(student: Student, found: Facts, network: Network) -> Network:
    """Calls the network in the likely ways and looks for an explanation of what it answers."""
    calls = [call for call in found.entries("calls") if call.get("module") == network.obj and not call.get("error")]
    shapes = [found.value(given).shape or () for call in calls[:1] for given in call.get("inputs") or ()]
    given_first = [found.value(given) for call in calls[:1] for given in call.get("inputs") or ()]
    dtype = str(given_first[0].data.get("dtype", "")) if given_first else "float32"
    integers = dtype.startswith(("int", "long")) and len(shapes[0]) < 3  # one-hot codes may be whole numbers, too
    params, tree = _held(student, network)
    width = _input_width(student, network, params, shapes, integers=integers)
    rng = student.rng("2e")
    last = network
    short: Network | None = None
    any_batch, fault = False, ""
    trials = [*_trials(student, shapes, integers=integers), *_fixed_lengths(params)]
    mask = _mask_of(given_first, shapes)
    trials = [replace(trial, with_state=mask) if mask and trial.layout == "batch" else trial for trial in trials]
    for trial in dict.fromkeys(trials):
        sent = _Sent(rng, width, params, tree, integers=integers, double=dtype == "float64")
        attempt = _asked(student, network, trial, sent)
        if attempt.fit is not None and short is not None and attempt.layout == "batch":
            # what explains long sequences and not the short ones may do so by chance
            wavering = not short.steady and not short.kept
            mixing = not wavering and _mixes(student, short, double=sent.double)
            attempt = replace(attempt, fit=_confirmed(student, attempt, trial, sent), wavering=wavering, mixing=mixing)
        fault = fault or attempt.fault
        if attempt.fit is not None:
            own = bool(shapes) and trial.batch == shapes[0][0] != BATCH and trial.with_state in {"", *_MASKS}
            refused = attempt.layout == "batch" and own and not any_batch
            return replace(attempt, sized=trial.batch) if refused and _failed(found, network) else attempt
        any_batch = any_batch or (attempt.layout == "batch" and trial.batch == BATCH)
        short = short or (attempt if attempt.layout and trial.length == SHORT else None)
        last = attempt if attempt.layout or not last.layout else last
        if attempt.layout == "batch" and trial.with_state in {"", *_MASKS} and trial.length != SHORT:
            break
    if not last.layout:
        last = replace(last, fault=fault)  # of a batch, which comes first
    # of two attempts without an explanation, the short one shows what each element does
    return short if short is not None and last.layout in {"", "batch"} else last


def _failed(found: Facts, network: Network) -> bool:
    """Whether a call of the network by the notebook failed."""
    calls = [call for call in found.entries("calls") if call.get("module") == network.obj]
    return any(call.get("error") for call in calls)


_MASKS = {"bool mask": np.bool_, "mask": np.float64}
"""What says of each element whether it belongs to the name."""


def _mask_of(given: Sequence[Value], shapes: Sequence[tuple[int, ...]]) -> str:
    """The kind of mask (B, S) that a network got beside its batches (B, S, D), or ``""``."""
    if len(shapes) < 2 or len(shapes[0]) != 3 or shapes[1] != shapes[0][:2]:
        return ""
    return "bool mask" if given[1].data.get("dtype") == "bool" else "mask"


def _held(student: Student, network: Network) -> tuple[dict[str, Matrix], tuple[Mapping[str, Any], ...]]:
    """Parameters, buffers and tensors held as plain attributes."""
    if network.plain:
        return _held_plainly(student, network), ()
    dictionary = expr.importing("builtins.dict")
    results = ask(
        student,
        [
            {"slot": "state", "expr": expr.call(expr.attr(network.expr, "state_dict"))},
            {"slot": "held", "expr": expr.call(dictionary, [expr.attr(network.expr, "__dict__")])},
            {"slot": "named", "expr": expr.call(dictionary, [expr.call(expr.attr(network.expr, "named_modules"))])},
        ],
    )
    params = {}
    for slot in ("state", "held"):
        for key, value in results[slot].value.pairs():
            array = value.array()
            if array is not None and array.ndim <= 3 and array.dtype.kind == "f" and (key.text() or "") not in params:
                params[key.text() or ""] = _as_matrix(np.asarray(array, dtype=np.float64))
    tree = network.tree or tuple(
        {"name": key.text() or "", "type": value.type_name, "config": {}}
        for key, value in results["named"].value.pairs()
    )
    return params, tree


def _as_matrix(value: Matrix) -> Matrix:
    """The weight of a convolution of width one is a matrix."""
    return value[..., 0] if value.ndim == 3 and value.shape[-1] == 1 and min(value.shape[:2]) > 1 else value


def _held_plainly(student: Student, network: Network) -> dict[str, Matrix]:
    """The tensors that a network without a module computes with."""
    slots = {f"held{at}": place for at, place in enumerate(network.plain)}
    results = ask(student, [{"slot": slot, "expr": place[1]} for slot, place in slots.items()])
    params: dict[str, Matrix] = {}
    for slot, (name, _) in slots.items():
        for key, value in held_tensors(name, results[slot].value):
            array = value.array()
            if array is not None and array.ndim <= 3 and array.dtype.kind == "f":
                params.setdefault(key, np.asarray(array, dtype=np.float64))
    return params


def _input_width(
    student: Student,
    network: Network,
    params: Mapping[str, Matrix],
    shapes: Sequence[tuple[int, ...]],
    *,
    integers: bool,
) -> int:
    width = width_of(student)
    sizes = [size for value in params.values() if value.ndim == 2 for size in value.shape]
    if shapes and len(shapes[0]) >= 2 and not integers:
        code = student.find(judged).size or 27
        return code if _flattened(shapes[0], code) and shapes[0][-1] not in sizes and code in sizes else shapes[0][-1]
    first = next((value for value in params.values() if value.ndim == 2), None)
    if integers and first is not None:
        return int(first.shape[0])
    if width in sizes or first is None:
        return width
    squares = {value.shape[0] for value in params.values() if value.ndim == 2 and value.shape[0] == value.shape[1]}
    joint = [
        value.shape[1] - value.shape[0]
        for value in params.values()
        if value.ndim == 2 and value.shape[1] > value.shape[0] > 2
    ]
    if first.shape[0] in squares:
        return int(first.shape[1])
    return int(joint[0]) if joint and not squares else int(first.shape[1])


def _flattened(shape: Sequence[int], code: int) -> bool:
    """Whether a batch (B, S·D) has the codes of a name side by side."""
    return len(shape) == 2 and shape[1] > code and shape[1] % code == 0


def _trials(student: Student, shapes: Sequence[tuple[int, ...]], *, integers: bool) -> list[_Trial]:
    data = student.find(find_data_set)
    rows = [len(item.rows) for item in data.good if item.rows is not None] if data is not None else []
    longest = max(rows, default=7)
    length = 7
    state = "" if len(shapes) < 2 or not shapes[1] else "lengths" if len(shapes[1]) == 1 else "zeros"
    if shapes and len(shapes[0]) == 3:
        length = longest if longest in shapes[0] else shapes[0][1]
    dims = len(shapes[0]) if shapes else 3
    batched = _Trial("batch", BATCH, state, length if shapes else longest)
    trials = [_Trial("batch", BATCH, state, SHORT), batched]
    if shapes and dims == 3 and shapes[0][0] != 1:
        trials.insert(1, _Trial("batch", shapes[0][0], state, SHORT))
    if dims == 2 and not integers:
        trials = [_Trial("step", 4, "zeros", 1), _Trial("single", 1, state, shapes[0][0]), batched]
        if len(shapes) == 1:
            trials = [batched, _Trial("single", 1, "", shapes[0][0])]
    elif shapes and dims == 3:
        trials.append(_Trial("batch", shapes[0][0], state, length))
        if shapes[0][0] == length:
            trials.append(_Trial("batch", length, state, shapes[0][1]))
    trials += [_Trial("batch", 4, "zeros", longest), _Trial("step", 4, "zeros", 1), _Trial("single", 1, "", longest)]
    return list(dict.fromkeys(trials))


_FEW_NUMBERS = 8


def _fixed_lengths(params: Mapping[str, Matrix]) -> list[_Trial]:
    """Sequences of the length that a layer over all hidden states side by side wants."""
    sizes = {value.shape[0] for value in params.values() if value.ndim == 2 and value.shape[0] == value.shape[1]}
    widths = [value.shape[1] for value in params.values() if value.ndim == 2 and value.shape[0] <= 2]
    found = {width // size for width in widths for size in sizes if size > 1 and width % size == 0}
    return [_Trial("batch", BATCH, "", length) for length in sorted(found) if 1 < length <= 64]


@dataclass(frozen=True)
class _Sent:
    rng: np.random.Generator
    width: int
    params: Mapping[str, Matrix]
    tree: tuple[Mapping[str, Any], ...]
    integers: bool
    double: bool


def _asked(student: Student, network: Network, trial: _Trial, sent: _Sent) -> Network:
    """One way of calling the network."""
    kind = np.float64 if sent.double else np.float32
    x, arrays = _drawn(trial, sent)
    best = network
    for state in _states(trial, sent):
        args = [expr.tensor("x")]
        if state is not None:
            arrays["h"] = state if state.dtype.kind in "ib" else state.astype(kind)
            args.append(expr.tensor("h"))
        steps = []
        for slot, seed in (("first", 1), ("second", 2)):
            called = {"slot": slot, "expr": expr.call(network.expr, args), "mode": [network.expr, "eval"]}
            steps.append({**called, "grad": False, "seed": seed})
            if slot == "first":
                held = expr.call(expr.importing("builtins.dict"), [expr.attr(network.expr, "__dict__")])
                steps.append({"slot": "kept", "expr": held})
        results = ask(student, steps, arrays)
        best = _answered(network, trial, sent, x, state, results)
        if best.layout:
            return replace(best, fit=_confirmed(student, best, trial, sent)) if _few_numbers(best) else best
    return best


def _drawn(trial: _Trial, sent: _Sent) -> tuple[Matrix, dict[str, Any]]:
    """A random input (B, S, D), and how it is handed to the network."""
    if sent.integers:
        tokens = sent.rng.integers(0, sent.width, size=(trial.batch, trial.length))
        return np.eye(sent.width)[tokens], {"x": tokens}
    shape = (trial.batch, trial.length, sent.width)
    x = sent.rng.normal(scale=0.7, size=shape).astype(np.float32).astype(np.float64)
    given = x[:, 0] if trial.layout == "step" else x[0] if trial.layout == "single" else x
    return x, {"x": given.astype(np.float64 if sent.double else np.float32)}


def _few_numbers(network: Network) -> bool:
    """Whether so few numbers came back that a wrong hypothesis may reproduce them by chance."""
    settled = network.fit is None or network.kept or network.start is not None
    return not settled and max(output.size for output in network.outputs) < _FEW_NUMBERS


def _confirmed(student: Student, network: Network, trial: _Trial, sent: _Sent) -> Fit | None:
    """The first hypothesis that reproduces the outputs for further inputs, too."""
    common: list[Fit] | None = None
    for _ in range(3):
        x, arrays = _drawn(trial, sent)
        called = {"expr": expr.call(network.expr, [expr.tensor("x")]), "mode": [network.expr, "eval"]}
        answer = ask(student, [{"slot": "more", **called, "grad": False, "seed": 1}], arrays)["more"]
        found = list(explanations(replace(network, x=x, outputs=_floats(answer))))
        common = found if common is None else [one for one in common if one in found]
    return next(iter(common or ()), None)


def _mixes(student: Student, network: Network, *, double: bool) -> bool:
    """Whether another first sample changes what the other samples of a batch give."""
    x = network.x
    if x is None or network.layout != "batch" or network.integers or network.start is not None or len(x) < 2:
        return False
    changed = x.copy()
    changed[0] += 1.0
    called = {"expr": expr.call(network.expr, [expr.tensor("x")]), "mode": [network.expr, "eval"]}
    steps = [{"slot": "other", **called, "grad": False, "seed": 1}]
    answer = ask(student, steps, {"x": changed.astype(np.float64 if double else np.float32)})["other"]
    pairs = zip(network.outputs, _floats(answer), strict=False)
    return any(
        a.shape == b.shape and len(a) == len(x) and not np.allclose(a[1:], b[1:], rtol=1e-4, atol=1e-6)
        for a, b in pairs
    )


def _states(trial: _Trial, sent: _Sent) -> list[Matrix | None]:
    if not trial.with_state:
        return [None]
    if trial.with_state in _MASKS:
        return [np.ones((trial.batch, trial.length), dtype=_MASKS[trial.with_state])]
    if trial.with_state == "lengths":
        return [np.full(trial.batch, trial.length)]
    squares = [value.shape[0] for value in sent.params.values() if value.ndim == 2 and value.shape[0] == value.shape[1]]
    joint = [
        value.shape[0]
        for value in sent.params.values()
        if value.ndim == 2 and value.shape[1] == value.shape[0] + sent.width
    ]
    sizes = list(dict.fromkeys([*squares, *joint]))[:3]
    states: list[Matrix | None] = []
    for size in sizes:
        scale = 0.5 if trial.layout == "step" else 0.0
        base = scale * sent.rng.normal(size=(trial.batch, size))
        base = base.astype(np.float32).astype(np.float64)
        states += [base, base[None], base[0]] if trial.layout != "step" else [base, base[None]]
    return states


def _answered(
    network: Network, trial: _Trial, sent: _Sent, x: Matrix, state: Matrix | None, results: Mapping[str, Step]
) -> Network:
    first, second = results["first"], results["second"]
    network = replace(network, tree=sent.tree, width=sent.width, params=sent.params, integers=sent.integers)
    if not first.ok:
        return replace(network, fault=first.fault)
    outputs = _floats(first)
    if not outputs:
        return replace(network, fault="the result is no tensor")
    start = state.reshape(-1, state.shape[-1]) if state is not None and state.dtype.kind == "f" else None
    again = _floats(second) if second.ok else ()
    made = replace(network, layout=trial.layout, x=x, outputs=outputs, again=again, start=start)
    explained = explain(made)
    if explained is not None:
        return replace(made, fit=explained)
    if not made.steady:
        for state_kept in _kept_states(results["kept"], trial.batch, sent.params):
            second_fit = fit(made.params, x, again, state_kept)
            if second_fit is not None:
                return replace(made, fit=second_fit, kept=True)
    return made


def _floats(step: Step) -> tuple[Matrix, ...]:
    return tuple(np.asarray(array, dtype=np.float64) for array in step.value.arrays() if array.dtype.kind == "f")


def _kept_states(step: Step, batch: int, params: Mapping[str, Matrix]) -> list[Matrix]:
    states: list[Matrix] = []
    weights = [value for value in params.values() if value.any()]
    for value in step.value.walk():
        array = value.array()
        if array is not None and array.dtype.kind == "f" and array.ndim >= 2 and array.shape[-2] in {1, batch}:
            state = np.asarray(array, dtype=np.float64).reshape(-1, array.shape[-1])
            if not any(value.size == state.size and np.allclose(value.ravel(), state.ravel()) for value in weights):
                states.append(state)
    return states[:3]
