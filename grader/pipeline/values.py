"""What the steps of the pipeline hand to each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nbformat import NotebookNode

from grader.course import Course
from grader.data import PreparedAssets
from grader.exhibits import Exhibit
from grader.journal import JournalStore
from grader.notebook import ExecutedNotebook
from grader.policies import Extensions
from grader.probe.types import Kernel
from grader.results import StudentResult
from grader.scoring import Outcome, Rubric

Report = Callable[[str], None]
"""Told what is being done now, in a few words."""


class Opened(Protocol):
    """A notebook that has run, with its kernel still there."""

    @property
    def executed(self) -> ExecutedNotebook:
        """What the execution showed."""
        ...

    @property
    def kernel(self) -> Kernel:
        """The kernel, to be asked."""
        ...


class Opener(Protocol):
    """Runs a notebook in a sandbox; the kernel lives as long as the context."""

    def __call__(self, order: Order) -> AbstractContextManager[Opened]:
        """Opens a notebook."""
        ...


@dataclass(frozen=True)
class Order:
    """An order to run a notebook.

    Attributes:
        notebook: What to run.
        name: File name as uploaded.
        files: Relative path → uploaded file, for the working folder.
        assets: The data that it gets.
        seed: Seed of the notebook and its probes.
        on_cell: Called with index and count as cells begin.
    """

    notebook: NotebookNode
    name: str
    files: Mapping[str, Path]
    assets: PreparedAssets
    seed: int
    on_cell: Callable[[int, int], None]


@dataclass(frozen=True)
class Decided:
    """What was decided of a question, before points and comments.

    Attributes:
        outcomes: One a criterion; empty when the question is open as a whole.
        open: Why a person decides the question as a whole, or ``""``.
        exhibits: What the report shows beside words.
        fault: A fault of ours that left it open, a line for the staff, or ``""``; such a decision is not kept.
    """

    outcomes: tuple[Outcome, ...] = ()
    open: str = ""
    exhibits: tuple[Exhibit, ...] = ()
    fault: str = ""


class Decisions(Protocol):
    """Remembers decisions, so that only what changed is scored again."""

    def known(self, journal: str, digests: Mapping[str, str]) -> Mapping[str, Decided]:
        """Decisions made for a journal by the same code.

        Args:
            journal: Key of the journal.
            digests: Question id → hash of all else that a decision depends on.
        """
        ...

    def latest(self, journal: str, questions: Iterable[str]) -> Mapping[str, Decided]:
        """The last decisions made for a journal, by whatever code."""
        ...

    def keep(self, journal: str, digests: Mapping[str, str], decided: Mapping[str, Decided]) -> None:
        """Remembers decisions."""
        ...


@dataclass(frozen=True)
class Archive:
    """What a run finds of earlier ones, and leaves for later ones.

    Attributes:
        journals: Executions.
        decisions: Scores of journals.
        environment: What notebooks run in; part of a journal's key.
        limits: What notebooks may use; an execution that hit one is no answer for others.
        rubrics: Question id → hash of the code that decides.
        fresh: Execute again what has a journal.
    """

    journals: JournalStore
    decisions: Decisions
    environment: Mapping[str, str]
    limits: Mapping[str, Any]
    rubrics: Mapping[str, str]
    fresh: bool = False


@dataclass(frozen=True)
class Bench:
    """What all submissions of a run share.

    Attributes:
        course: The course pack.
        rubrics: Assignment id → rubric.
        prepare: Lays out the data for a notebook, given the assignment's id and the sources of its cells.
        open_notebook: Executes; None where nothing may be executed.
        sandbox: Name of the sandbox, for the report.
        seed: Seed of the run.
        stop: Set when the run is to end.
        archive: Earlier runs, or None: then everything is executed and nothing kept.
        extensions: Student → a deadline of their own.
    """

    course: Course
    rubrics: Mapping[str, Rubric]
    prepare: Callable[[str, Sequence[str]], PreparedAssets]
    open_notebook: Opener | None
    sandbox: str
    seed: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    archive: Archive | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass
class Timing:
    """Where the time of a submission went, in seconds of wall-clock.

    Attributes:
        cells_s: In the notebooks' own cells.
        startup_s: Until kernels were ready.
        total_s: Altogether.
        replayed: Notebooks that were scored from their journals.
    """

    cells_s: float = 0.0
    startup_s: float = 0.0
    total_s: float = 0.0
    replayed: int = 0


@dataclass
class Graded:
    """A student's result with what staff should know of its making.

    Attributes:
        result: The result.
        timing: Where the time went.
        faults: Faults of ours: rubric bugs and infrastructure, a line each, with a traceback in the log.
        journals: Assignment id → key of the journal of its notebook.
        needs_kernel: Questions that no journal answers, where nothing may be executed; they keep their last decision.
        unchanged: Whether the result of an earlier run still holds, so that nothing was computed.
    """

    result: StudentResult
    timing: Timing
    faults: list[str] = field(default_factory=list)
    journals: dict[str, str] = field(default_factory=dict)
    needs_kernel: list[str] = field(default_factory=list)
    unchanged: bool = False
