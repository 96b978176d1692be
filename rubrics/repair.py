"""Runs cells again with an earlier fault repaired, so that what follows it can still be judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.probe import expr
from grader.probe.expr import Expr
from grader.probe.types import Answer, Array, Request
from grader.scoring import Student
from rubrics.trace import EMPTY, Trace, read_trace

Define = Callable[[str], Expr | None]
"""What to put in place of a missing name, or None."""

_USUAL_NAMES: dict[str, Expr] = {
    "torch": expr.importing("torch"),
    "nn": expr.importing("torch.nn"),
    "F": expr.importing("torch.nn.functional"),
    "optim": expr.importing("torch.optim"),
    "np": expr.importing("numpy"),
    "numpy": expr.importing("numpy"),
    "pd": expr.importing("pandas"),
    "plt": expr.importing("matplotlib.pyplot"),
    "time": expr.importing("time"),
    "tqdm": expr.importing("tqdm.auto.tqdm"),
    "math": expr.importing("math"),
    "random": expr.importing("random"),
    "torchvision": expr.importing("torchvision"),
    "transforms": expr.importing("torchvision.transforms"),
    "DataLoader": expr.importing("torch.utils.data.DataLoader"),
    "Dataset": expr.importing("torch.utils.data.Dataset"),
    "device": expr.call(expr.importing("torch.device"), [expr.value("cpu")]),
}

_MISSING = re.compile(r"name '(\w+)' is not defined|local variable '(\w+)'")


@dataclass(frozen=True)
class Rerun:
    """What a rerun showed.

    Attributes:
        trace: The recorder's events of the rerun alone.
        errors: The faults that ended its sources, as described errors.
        resized: Linear layers that were made to fit.
        names: Described values of the names that were bound.
        answer: The kernel's answer, to read described values with.
        defined: Names that had to be put in place.
        stopped: Whether the budget ended it.
    """

    trace: Trace
    errors: tuple[Mapping[str, Any], ...] = ()
    resized: tuple[Mapping[str, Any], ...] = ()
    names: Mapping[str, Any] = field(default_factory=dict)
    answer: Answer = field(default_factory=Answer)
    defined: tuple[str, ...] = ()
    stopped: bool = False


@dataclass(frozen=True)
class Plan:
    """How to run cells again.

    Attributes:
        sources: Texts of the cells.
        names: Names to put in place before.
        keep: Names among these that the sources must not bind anew.
        lenient: Whether linear layers are made to fit.
        budget_s: CPU time for the whole rerun; on the clock it may last four times as long.
        max_steps: Limit of forwards and steps, or None.
        tensors: Arrays that the names' expressions refer to.
        float_images: Whether images that are no float tensors are converted on their way out of loaders.
    """

    sources: Sequence[str]
    names: Mapping[str, Expr] = field(default_factory=dict)
    keep: Sequence[str] = ()
    lenient: bool = True
    budget_s: float = 60.0
    max_steps: int | None = None
    tensors: Mapping[str, Array] = field(default_factory=dict)
    float_images: bool = False


def rerun(student: Student, plan: Plan, define: Define | None = None, attempts: int = 6) -> Rerun:
    """Runs cells again and puts missing names in place, one an attempt.

    Args:
        student: Whose kernel is asked.
        plan: What to run.
        define: Asked for each missing name before the usual ones (``nn``, ``device``, …).
        attempts: How many times the sources are run at most.

    Returns:
        The last attempt.

    Raises:
        KernelUnavailableError: The kernel cannot be asked.
    """
    names: dict[str, Expr] = dict(plan.names)
    defined: list[str] = []
    result = Rerun(EMPTY)
    for _ in range(attempts):
        result = _once(student, plan, names, tuple(defined))
        missing = next((name for name in map(_missing_name, result.errors) if name and name not in names), None)
        if missing is None:
            break
        replacement = define(missing) if define is not None else None
        replacement = replacement or _USUAL_NAMES.get(missing)
        if replacement is None:
            break
        names[missing] = replacement
        defined.append(missing)
    return result


def _missing_name(error: Mapping[str, Any]) -> str | None:
    if error.get("type") not in {"NameError", "UnboundLocalError"}:
        return None
    found = _MISSING.search(str(error.get("message", "")))
    return next((group for group in found.groups() if group), None) if found else None


def _once(student: Student, plan: Plan, names: Mapping[str, Expr], defined: tuple[str, ...]) -> Rerun:
    params: dict[str, Any] = {
        "sources": list(plan.sources),
        "names": dict(names),
        "keep": sorted({*plan.keep}),
        "lenient": plan.lenient,
        "budget_s": plan.budget_s,
        "max_steps": plan.max_steps,
        "seed": student.seed,
        **({"float_images": True} if plan.float_images else {}),
    }
    answer = student.ask(Request("rerun", params, plan.tensors, timeout_s=4 * plan.budget_s + 60))
    data = answer.data
    if answer.error is not None or "since" not in data:
        return Rerun(EMPTY, answer=answer, defined=defined)
    results = [one for one in data.get("results", ()) if isinstance(one, Mapping)]
    errors = tuple(one["error"] for one in results if isinstance(one.get("error"), Mapping))
    bound = data.get("names")
    return Rerun(
        trace=read_trace(student, int(data["since"]), int(data["until"]) + 1 if "until" in data else None),
        errors=errors,
        resized=tuple(one for one in data.get("resized", ()) if isinstance(one, Mapping)),
        names=bound if isinstance(bound, Mapping) else {},
        answer=answer,
        defined=defined,
        stopped=bool(data.get("stopped")),
    )
