"""Question 1c where the notebook's own run does not show everything: fresh images through what it defines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.types import Answer, Array, Request
from grader.probe.value import Value, steps
from grader.scoring import Student
from reference.assignment1 import Elements
from rubrics.assignment1.cores import StudentNetwork, find_cores, rebuild
from rubrics.assignment1.evidence import Evidence, entries, gather, whole
from rubrics.assignment1.held import reach
from rubrics.assignment1.network import Delivered, inside_variants, matches, plain

MAX_TARGETS = 10


@dataclass(frozen=True)
class Target:
    """Something that may turn images into logits and features.

    Attributes:
        title: For the report.
        calls: Expressions to try, the first that runs counts.
        module: Number of the module to put into evaluation mode.
        used: Whether the notebook itself used it on images.
        own: Whether it is the student's own construction and not a plain ResNet.
    """

    title: str
    calls: tuple[expr.Expr, ...]
    module: int
    used: bool
    own: bool


def probe_network(student: Student, found: Delivered) -> Delivered:
    """Completes what the run showed by probing with fresh images."""
    network = student.find(rebuild)
    if network is None:
        return found
    images = student.rng("1c").random((2, 3, 224, 224)).astype(np.float32)
    expected = [network.run(variant, training=False) for _, variant in list(inside_variants(images))[:3]]
    ran = bool(found.logits or found.features)
    targets = [target for target in _targets(student, network) if target.used or not ran or not found.features]
    results = [
        (target, *_probe(student, at, target, images, expected)) for at, target in enumerate(targets[:MAX_TARGETS])
    ]
    adapted = [(target, logits) for target, logits, features in results if features]
    if not found.features and adapted:
        found.features.append(f"a probe of {adapted[0][0].title} with two random images")
        found.probed = True
    if not found.logits and _delivers_logits(student, found, results, adapted, expected[0], ran=ran):
        found.logits.append("a probe with two random images")
        found.probed = True
    return found


def _delivers_logits(
    student: Student,
    found: Delivered,
    results: list[tuple[Target, bool, bool]],
    adapted: list[tuple[Target, bool]],
    expected: Elements,
    *,
    ran: bool,
) -> bool:
    if any(logits for _, logits in adapted) or any(logits and target.used for target, logits, _ in results):
        return True
    if not found.features and not adapted:
        return any(logits for _, logits, _ in results)
    if _head(student, expected):
        return True
    # Nothing was run: a plain network beside the one for the features still delivers the logits.
    return not ran and any(logits for _, logits, _ in results)


def _targets(student: Student, network: StudentNetwork) -> Iterator[Target]:
    evidence = student.find(gather)
    images = expr.tensor("images")
    cores = student.find(find_cores)
    for core in cores:
        entry = evidence.modules[core.module]
        own = bool(entry.get("own_class")) or not core.has_fc or str(entry.get("type")) != "ResNet"
        name = next(iter(entry.get("names") or []), str(entry.get("type")))
        yield Target(f"`{name}`", (expr.call(expr.obj(core.module), [images]),), core.module, core.called, own)
    module = expr.obj(network.core.module)
    for function in evidence.functions:
        number = whole(function.get("obj"))
        required = [
            part
            for part in entries(function, "params")
            if part.get("default") is None and part.get("kind") in ("positional", "keyword")
        ]
        if number is None or function.get("is_method") or not 1 <= len(required) <= 2:
            continue
        orders = [[images]] if len(required) == 1 else [[module, images], [images, module]]
        used = any(
            call.function is not None and plain(call.function) == plain(str(function.get("name")))
            for call in evidence.calls
        )
        calls = tuple(expr.call(expr.obj(number), order) for order in orders)
        yield Target(f"`{function.get('name')}`", calls, network.core.module, used, True)
    yield from _instances(evidence, images, network)


def _instances(evidence: Evidence, images: expr.Expr, network: StudentNetwork) -> Iterator[Target]:
    """Callable objects of the notebook's own classes that are no modules."""
    for entry in entries(evidence.data, "classes"):
        methods = entry.get("methods")
        bases = [str(base) for base in entry.get("bases") or []]
        if not isinstance(methods, dict) or any(base.startswith("torch.nn.modules") for base in bases):
            continue
        for number in [n for n in entry.get("instances") or [] if whole(n) is not None][:2]:
            for name in [n for n in methods if n in ("__call__", "forward", "run", "extract", "predict")]:
                call = expr.call(expr.attr(expr.obj(number), name), [images])
                yield Target(f"`{entry.get('name')}.{name}`", (call,), network.core.module, False, True)


def _probe(student: Student, at: int, target: Target, images: Array, expected: list[Elements]) -> tuple[bool, bool]:
    """Whether logits and features come back, or are saved."""
    for attempt, call in enumerate(target.calls):
        for lenient in (False, True):
            step: dict[str, Any] = {
                "slot": f"probe{at}.{attempt}",
                "expr": call,
                "mode": [expr.obj(target.module), "eval"],
            }
            if lenient:
                step["lenient"] = True
            answer = student.ask(Request("evaluate", {"steps": [step]}, {"images": images}, timeout_s=120))
            result = next(iter(steps(answer)), {})
            fits = (result.get("error") or {}).get("type") == "RuntimeError" and "shapes" in str(
                (result.get("error") or {}).get("message")
            )
            if result.get("ok"):
                return _found(
                    student, f"after probe {at}.{attempt}.{lenient}", answer, result, expected, lenient=lenient
                )
            if not fits:
                break
    return False, False


def _found(
    student: Student, salt: str, answer: Answer, result: Any, expected: list[Elements], *, lenient: bool
) -> tuple[bool, bool]:
    returned = Value(result.get("value"), answer).arrays()
    saved = [seen.array for seen in reach(student, salt)]
    for elements in expected:
        features = any(matches(array, elements.features) for array in (*returned, *saved))
        logits = any(matches(array, elements.logits) for array in returned) and not lenient
        if features or logits:
            return logits, features
    return False, False


def _head(student: Student, expected: Elements) -> bool:
    """Whether a module that stands for itself, and is no part of another one, turns the feature map into the logits."""
    evidence = student.find(gather)
    cores = {core.module for core in student.find(find_cores)}
    inputs = {"features": expected.features.numpy(), "pooled": expected.features.mean(dim=(2, 3)).numpy()}
    targets = [
        number
        for number, entry in evidence.modules.items()
        if number not in cores and len(entries(entry, "parameters")) in (1, 2) and not entry.get("parents")
    ]
    plan = [
        {
            "slot": f"head{number}.{name}",
            "expr": expr.call(expr.obj(number), [expr.tensor(name)]),
            "mode": [expr.obj(number), "eval"],
        }
        for number in targets[:6]
        for name in inputs
    ]
    if not plan:
        return False
    answer = student.ask(Request("evaluate", {"steps": plan}, inputs, timeout_s=60))
    return any(
        matches(array, expected.logits) for step in steps(answer) for array in Value(step.get("value"), answer).arrays()
    )
