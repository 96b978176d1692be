"""Calls the notebook's map function again for other classes, and watches what it computes on the way."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torchvision.models import ResNet18_Weights

from grader.probe import expr
from grader.probe.types import Answer, Array, Request
from grader.probe.value import Value, steps
from grader.scoring import Student
from rubrics.assignment1.evidence import Evidence, Seen, entries, gather, step_sightings, whole
from rubrics.assignment1.network import recorded_runs

CAPTURED = [49, 512, 512 * 49, 224 * 224, 3 * 224 * 224]
MAX_CLASS = 999
MAX_FUNCTIONS = 8


@dataclass(frozen=True, eq=False)
class Replay:
    """A call of a function with a class chosen by the host.

    Attributes:
        function: Qualified name.
        parameter: The parameter that was varied.
        o: The class it was given.
        ok: Whether it ran.
        error: Text of its exception.
        returned: Arrays in its result.
        seen: What its assignments, and the tensor operations in it, brought to light.
    """

    function: str
    parameter: str
    o: int
    ok: bool
    error: str
    returned: tuple[Array, ...]
    seen: tuple[Seen, ...]


@dataclass(frozen=True)
class Candidate:
    """A function call that can be repeated with another class.

    Attributes:
        function: Its description in the inventory.
        title: Its name.
        target: What is called.
        args: Positional arguments.
        kwargs: Named arguments.
        parameter: Name of the parameter that holds the class.
        given: The class in the recorded call, None in a made-up one.
        form: How the class is handed over: ``int``, ``tensor``, ``list`` or ``name``.
        recorded: Whether the arguments come from a recorded call.
    """

    function: Mapping[str, Any]
    title: str
    target: expr.Expr
    args: tuple[expr.Expr, ...]
    kwargs: Mapping[str, expr.Expr] = field(hash=False)
    parameter: str
    given: int | None
    form: str
    recorded: bool


def class_in(value: Value) -> tuple[int, str] | None:
    """The class that an argument may be, and how it is handed over."""
    if value.kind == "bool":
        return None
    text = value.text()
    if text is not None:
        named = next((o for o, name in enumerate(categories()) if name == text), None)
        return None if named is None else (named, "name")
    number = value.number()
    form = "int" if value.kind in ("int", "float") else "tensor"
    if number is None and value.kind in ("list", "tuple") and value.length == 1:
        number, form = value.items()[0].number(), "list"
    if number is None or number != int(number) or not 0 <= number <= MAX_CLASS or value.kind == "float":
        return None
    return int(number), form


@functools.cache
def categories() -> list[str]:
    """ImageNet's class names, for functions that take a class by its name."""
    return [str(name) for name in ResNet18_Weights.IMAGENET1K_V1.meta["categories"]]


def recorded_candidates(student: Student) -> list[Candidate]:
    """Recorded calls with an argument that may be a class, the outermost and last calls first."""
    evidence = student.find(gather)
    found: dict[tuple[str, str], Candidate] = {}
    for function, record in evidence.records():
        number = whole(record.get("function_obj"))
        numbers, described = record.get("obj_args") or {}, record.get("args") or {}
        if number is None:
            continue
        kinds = {str(part.get("name")): str(part.get("kind")) for part in entries(function, "params")}
        if any(kind in ("varargs", "varkw") for kind in kinds.values()):
            continue
        for name, data in described.items():
            value = evidence.value(data)
            known = class_in(value)
            if known is None or name not in numbers:
                continue
            kwargs = {
                key: expr.obj(int(n)) for key, n in numbers.items() if key != name and (not kinds or key in kinds)
            }
            title = str(function.get("name"))
            found[(title, name)] = Candidate(
                function, title, expr.obj(number), (), kwargs, str(name), known[0], known[1], recorded=True
            )
    return list(found.values())[:MAX_FUNCTIONS]


def defaulted_candidates(student: Student) -> Iterator[Candidate]:
    """Recorded calls whose class was left to a default of None."""
    evidence = student.find(gather)
    for function, record in evidence.records():
        number, numbers = whole(record.get("function_obj")), record.get("obj_args") or {}
        for name, data in (record.get("args") or {}).items():
            if number is not None and evidence.value(data).kind == "none":
                kwargs = {key: expr.obj(int(n)) for key, n in numbers.items() if key != name}
                yield Candidate(
                    function,
                    str(function.get("name")),
                    expr.obj(number),
                    (),
                    kwargs,
                    str(name),
                    None,
                    "int",
                    recorded=True,
                )


def unrecorded_candidates(student: Student) -> Iterator[Candidate]:
    """Functions and lambdas that nobody called, with arguments bound by what they may stand for."""
    evidence = student.find(gather)
    recorded = {str(function.get("name")) for function, _ in evidence.records()}
    found: list[Candidate] = []
    for function in evidence.functions:
        number = whole(function.get("obj"))
        if number is not None and str(function.get("name")) not in recorded and not function.get("is_method"):
            found += _bound(student, evidence, function, str(function.get("name")), number, entries(function, "params"))
    for name, value in evidence.globals():
        if value.kind == "function" and value.obj is not None and "<lambda>" in str(value.data.get("name")):
            found += _bound(student, evidence, value.data, name, value.obj, entries(value.data, "params"))
    # What asks for a class comes first, and what was defined last, since it uses the rest.
    found.reverse()
    yield from sorted(found, key=lambda candidate: role(candidate.parameter) != "class")


def _bound(
    student: Student,
    evidence: Evidence,
    function: Mapping[str, Any],
    title: str,
    number: int,
    params: Sequence[Mapping[str, Any]],
) -> Iterator[Candidate]:
    required = [
        str(part.get("name"))
        for part in params
        if part.get("default") is None and part.get("kind") in ("positional", "keyword")
    ]
    if not required or len(required) > 5:
        return
    pool = dict(_pool(student, evidence))
    classes = [name for name in required if role(name) == "class"] or required[-1:]
    for chosen in classes[:1]:
        kwargs = {}
        for name in required:
            if name == chosen:
                continue
            bound = pool.get(role(name)) or pool.get(f"name:{name}")
            if bound is None:
                return
            kwargs[name] = bound
        yield Candidate(function, title, expr.obj(number), (), kwargs, chosen, None, "int", recorded=False)


def role(name: str) -> str:
    """What a parameter probably stands for; only a first guess, which the call itself confirms."""
    lowered = name.lower()
    for kind, hints in (
        ("features", ("feat", "fmap", "feature", "activ", "maps", "conv_out", "fm")),
        ("class", ("class", "cls", "idx", "index", "label", "target", "cat")),
        ("network", ("model", "net", "resnet", "network")),
        ("weights", ("weight", "fc_w", "w_fc")),
        ("logits", ("logit", "score", "pred", "output", "out")),
        ("original", ("img", "image", "orig", "pic", "photo", "pil", "rgb")),
        ("input", ("tensor", "input", "batch", "inp")),
    ):
        if any(hint in lowered for hint in hints):
            return kind
    return {
        "o": "class",
        "c": "class",
        "k": "class",
        "i": "class",
        "a": "features",
        "z": "logits",
        "w": "weights",
        "x": "input",
    }.get(lowered, "")


def _pool(student: Student, evidence: Evidence) -> Iterator[tuple[str, expr.Expr]]:
    for name, _ in evidence.globals():
        yield f"name:{name}", expr.var(name)
    module = max(evidence.modules.values(), key=lambda entry: int(entry.get("called") or 0), default=None)
    if module is not None:
        yield "network", expr.obj(int(module["obj"]))
    if student.find(recorded_runs):
        yield "input", expr.tensor("input")
        yield "original", expr.image("original")
    yield "features", expr.slot("features")
    yield "logits", expr.slot("logits")
    yield "weights", expr.tensor("weights")


def play(student: Student, candidate: Candidate, classes: Sequence[int], arrays: Mapping[str, Array]) -> list[Replay]:
    """Repeats a candidate's call for some classes."""
    replays = []
    for o in classes:
        given: expr.Expr = expr.value(o)
        if candidate.form == "tensor":
            given = expr.call(expr.importing("torch.tensor"), [expr.value(o)])
        elif candidate.form == "name":
            given = expr.value(categories()[o])
        elif candidate.form == "list":
            given = expr.value([o])
        call = expr.call(candidate.target, candidate.args, {**candidate.kwargs, candidate.parameter: given})
        step = {
            "slot": f"{candidate.title}.{candidate.parameter}.{o}",
            "expr": call,
            "seed": 0,
            "sightings": True,
            "ops": True,
            "capture": CAPTURED,
        }
        used = {name: array for name, array in arrays.items() if not candidate.recorded}
        before, after = _context_manager(student.find(gather), candidate)
        before = before if candidate.recorded else [*_connected(), *before]
        answer = student.ask(Request("evaluate", {"steps": [*before, step, *after]}, used, timeout_s=120))
        result = next(iter(steps(answer)[len(before) :]), {})
        replays.append(_replay(student.find(gather), candidate, o, answer, result))
    return replays


def _connected() -> list[dict[str, Any]]:
    """Steps that make feature maps (1, 512, H, W) and logits (1, 1000) of which a gradient can be computed."""
    features = expr.call(expr.attr(expr.tensor("features"), "requires_grad_"))
    means = expr.call(expr.attr(expr.slot("features"), "mean"), [], {"dim": expr.value([2, 3])})
    sums = expr.call(expr.importing("torch.nn.functional.linear"), [means, expr.tensor("slopes")])
    logits = expr.call(expr.attr(sums, "add"), [expr.tensor("bias")])
    return [
        {"slot": "features", "expr": features, "quiet": True},
        {"slot": "logits", "expr": logits, "quiet": True},
    ]


def _context_manager(evidence: Evidence, candidate: Candidate) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Steps that enter and leave the method's object, where it is a context manager: its hooks live as long."""
    methods: set[str] = set()
    for entry in entries(evidence.data, "classes"):
        if entry.get("name") == candidate.function.get("class"):
            methods = set(entry.get("methods") or {})
    own = next((str(part.get("name")) for part in entries(candidate.function, "params")), "self")
    holder = candidate.kwargs.get(own, candidate.kwargs.get("self"))
    if holder is None or not {"__enter__", "__exit__"} <= methods:
        return [], []
    nothing = [expr.value(None)] * 3
    enter = {"slot": "enter", "expr": expr.call(expr.attr(holder, "__enter__")), "quiet": True}
    leave = {"slot": "leave", "expr": expr.call(expr.attr(holder, "__exit__"), nothing), "quiet": True}
    return [enter], [leave]


def _replay(evidence: Evidence, candidate: Candidate, o: int, answer: Answer, result: Mapping[str, Any]) -> Replay:
    value = Value(result.get("value"), answer)
    arrays = value.arrays() if result.get("ok") else []
    returned = tuple(array for array in arrays if array.size and array.dtype.kind in "biuf")
    sighted = step_sightings(evidence, result, answer)
    seen = [*_operations(result, answer, candidate.title), *sighted]
    seen += [
        Seen(array, "return", whole(candidate.function.get("cell")), candidate.title, 10**9, "replay")
        for array in returned
    ]
    error = result.get("error")
    return Replay(
        candidate.title,
        candidate.parameter,
        o,
        bool(result.get("ok")),
        str(error.get("text", "")) if isinstance(error, Mapping) else "",
        returned,
        tuple(seen),
    )


def _operations(result: Mapping[str, Any], answer: Answer, function: str) -> Iterator[Seen]:
    for at, op in enumerate(entries(result, "ops")):
        for name in op.get("data") or []:
            array = answer.tensors.get(name) if isinstance(name, str) else None
            if array is not None and array.size and array.dtype.kind in "biuf":
                yield Seen(array, str(op.get("op")), None, function, at, "op")


def mixed_classes(features: Array, weight: Array, count: int, *, avoid: Sequence[int] = ()) -> list[int]:
    """Classes whose weighted sum has values of both signs, so that clipping shows."""
    sums = weight @ features.reshape(features.shape[0], -1)
    share = (sums < 0).mean(1)
    good = np.flatnonzero((share > 0.15) & (share < 0.75) & (sums.max(1) > 0))
    order = good[np.argsort(np.abs(share[good] - 0.4))] if good.size else np.argsort(-(sums.max(1) - sums.min(1)))
    return [int(o) for o in order if int(o) not in avoid][:count]
