"""Progress of a run: a live display in a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from grader.pipeline import Graded


class Lines:
    """A line a student, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._count = self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put back."""

    def begin(self, students: Sequence[str], sandbox: str) -> None:
        """The run begins."""
        self._total = len(students)
        self.console.print(_headline(students, sandbox), markup=False, soft_wrap=True)

    def doing(self, student: str, what: str) -> None:
        """Not shown: logs should stay short."""

    def done(self, student: str, graded: Graded | None) -> None:
        """A student is graded, or could not be."""
        with self._lock:
            self._count += 1
            spent = time.monotonic() - self._began
            left = spent / self._count * (self._total - self._count)
            verdict = "could not be graded" if graded is None else _verdict(graded)
            line = f"[{self._count}/{self._total}] {plain(student)}: {verdict}; about {left:.0f} s left"
            self.console.print(line, markup=False, soft_wrap=True)


class Live:
    """A bar over the class and a line for what runs."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._bar: TaskID | None = None
        self._running: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, students: Sequence[str], sandbox: str) -> None:
        """The run begins."""
        self.console.print(_headline(students, sandbox), markup=False, soft_wrap=True)
        self._bar = self._progress.add_task("students", total=len(students))

    def doing(self, student: str, what: str) -> None:
        """A student's submission has come to this point."""
        with self._lock:
            text = f"  {plain(student)[:30]}: {what}".replace("[", "\\[")
            if student not in self._running:
                self._running[student] = self._progress.add_task(text, total=None)
            self._progress.update(self._running[student], description=text)

    def done(self, student: str, graded: Graded | None) -> None:
        """A student is graded, or could not be."""
        with self._lock:
            if student in self._running:
                self._progress.remove_task(self._running.pop(student))
            if self._bar is not None:
                self._progress.advance(self._bar)
            if graded is not None:
                self.console.print(f"{plain(student)}: {_verdict(graded)}", markup=False, soft_wrap=True)


def _headline(students: Sequence[str], sandbox: str) -> str:
    isolation = " (no isolation: the notebooks run as you)" if sandbox == "local" else ""
    return f"Grading {len(students)} students in sandbox {sandbox}{isolation}"


def _verdict(graded: Graded) -> str:
    result = graded.result
    return f"{result.points:g} of {result.max_points:g} points ({result.status}, {result.duration_s:.0f} s)"


def plain(text: str) -> str:
    """A text from elsewhere without what a terminal would act on."""
    return "".join(char if char.isprintable() else "�" for char in text)
