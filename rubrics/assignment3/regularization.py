"""Whether a network, its data or its training is regularized."""

from __future__ import annotations

import ast
import contextlib
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.types import Request
from grader.probe.value import step_values
from grader.scoring import Outcome, Student, met, not_met
from grader.scoring.parsing import parse
from rubrics.assignment3.objects import Objects, objects, roles
from rubrics.assignment3.probing import Network
from rubrics.assignment3.runs import find_training
from rubrics.losses import close
from rubrics.source import calls, constant, keyword
from rubrics.trace import Trace, whole_trace

_AUGMENTATIONS = re.compile(
    r"Random\w+|ColorJitter|AutoAugment|RandAugment|TrivialAugment\w*|AugMix|GaussianBlur|GaussianNoise|ElasticTransform"
)
_DROPOUTS = ("dropout", "dropout1d", "dropout2d", "alpha_dropout", "feature_alpha_dropout")
DRAWS = 4


def regularization(student: Student, network: Network) -> Outcome:
    """At least one technique: dropout, normalization, weight decay, augmentation, or a penalty."""
    criterion = "3d.regularization"
    found = student.find(objects)
    techniques = [*_in_network(network), *_in_training(found, network), *_in_loss(student.find(whole_trace), found)]
    techniques += _by_arguments(found)
    if not techniques:
        techniques = [*_own_decay(student, found), *_augmentation(student, found)]
    if not techniques and not student.find(whole_trace).of("backward"):
        run = student.find(find_training).run  # what the notebook could not train, run again
        techniques = list(_in_loss(run.trace, found)) if run is not None else []
    if techniques:
        return met(criterion, f"Found: {', '.join(dict.fromkeys(techniques))}.")
    unused = sorted(
        {
            str(part.get("type"))
            for part in network.candidate.tree
            if str(part.get("type")).startswith(("Dropout", "BatchNorm"))
        }
    )
    if unused:
        return not_met(criterion, f"{', '.join(unused)} is made but takes no part in the forward pass.")
    return not_met(criterion, "No dropout, batch normalization, weight decay or augmentation was found.")


def _in_network(network: Network) -> Iterator[str]:
    probabilities = [
        (part.get("config") or {}).get("p") for part in network.candidate.tree if "Dropout" in str(part.get("type"))
    ]
    if network.of("norm"):
        yield "normalization layers"
    if network.of("dropout") and (not probabilities or any(probabilities)):
        yield "dropout"
    whole = network.strict.shape is not None or network.mended.shape is not None or network.by_source
    if not whole and any(probabilities):
        yield "dropout (in a network that fails before it)"
    elif not whole and any(str(part.get("type")).startswith("BatchNorm") for part in network.candidate.tree):
        yield "batch normalization (in a network that fails before it)"


def _by_arguments(found: Objects) -> Iterator[str]:
    """Dropout in a plain function that is told by its arguments to drop, as while training only."""
    for function in found.entries("functions"):
        with contextlib.suppress(SyntaxError, ValueError):
            tree = parse(textwrap.dedent(str(function.get("source"))))
            for call in calls(tree, *_DROPOUTS) if not function.get("is_method") else ():
                rate, training = _rate_and_mode(call)
                given = [record.get("args") or {} for record in function.get("calls") or ()]
                if any(_is_on(rate, one) and _is_on(training, one) for one in given):
                    yield "dropout"


def _rate_and_mode(call: ast.Call) -> tuple[ast.expr | None, ast.expr | None]:
    """What a call of a dropout function gives for ``p`` and ``training``, None for what it leaves out."""
    rate = call.args[1] if len(call.args) > 1 else keyword(call, "p")
    return rate, call.args[2] if len(call.args) > 2 else keyword(call, "training")


def always_drops(class_source: str) -> bool:
    """Whether a network's class calls dropout as a function without telling it the mode, so that it is always on."""
    try:
        tree = parse(textwrap.dedent(class_source))
    except (SyntaxError, ValueError):
        return False
    for call in calls(tree, *_DROPOUTS):
        holder = call.func.value if isinstance(call.func, ast.Attribute) else None
        part = isinstance(holder, ast.Name) and holder.id == "self"
        _, training = _rate_and_mode(call)
        if not part and (training is None or (isinstance(training, ast.Constant) and training.value is True)):
            return True
    return False


def _is_on(node: ast.expr | None, given: Mapping[str, Any]) -> bool:
    """Whether an argument is positive or true: what is left out, or computed from other arguments, is."""
    if isinstance(node, ast.Name) and node.id in given:
        return bool((given[node.id] or {}).get("value"))
    return node is None or not isinstance(node, ast.Constant) or bool(node.value)


def _in_training(found: Objects, network: Network) -> Iterator[str]:
    for entry in found.entries("optimizers"):
        owners = {part.get("module") for part in entry.get("parameters") or ()}
        if network.candidate.obj is not None and owners and network.candidate.obj not in owners:
            continue
        decays = [float(group.get("weight_decay") or 0) for group in entry.get("groups") or ()]
        if any(decay > 0 for decay in decays):
            yield f"weight decay of {max(decays):g}"
    if found.entries("optimizers"):
        return
    for cell in found.cells:
        for call in calls(cell.tree, "Adam", "SGD", "AdamW", "RMSprop", "NAdam", "RAdam", "Adagrad"):
            decay = constant(keyword(call, "weight_decay"))
            if isinstance(decay, (int, float)) and decay > 0:
                yield f"weight decay of {decay:g}"


def _own_decay(student: Student, found: Objects) -> Iterator[str]:
    """An optimizer of the notebook's own that shrinks weights whose gradient is 0."""
    kinds = {str(kind.get("name")): kind.get("obj") for kind in found.entries("classes")}
    used = {str(entry.get("type")) for entry in found.entries("optimizers")}
    ones = expr.call(expr.importing("torch.ones"), [expr.value(3)])
    numbers = [number for name in sorted(used & kinds.keys()) if isinstance(number := kinds[name], int)]
    for number in numbers:
        zeros = expr.call(expr.importing("torch.zeros"), [expr.value(3)])
        given = [expr.slot("weight"), expr.value("grad"), zeros]
        steps = [
            {"slot": "weight", "expr": expr.call(expr.importing("torch.nn.Parameter"), [ones])},
            {"slot": "grad", "expr": expr.call(expr.importing("builtins.setattr"), given)},
            {"slot": "made", "expr": expr.call(expr.obj(number), [expr.sequence("list", [expr.slot("weight")])])},
            {"slot": "stepped", "expr": expr.call(expr.attr(expr.slot("made"), "step"))},
            {"slot": "after", "expr": expr.attr(expr.slot("weight"), "data")},
        ]
        value = step_values(student.ask(Request("evaluate", {"steps": steps}))).get("after")
        after = value.array() if value is not None else None
        if after is not None and 0 <= float(after.min()) <= float(after.max()) < 1:
            yield "weight decay in an optimizer of your own"


def _in_loss(trace: Trace, found: Objects) -> Iterator[str]:
    """A penalty makes what is back-propagated larger than the loss."""
    losses = {event.serial: event for event in trace.of("loss")}
    larger = total = 0
    for event in trace.of("backward"):
        loss = losses.get(event.get("loss") or -1)
        value, plain = event.number("value"), loss.number("value") if loss is not None else None
        if value is not None and plain is not None:
            total += 1
            larger += value > plain and not close(value, plain, 1e-4)
    if total and larger > 0.9 * total and any(calls(c.tree, "norm", "sum", "pow", "abs") for c in found.cells):
        yield "a penalty added to the loss"
    for cell in found.cells:
        for call in calls(cell.tree, "CrossEntropyLoss", "cross_entropy"):
            smoothing = constant(keyword(call, "label_smoothing"))
            if isinstance(smoothing, (int, float)) and smoothing > 0:
                yield "label smoothing"


def _augmentation(student: Student, found: Objects) -> Iterator[str]:
    """Random transforms of the training set, by their names or because an item differs from time to time."""
    train = [dataset for dataset in found.of_split("train") if dataset.obj]
    named = sorted({match for dataset in train for match in _AUGMENTATIONS.findall(dataset.transform)})
    if named:
        yield f"augmentation ({', '.join(named)})"
        return
    loader = student.find(roles).train
    chosen = loader.dataset if loader is not None and loader.dataset is not None else (train[0] if train else None)
    if chosen is None:
        return
    item = expr.item(expr.obj(chosen.obj), expr.value(0))
    steps = [{"slot": f"draw{at}", "expr": item, "seed": at} for at in range(DRAWS)]
    values = step_values(student.ask(Request("evaluate", {"steps": steps})))
    images = [arrays[0] for value in values.values() if value is not None and (arrays := value.arrays())]
    if len(images) == DRAWS and any(
        image.shape != images[0].shape or not np.array_equal(image, images[0]) for image in images[1:]
    ):
        yield "augmentation (items differ from time to time)"
