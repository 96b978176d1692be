"""The student's recurrent network: found, or made from its class, and asked with fresh inputs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.expr import Expr
from grader.scoring import Student
from rubrics.assignment2.data import find_data_set
from rubrics.assignment2.elman import ACTIVATIONS, RIGHT, Fit, Hidden, Maps, Matrix, fit, match_head, run
from rubrics.assignment2.facts import Facts, Step, ask, facts
from rubrics.assignment2.question_c import judged

_MODULE = "torch.nn.modules.module.Module"
_GATED = {"LSTM", "LSTMCell", "GRU", "GRUCell"}
_OTHER = {"TransformerEncoder", "TransformerEncoderLayer", "MultiheadAttention", "Conv1d", "Conv2d", "Transformer"}


@dataclass(frozen=True)
class Network:
    """The network that 2(e) is judged by.

    Attributes:
        expr: How to reach it.
        how: What it is, for evidence.
        tree: Its modules, as the inventory lists them.
        layout: How inputs are laid out: ``batch`` (B×S×D), ``step`` (B×D with a hidden state), ``single`` (S×D), or
            ``""`` when no input was accepted.
        width: D.
        x: The input (B, S, D) that was sent, whatever the layout.
        outputs: What came back, floating arrays in order.
        again: The same for a second call with the same input.
        start: Hidden state that was sent, (B, K), or None.
        params: Parameters and other held tensors by name.
        fit: What reproduces the outputs, or None.
        kept: Whether a state kept from the call before explains the second call.
        fault: Exception of the last attempt, or ``""``.
        constructed: Whether it was made for the examination.
        obj: Number of the module, or None.
        cell: Where its class is defined.
    """

    expr: Expr
    how: str
    tree: tuple[Mapping[str, Any], ...] = ()
    layout: str = ""
    width: int = 27
    x: Matrix | None = None
    outputs: tuple[Matrix, ...] = ()
    again: tuple[Matrix, ...] = ()
    start: Matrix | None = None
    params: Mapping[str, Matrix] = field(default_factory=dict)
    fit: Fit | None = None
    kept: bool = False
    fault: str = ""
    constructed: bool = False
    obj: int | None = None
    cell: int | None = None
    integers: bool = False

    @property
    def types(self) -> set[str]:
        """Types of its modules."""
        return {str(part.get("type")) for part in self.tree}

    @property
    def gated(self) -> bool:
        """Whether it is an LSTM or GRU."""
        return bool(self.types & _GATED)

    @property
    def foreign(self) -> bool:
        """Whether it contains layers that are no part of a recurrent network."""
        return bool(self.types & _OTHER)

    @property
    def steady(self) -> bool:
        """Whether two calls with the same input agree."""
        return len(self.outputs) == len(self.again) and all(
            a.shape == b.shape and np.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(self.outputs, self.again, strict=True)  # noqa: E501
        )


def find_network(student: Student) -> Network | None:
    """The network; use it with ``student.find``."""
    found = student.find(facts)
    best: Network | None = None
    for candidate in itertools.chain(_instances(found), _constructed(student, found)):
        examined = _examined(student, found, candidate)
        if best is None or (examined.layout and not best.layout) or (examined.fit is not None and best.fit is None):
            best = examined
        if best.fit is not None or (best.layout and not candidate.constructed and _called(found, candidate.obj)):
            break
    return best


def network_classes(found: Facts) -> list[Mapping[str, Any]]:
    """The notebook's own network classes; those of 2(e)'s cells last."""
    kinds = [
        kind for kind in found.entries("classes")
        if _MODULE in (kind.get("bases") or ()) or re.match(r"class\s+\w+\s*\(.*Module", str(kind.get("source")))
    ]
    return sorted(kinds, key=lambda kind: (found.in_section(kind.get("cell"), "e"), kind.get("cell") or 0))


def _called(found: Facts, number: int | None) -> int:
    return next((int(m.get("called") or 0) for m in found.entries("modules") if m.get("obj") == number), 0)


def _instances(found: Facts) -> Iterator[Network]:
    cells = {kind.get("name"): kind.get("cell") for kind in found.entries("classes")}
    modules = [module for module in found.entries("modules") if module.get("parameters")]

    def rank(module: Mapping[str, Any]) -> tuple[bool, bool, int]:
        cell = cells.get(module.get("type"))
        return bool(module.get("own_class")), found.in_section(cell, "e"), int(module.get("called") or 0)

    modules.sort(key=rank, reverse=True)
    for module in modules[:5]:
        name = (module.get("names") or [module.get("type")])[0]
        yield Network(expr.obj(int(module["obj"])), f"`{name}` ({module.get('type')})", tuple(module.get("tree") or ()),
                      obj=int(module["obj"]), cell=cells.get(module.get("type")))


# --- making an instance ---------------------------------------------------------------------------------------


def width_of(student: Student) -> int:
    """D of the student: of the data set, else of the encoding, else 27."""
    data = student.find(find_data_set)
    if data is not None and data.width:
        return data.width
    return student.find(judged).size or 27


def _constructed(student: Student, found: Facts) -> Iterator[Network]:
    used = {module.get("type") for module in found.entries("modules")}
    width = width_of(student)
    for kind in reversed(network_classes(found)):
        number = kind.get("obj")
        if not isinstance(number, int) or kind.get("name") in used:
            continue
        params = [
            str(p.get("name")) for p in (kind.get("methods") or {}).get("__init__", [])
            if p.get("name") != "self" and p.get("default") is None and p.get("kind") == "positional"
        ]
        for args in argument_orders(params, width):
            made = ask(student, [{"slot": "net", "expr": expr.call(expr.obj(number), [expr.value(arg) for arg in args])}])["net"]  # noqa: E501
            if made.ok and made.value.obj is not None:
                yield Network(expr.obj(made.value.obj), f"`{kind.get('name')}`, which was instantiated for the examination",  # noqa: E501
                              (), width=width, constructed=True, obj=made.value.obj, cell=kind.get("cell"))


def argument_orders(names: Sequence[str], width: int, hidden: int = 12, outputs: int = 1) -> list[tuple[int, ...]]:
    """Sizes for a constructor's parameters: by their names first, then in other orders."""
    pool = [width, hidden, outputs, 24]
    hinted = tuple(_hint(name, width, hidden, outputs) for name in names)
    orders = [hinted] if hinted and all(hinted) else []
    if not names:
        return [()]
    orders += list(itertools.permutations(pool, len(names))) if len(names) <= 4 else []
    return list(dict.fromkeys(tuple(int(size or 1) for size in order) for order in orders))[:8]


def _hint(name: str, width: int, hidden: int, outputs: int) -> int | None:
    lower = name.lower()
    for pattern, size in (
        (r"hid|^k$|^h$|unit|neuron|n_h|dim_h", hidden), (r"out|class|^c$|^o$|target|n_y", outputs),
        (r"seq|len|^s$|steps|time", 24), (r"layer", 1), (r"batch|^b$", 4),
        (r"in|^d$|feat|vocab|alpha|emb|char|n_x|letters", width),
    ):
        if re.search(pattern, lower):
            return size
    return None


# --- asking it ------------------------------------------------------------------------------------------------


SHORT = 4
"""Elements of the first sequences sent: in long ones, nothing is left in the end of what the first elements did."""


@dataclass(frozen=True)
class _Trial:
    layout: str
    batch: int
    with_state: str
    length: int


def _examined(student: Student, found: Facts, network: Network) -> Network:
    """Calls the network in the likely ways and looks for an explanation of what it answers."""
    calls = [call for call in found.entries("calls") if call.get("module") == network.obj and not call.get("error")]
    shapes = [found.value(given).shape or () for call in calls[:1] for given in call.get("inputs") or ()]
    dtype = next((str(found.value(given).data.get("dtype", "")) for call in calls[:1] for given in call.get("inputs") or ()), "float32")  # noqa: E501
    integers = dtype.startswith(("int", "long"))
    params, tree = _held(student, network)
    width = _input_width(student, network, params, shapes, integers=integers)
    rng = student.rng("2e")
    last = network
    short: Network | None = None
    for trial in _trials(student, shapes, integers=integers):
        attempt = _asked(student, network, trial, _Sent(rng, width, params, tree, integers=integers, double=dtype == "float64"))  # noqa: E501
        if attempt.fit is not None:
            return attempt
        short = short or (attempt if attempt.layout and trial.length == SHORT else None)
        last = attempt if attempt.layout or not last.layout else last
        if attempt.layout == "batch" and trial.with_state == "" and trial.length != SHORT:
            break
    # of two attempts without an explanation, the short one shows what each element does
    return short if short is not None and last.layout in {"", "batch"} else last


def _held(student: Student, network: Network) -> tuple[dict[str, Matrix], tuple[Mapping[str, Any], ...]]:
    """Parameters, buffers and tensors held as plain attributes."""
    dictionary = expr.importing("builtins.dict")
    results = ask(student, [
        {"slot": "state", "expr": expr.call(expr.attr(network.expr, "state_dict"))},
        {"slot": "held", "expr": expr.call(dictionary, [expr.attr(network.expr, "__dict__")])},
        {"slot": "named", "expr": expr.call(dictionary, [expr.call(expr.attr(network.expr, "named_modules"))])},
    ])
    params = {}
    for slot in ("state", "held"):
        for key, value in results[slot].value.pairs():
            array = value.array()
            if array is not None and array.ndim <= 3 and array.dtype.kind == "f" and (key.text() or "") not in params:
                params[key.text() or ""] = np.asarray(array, dtype=np.float64)
    tree = network.tree or tuple(
        {"name": key.text() or "", "type": value.type_name, "config": {}} for key, value in results["named"].value.pairs()  # noqa: E501
    )
    return params, tree


def _input_width(
    student: Student, network: Network, params: Mapping[str, Matrix], shapes: Sequence[tuple[int, ...]], *, integers: bool  # noqa: E501
) -> int:
    if shapes and len(shapes[0]) >= 2 and not integers:
        return shapes[0][-1]
    width = width_of(student)
    sizes = [size for value in params.values() if value.ndim == 2 for size in value.shape]
    first = next((value for value in params.values() if value.ndim == 2), None)
    if integers and first is not None:
        return int(first.shape[0])
    if width in sizes or first is None:
        return width
    squares = {value.shape[0] for value in params.values() if value.ndim == 2 and value.shape[0] == value.shape[1]}
    joint = [value.shape[1] - value.shape[0] for value in params.values() if value.ndim == 2 and value.shape[1] > value.shape[0] > 2]  # noqa: E501
    if first.shape[0] in squares:
        return int(first.shape[1])
    return int(joint[0]) if joint and not squares else int(first.shape[1])


def _trials(student: Student, shapes: Sequence[tuple[int, ...]], *, integers: bool) -> list[_Trial]:
    data = student.find(find_data_set)
    rows = [len(item.rows) for item in data.good if item.rows is not None] if data is not None else []
    longest = max(rows, default=7)
    length = 7
    state = "zeros" if len(shapes) > 1 and shapes[1] else ""
    if shapes and len(shapes[0]) == 3:
        length = longest if longest in shapes[0] else shapes[0][1]
    dims = len(shapes[0]) if shapes else 3
    batched = _Trial("batch", 4, state, length if shapes else longest)
    trials = [_Trial("batch", 3, state, SHORT), batched]
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
    if sent.integers:
        tokens = sent.rng.integers(0, sent.width, size=(trial.batch, trial.length))
        x = np.eye(sent.width)[tokens]
        arrays: dict[str, Any] = {"x": tokens}
    else:
        x = sent.rng.normal(scale=0.7, size=(trial.batch, trial.length, sent.width)).astype(np.float32).astype(np.float64)  # noqa: E501
        given = x[:, 0] if trial.layout == "step" else x[0] if trial.layout == "single" else x
        arrays = {"x": given.astype(kind)}
    best = network
    for state in _states(trial, sent):
        args = [expr.tensor("x")]
        if state is not None:
            arrays["h"] = state.astype(kind)
            args.append(expr.tensor("h"))
        steps = []
        for slot, seed in (("first", 1), ("second", 2)):
            steps.append({"slot": slot, "expr": expr.call(network.expr, args), "mode": [network.expr, "eval"], "grad": False, "seed": seed})  # noqa: E501
            if slot == "first":
                held = expr.call(expr.importing("builtins.dict"), [expr.attr(network.expr, "__dict__")])
                steps.append({"slot": "kept", "expr": held})
        results = ask(student, steps, arrays)
        best = _answered(network, trial, sent, x, state, results)
        if best.layout:
            return best
    return best


def _states(trial: _Trial, sent: _Sent) -> list[Matrix | None]:
    if not trial.with_state:
        return [None]
    squares = [value.shape[0] for value in sent.params.values() if value.ndim == 2 and value.shape[0] == value.shape[1]]
    joint = [value.shape[0] for value in sent.params.values() if value.ndim == 2 and value.shape[1] == value.shape[0] + sent.width]  # noqa: E501
    sizes = list(dict.fromkeys([*squares, *joint]))[:3]
    states: list[Matrix | None] = []
    for size in sizes:
        base = sent.rng.normal(scale=0.5, size=(trial.batch, size)) if trial.layout == "step" else np.zeros((trial.batch, size))  # noqa: E501
        base = base.astype(np.float32).astype(np.float64)
        states += [base, base[None], base[0]] if trial.layout != "step" else [base, base[None]]
    return states


def _answered(
    network: Network, trial: _Trial, sent: _Sent, x: Matrix, state: Matrix | None, results: Mapping[str, Step]
) -> Network:
    first, second = results["first"], results["second"]
    parts = {"tree": sent.tree, "width": sent.width, "params": sent.params, "integers": sent.integers}
    if not first.ok:
        return _with(network, **parts, fault=first.fault)
    outputs = _floats(first)
    if not outputs:
        return _with(network, **parts, fault="the result is no tensor")
    start = state.reshape(-1, state.shape[-1]) if state is not None else None
    again = _floats(second) if second.ok else ()
    made = _with(network, **parts, layout=trial.layout, x=x, outputs=outputs, again=again, start=start)
    explained = explain(made)
    if explained is not None:
        return _with(made, fit=explained)
    if not made.steady:
        for state_kept in _kept_states(results["kept"], trial.batch):
            second_fit = fit(made.params, x, again, state_kept)
            if second_fit is not None:
                return _with(made, fit=second_fit, kept=True)
    return made


def _with(network: Network, **changes: Any) -> Network:
    from dataclasses import replace  # noqa: PLC0415

    return replace(network, **changes)


def _floats(step: Step) -> tuple[Matrix, ...]:
    return tuple(np.asarray(array, dtype=np.float64) for array in step.value.arrays() if array.dtype.kind == "f")


def _kept_states(step: Step, batch: int) -> list[Matrix]:
    states = []
    for value in step.value.walk():
        array = value.array()
        if array is not None and array.dtype.kind == "f" and array.ndim >= 2 and array.shape[-2] in {1, batch}:
            states.append(np.asarray(array, dtype=np.float64).reshape(-1, array.shape[-1]))
    return states


def explain(network: Network) -> Fit | None:
    """The hypothesis that reproduces the network's outputs."""
    if network.x is None or network.gated:
        return None
    built = _built_in(network)
    if built is not None:
        return built
    return fit(network.params, network.x, network.outputs, network.start)


# --- nn.RNN with several layers or directions -------------------------------------------------------------------


def _built_in(network: Network) -> Fit | None:
    """``nn.RNN`` of several layers or both directions, which the general search does not cover."""
    x = network.x
    for part in network.tree:
        config = part.get("config") or {}
        layers, both = int(config.get("num_layers") or 1), bool(config.get("bidirectional"))
        if part.get("type") != "RNN" or x is None or (layers == 1 and not both):
            continue
        prefix = f"{part['name']}." if part.get("name") else ""
        name = str(config.get("nonlinearity") or "tanh")
        for axis in (1, 0) if not config.get("batch_first") else (1,):
            states = _stack(network.params, prefix, x if axis == 1 else x.swapaxes(0, 1), name, (layers, both))
            if states is None:
                continue
            names = (f"{prefix}weight_ih_l0", f"{prefix}weight_hh_l0")
            hidden = Hidden(states, states, RIGHT, name, axis, names, np.zeros((len(states), states.shape[-1])))
            found = match_head(network.params, hidden, network.outputs)
            if found is not None:
                return found
    return None


def _stack(params: Mapping[str, Matrix], prefix: str, x: Matrix, name: str, shape: tuple[int, bool]) -> Matrix | None:
    layers, both = shape
    for layer in range(layers):
        directions = []
        for suffix in ("", "_reverse") if both else ("",):
            into, back = params.get(f"{prefix}weight_ih_l{layer}{suffix}"), params.get(f"{prefix}weight_hh_l{layer}{suffix}")  # noqa: E501
            if into is None or back is None:
                return None
            bias = params.get(f"{prefix}bias_ih_l{layer}{suffix}", np.zeros(len(into)))
            bias = bias + params.get(f"{prefix}bias_hh_l{layer}{suffix}", np.zeros(len(into)))
            turned = x[:, ::-1] if suffix else x
            states = run(Maps(into.T, back.T, bias, ("", "")), ACTIVATIONS[name], turned, np.zeros(len(back)))
            directions.append(states[:, ::-1] if suffix else states)
        x = np.concatenate(directions, axis=-1)
    return x
