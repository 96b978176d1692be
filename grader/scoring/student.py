"""What a rubric sees of a student: the executed notebook, the typed answers and a kernel to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import numpy as np

from grader.errors import KernelUnavailableError
from grader.notebook import ExecutedNotebook
from grader.probe.types import Answer, Kernel, Request
from grader.scoring.outcome import Outcome, OutcomeKind

T = TypeVar("T")


class Assets(Protocol):
    """The data that the sandbox offered, as the host sees it."""

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """An array of the data, e.g. ``picture`` (H, W, 3) uint8."""
        ...

    def path(self, name: str) -> str:
        """Where a file of the data lies on the host, e.g. ``names`` or ``resnet18``."""
        ...


@dataclass
class Student:
    """One student's work on one assignment.

    Attributes:
        name: Folder name of the student.
        notebook: The executed notebook.
        kernel: Live or recorded.
        answers: Question id → text, or list of true/false marks, of all assignments.
        assets: The data that the notebook worked on.
        seed: Seed for the inputs of probes.
        outcomes: Outcomes of the criteria graded so far, by id; filled by the pipeline.
    """

    name: str
    notebook: ExecutedNotebook
    kernel: Kernel
    answers: Mapping[str, Any]
    assets: Assets
    seed: int = 0
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    _found: dict[Any, Any] = field(default_factory=dict, repr=False)

    def find(self, discover: Callable[[Student], T]) -> T:
        """The result of ``discover(self)``, computed once a student (also when it is None)."""
        if discover not in self._found:
            self._found[discover] = discover(self)
        return cast(T, self._found[discover])

    def ask(self, request: Request) -> Answer:
        """Asks the kernel; an answer that failed as a whole is returned with its ``error`` set."""
        return self.kernel.ask(request)

    def alive(self) -> bool:
        """Whether the kernel can still answer."""
        try:
            return self.kernel.ask(Request("evaluate", {"steps": []}, timeout_s=30)).error is None
        except KernelUnavailableError:
            return False

    def lost(self, criterion: str) -> bool:
        """Whether an earlier criterion was not, or not wholly, met."""
        outcome = self.outcomes.get(criterion)
        return outcome is not None and outcome.kind in {OutcomeKind.NOT_MET, OutcomeKind.PARTIAL}

    def rng(self, salt: str) -> np.random.Generator:
        """A generator for probe inputs: the same for the same seed and purpose."""
        return np.random.default_rng([self.seed, *salt.encode()])
