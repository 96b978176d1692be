"""Which parameters the optimizers of a notebook hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grader.scoring import Student
from rubrics import optimizers
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
    return optimizers.left_out(student.find(objects).entries("modules"), network, entries)
