"""Which parameters the optimizers of a notebook hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grader.scoring import Student
from rubrics.assignment3.objects import objects
from rubrics.assignment3.probing import find_network


def holding(student: Student) -> list[Mapping[str, Any]]:
    """The optimizers that hold parameters of the student's network."""
    network = student.find(find_network)
    obj = network.candidate.obj if network is not None else None
    entries = student.find(objects).entries("optimizers")
    return [entry for entry in entries if any(part.get("module") == obj for part in entry.get("parameters") or ())]


def left_out(student: Student, network: int | None, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Trainable parameters of a network that none of some optimizers holds."""
    modules = student.find(objects).entries("modules")
    module = next((entry for entry in modules if entry.get("obj") == network), None)
    if module is None:
        return []
    parts = [part for entry in entries for part in entry.get("parameters") or ()]
    held = {str(part.get("name")) for part in parts if part.get("module") == network}
    wanted = [str(part.get("name")) for part in module.get("parameters") or () if part.get("requires_grad")]
    lacking = [name for name in wanted if name not in held] if held else []
    # layers that were called by themselves, to find a size, own their parameters
    layers = {entry.get("obj") for entry in modules if network in (entry.get("parents") or ())}
    return lacking if sum(part.get("module") in layers for part in parts) < len(lacking) else []
