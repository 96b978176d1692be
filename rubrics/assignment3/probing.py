"""Finds the student's network and watches it process fresh images."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.expr import Expr
from grader.probe.types import Array, Request
from grader.probe.value import Value
from grader.scoring import Student
from reference.assignment3 import CLASSES, IMAGE_SHAPE
from rubrics.assignment3.completing import is_module_class, made_as_written, made_completed
from rubrics.assignment3.design import Layer, layers_of_operations, layers_of_source
from rubrics.assignment3.misspelt import meant_forward
from rubrics.assignment3.objects import Objects, objects
from rubrics.source import calls
from rubrics.trace import Trace, whole_trace

BATCH = 6


@dataclass(frozen=True)
class Passage:
    """What happened to a batch of fresh images.

    Attributes:
        layers: The layers that ran, in order.
        shape: Shape of the result, or None when it failed.
        finite: Whether all results are finite.
        error: The last line of the traceback, or ``""``.
        error_type: Class of the exception.
        resized: Linear layers that were made to fit: in-features before and now, and out-features.
    """

    layers: tuple[Layer, ...]
    shape: tuple[int, ...] | None
    finite: bool = True
    error: str = ""
    error_type: str = ""
    resized: tuple[tuple[int, int, int], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it ended with a row of logits for every image."""
        return self.shape == (BATCH, CLASSES)


@dataclass(frozen=True)
class Candidate:
    """Something that may be the network.

    Attributes:
        target: What is called.
        obj: The number of its module; None for a function.
        tree: The module's parts.
        source: Source of its class.
        title: What it is called in evidence.
        names: Global names.
        class_name: Its class.
        trained: How many steps moved its parameters.
        arguments: What it is called with; nothing but the images where empty.
        container: The module whose parts a function applies, or None.
        method: Which method is called in place of the module; ``""`` for the module or function itself.
        slip: What had to be put right before it could process images, for evidence.
    """

    target: Expr
    obj: int | None
    tree: tuple[Mapping[str, Any], ...] = ()
    source: str = ""
    title: str = ""
    names: tuple[str, ...] = ()
    class_name: str = ""
    trained: int = 0
    arguments: tuple[Expr, ...] = ()
    container: Expr | None = None
    method: str = ""
    slip: str = ""

    @property
    def called(self) -> Expr:
        """What is called with images."""
        return expr.attr(self.target, self.method) if self.method else self.target


@dataclass(frozen=True)
class Network:
    """The student's network.

    Attributes:
        candidate: What it is and how it is called.
        strict: How it processes images as it stands.
        mended: The same, linear layers being made to fit; equal to ``strict`` when that was not needed.
        layers: Its layers in order, by the run that got furthest, else by source.
        by_source: Whether the layers were read from source.
    """

    candidate: Candidate
    strict: Passage
    mended: Passage
    layers: tuple[Layer, ...] = field(default=())
    by_source: bool = False

    def of(self, *kinds: str) -> list[Layer]:
        """Its layers of some kinds."""
        return [layer for layer in self.layers if layer.kind in kinds]


def find_network(student: Student) -> Network | None:
    """The network that is trained, else the one that looks most like it; use it with ``student.find``."""
    found = student.find(objects)
    modules = sorted(_modules(student, found), key=lambda candidate: -candidate.trained)
    networks = [_probe(student, candidate) for candidate in [*modules, *_classes(student, found)][:12]]
    convolutional = [network for network in networks if network.of("conv")]
    if not convolutional:
        functions = [_probe(student, candidate) for candidate in list(_functions(found))[:8]]
        convolutional = [network for network in functions if network.of("conv")]
    best = max(convolutional or networks, key=_rank, default=None)
    return _applied(student, found, best) or best


def _applied(student: Student, found: Objects, network: Network | None) -> Network | None:
    """A container without a forward of its own, as the notebook's function applies it to images."""
    if network is None or network.candidate.obj is None or network.strict.error_type != "NotImplementedError":
        return None
    own, whole = expr.obj(network.candidate.obj), network.candidate
    applying = [
        replace(one, tree=whole.tree, names=whole.names, container=own)
        for one in _functions(found)
        if own in one.arguments
    ]
    return next((one for one in (_probe(student, each) for each in applying[:4]) if one.of("conv")), None)


def _rank(network: Network) -> tuple[int, bool, bool, int]:
    candidate = network.candidate
    three = len(network.of("conv")) >= 2
    return candidate.trained, bool(candidate.source) or three, three, candidate.obj or 0


def _modules(student: Student, found: Objects) -> Iterator[Candidate]:
    trained = _steps(student.find(whole_trace))
    sources = {str(entry.get("name")): _inherited_source(entry, found) for entry in found.entries("classes")}
    for entry in reversed(found.entries("modules")):
        obj, kind = entry.get("obj"), str(entry.get("type"))
        if not isinstance(obj, int) or not entry.get("parameters") or _is_part(entry):
            continue
        steps = trained.get(obj, 0) or min(1, int(entry.get("called") or 0))
        yield Candidate(
            target=expr.obj(obj),
            obj=obj,
            tree=tuple(entry.get("tree") or ()),
            source=sources.get(kind, ""),
            title=f"`{kind}`",
            names=tuple(entry.get("names") or ()),
            class_name=kind,
            trained=steps,
        )


def _steps(trace: Trace) -> Counter[Any]:
    """Network → steps that moved it; steps of another one's optimizer count for the networks that ran before them."""
    steps: Counter[Any] = Counter()
    ran: set[Any] = set()
    for event in trace.of("forward", "step"):
        if event.kind == "forward":
            ran.add(event.get("module"))
            continue
        moved = set(event.get("modules") or ())
        steps.update(ran if moved and ran and not moved & ran else moved)
        ran = set()
    return steps


def _inherited_source(entry: Mapping[str, Any], found: Objects) -> str:
    """Source of a class behind those of the notebook's own classes that it builds on: its methods come last."""
    own = {str(one.get("name")): str(one.get("source") or "") for one in found.entries("classes")}
    bases = [str(base).rpartition(".")[2] for base in entry.get("bases") or ()][1:]
    texts = [own[base] for base in reversed(bases) if own.get(base)]
    return "\n".join(textwrap.dedent(text) for text in [*texts, str(entry.get("source") or "")])


def _is_part(entry: Mapping[str, Any]) -> bool:
    """Whether a module is a layer or a block of a network, which called it by itself (a pass that finds a size)."""
    tree = [part for part in entry.get("tree") or () if isinstance(part, Mapping)]
    return bool(entry.get("parents")) and sum("Conv" in str(part.get("type")) for part in tree) < 2


def _classes(student: Student, found: Objects) -> Iterator[Candidate]:
    """Classes of networks that the notebook never instantiated, or whose constructor failed before any layer."""
    empty = {one.get("obj") for one in found.entries("modules") if not (one.get("parameters") or one.get("names"))}
    for entry in found.entries("classes"):
        if set(entry.get("instances") or ()) - empty or not is_module_class(entry):
            continue
        made = _instantiate(student, found, entry)
        if made is not None:
            yield made


def _instantiate(student: Student, found: Objects, entry: Mapping[str, Any]) -> Candidate | None:
    """An instance of a class, as the notebook would make it, without arguments or with the number of classes."""
    name, number = str(entry.get("name")), int(entry["obj"])
    made = Candidate(
        target=expr.obj(number),
        obj=None,
        source=_inherited_source(entry, found),
        title=f"`{name}` (instantiated by us)",
        class_name=name,
    )
    obj = made_as_written(student, found, entry)
    if obj is not None:
        return replace(made, target=expr.obj(obj), obj=obj)
    for arguments in ([], [expr.value(CLASSES)], [expr.value(3), expr.value(CLASSES)]):
        call = expr.call(expr.obj(number), arguments)
        steps = [
            {"slot": "made", "expr": call, "seed": 0},
            {"slot": "parts", "expr": expr.call(expr.importing("builtins.str"), [expr.slot("made")])},
        ]
        results = student.ask(Request("evaluate", {"steps": steps})).data.get("steps") or [{}]
        if results[0].get("ok"):
            return replace(made, target=call)
    obj = made_completed(student, found, entry)
    slip = f"`{name}` cannot be instantiated: `super().__init__()` is not called"
    return None if obj is None else replace(made, target=expr.obj(obj), obj=obj, title=f"`{name}`", slip=slip)


def _functions(found: Objects) -> Iterator[Candidate]:
    """Functions of the notebook that were called with a batch of images, or may be."""
    for entry in found.entries("functions"):
        if entry.get("is_method"):
            continue
        called = _called_with_images(entry)
        if called is not None:
            yield called
            continue
        required = [p for p in entry.get("params") or () if p.get("kind") == "positional" and p.get("default") is None]
        if entry.get("global") and len(required) == 1:
            yield Candidate(target=expr.var(str(entry["name"])), obj=None, title=f"`{entry['name']}`")


def _called_with_images(entry: Mapping[str, Any]) -> Candidate | None:
    parameters = [str(p.get("name")) for p in entry.get("params") or () if p.get("kind") == "positional"]
    for call in entry.get("calls") or ():
        described = call.get("args") or {}
        places = [
            at
            for at, name in enumerate(parameters)
            if len((described.get(name) or {}).get("shape") or ()) == len(IMAGE_SHAPE) + 1
        ]
        numbers = call.get("obj_args") or {}
        if len(places) != 1 or not all(name in numbers for name in parameters):
            continue
        arguments = tuple(
            expr.tensor("images") if at == places[0] else expr.obj(int(numbers[name]))
            for at, name in enumerate(parameters)
        )
        function = call.get("function_obj")
        target = expr.obj(function) if isinstance(function, int) else expr.var(str(entry["name"]))
        return Candidate(target=target, obj=None, title=f"`{entry['name']}`", arguments=arguments, trained=1)
    return None


# --- passing images through ----------------------------------------------------------------------------------


def fresh_images(student: Student, height: int = IMAGE_SHAPE[1], width: int = IMAGE_SHAPE[2]) -> Array:
    """Random images (B, 3, height, width), float32."""
    return student.rng("images").standard_normal((BATCH, IMAGE_SHAPE[0], height, width)).astype(np.float32)


def pass_images(student: Student, candidate: Candidate, images: Array, *, lenient: bool) -> Passage:
    """Calls a network with images in training mode and records what it computes."""
    given = candidate.arguments or (expr.tensor("images"),)
    steps: list[dict[str, Any]] = [{"slot": "network", "expr": candidate.target, "quiet": True, "seed": 0}]
    target = expr.slot("network")
    steps.append(
        {
            "slot": "out",
            "expr": expr.call(expr.attr(target, candidate.method) if candidate.method else target, given),
            "ops": True,
            "seed": 1,
            "lenient": lenient,
            "mode": [candidate.container or target, "train"],
        }
    )
    answer = student.ask(Request("evaluate", {"steps": steps}, {"images": images}))
    results = answer.data.get("steps") or []
    if answer.error is not None or len(results) < 2:
        return Passage((), None, error=str((answer.error or {}).get("message", "no answer")))
    step = results[1]
    error = step.get("error") or {}
    logits = _first_float(Value(step.get("value"), answer)) if step.get("ok") else None
    values = logits.array() if logits is not None else None
    return Passage(
        layers=tuple(layers_of_operations(step.get("ops") or ())),
        shape=logits.shape if logits is not None else None,
        finite=values is None or bool(np.isfinite(values).all()),
        error=str(error.get("text") or ""),
        error_type=str(error.get("type") or ""),
        resized=tuple(_resizings(step.get("resized") or ())),
    )


def _resizings(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int, int]]:
    for one in found:
        yield int(one["in_features_was"]), int(one["in_features_now"]), int(one["out_features"])


def _first_float(value: Value) -> Value | None:
    for part in value.walk():
        if part.kind == "tensor" and str(part.data.get("dtype", "")).startswith("float"):
            return part
    return None


def _probe(student: Student, candidate: Candidate) -> Network:
    images = fresh_images(student)
    strict = pass_images(student, candidate, images, lenient=False)
    method = meant_forward(candidate.source) if strict.error_type == "NotImplementedError" else ""
    if method and not candidate.method:
        return _probe(student, _called_by_method(student, candidate, method))
    mended = strict
    if not strict.whole and candidate.obj is None:
        mended = pass_images(student, candidate, images, lenient=True)
    elif not strict.whole:
        # the real network must keep its sizes: a copy is mended
        copied = expr.call(expr.importing("copy.deepcopy"), [candidate.target])
        mended = pass_images(student, replace(candidate, target=copied), images, lenient=True)
    seen = max((strict, mended), key=lambda passage: len(passage.layers)).layers
    if mended.shape is not None or strict.shape is not None or any(layer.kind == "linear" for layer in seen):
        return Network(candidate, strict, mended, _declared(seen, mended))
    written = layers_of_source(candidate.tree, candidate.source) if candidate.tree else []
    if len(written) > len(seen):
        return Network(candidate, strict, mended, tuple(written), by_source=True)
    return Network(candidate, strict, mended, seen)


def _called_by_method(student: Student, candidate: Candidate, method: str) -> Candidate:
    """A network without a ``forward``, by the method in its place: a slip unless the notebook calls it itself."""
    slip = f"{candidate.title} has no `forward`, but `{method}`"
    deliberate = any(calls(cell.tree, method) for cell in student.find(objects).cells)
    return replace(candidate, method=method, slip=candidate.slip or ("" if deliberate else slip))


def _declared(layers: Sequence[Layer], mended: Passage) -> tuple[Layer, ...]:
    """The layers with the sizes that the student gave them, where they were made to fit."""
    waiting = list(mended.resized)
    declared = []
    for layer in layers:
        match = next((one for one in waiting if layer.kind == "linear" and layer.weight == (one[2], one[1])), None)
        if match is not None:
            waiting.remove(match)
            declared.append(
                Layer("linear", layer.name, (match[2], match[0]), shape_in=layer.shape_in, shape_out=layer.shape_out)
            )
        else:
            declared.append(layer)
    return tuple(declared)
