"""Runs cells in a forked process with the kernel side on: a notebook without Jupyter, for fast rubric tests.

A fork server imports torch once; each notebook is a fork of it. Sandboxes are tested elsewhere.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from grader.data import AssetStore, PreparedAssets
from grader.errors import KernelUnavailableError
from grader.intake.fstrings import portable
from grader.notebook import Cell, ExecutedNotebook
from grader.probe.types import Answer, Request
from grader.scoring import Outcome, Student
from tests.support.images import fewer_images

PRELOAD = ["torch", "torchvision", "tests.support.child"]
PATIENCE = 4
"""How many times as long as in a sandbox an answer may take: tests share their machine."""


@functools.cache
def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


class ForkedKernel:
    """A kernel in a forked process."""

    def __init__(self, process: Any, connection: Connection, folder: str) -> None:
        self._process, self._connection, self._folder = process, connection, folder
        self._answers: dict[str, Answer] = {}
        atexit.register(self.close)

    def ask(self, request: Request) -> Answer:
        """Answers like a live kernel; equal requests are answered from memory, as from a journal."""
        if request.key in self._answers and request.verb != "trace":
            return self._answers[request.key]
        try:
            self._connection.send((request.verb, dict(request.params), dict(request.tensors)))
            if not self._connection.poll(PATIENCE * request.timeout_s):
                self.close()
                return Answer(error={"kind": "timeout", "message": f"no answer within {request.timeout_s} s"})
            data, tensors, error = self._connection.recv()
        except (EOFError, OSError) as fault:
            raise KernelUnavailableError("the forked kernel is gone") from fault
        answer = Answer(data, tensors, error)
        self._answers[request.key] = answer
        return answer

    def close(self) -> None:
        """Ends the process and removes its folder."""
        self._process.kill()
        self._process.join()
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.close)


@functools.cache
def _store() -> AssetStore:
    return AssetStore()


@functools.cache
def _prepared(names: tuple[str, ...], images: tuple[int, int] | None = None) -> PreparedAssets:
    whole = _store().prepare(names)
    return whole if images is None else replace(whole, folder=fewer_images(whole.folder, images))


def run_cells(
    cells: Sequence[str],
    *,
    assignment: str = "1",
    answers: Mapping[str, Any] | None = None,
    seed: int = 0,
    timeout_s: float = 300,
    budget_s: float | None = None,
    images: tuple[int, int] | None = None,
    cell_limit_s: float | None = None,
    on_gpu: bool = False,
) -> Student:
    """Executes the cells (code; a text starting with ``#md`` is a markdown cell) and returns the student.

    ``budget_s`` is the time in a cell after which training is cut short; ``images`` says how many house numbers there
    are for training and for testing, where a notebook need not take as long as a student's. A cell that runs longer
    than ``cell_limit_s`` is interrupted, and those behind it run. ``on_gpu`` lets them use this machine's GPU, if any.
    """
    cells = [cell if cell.startswith("#md") else portable(cell) for cell in cells]  # as the intake does
    here, there = multiprocessing.Pipe()
    folder = tempfile.mkdtemp(prefix="grader-test-")
    assets = _prepared(_store().names_for(assignment, cells), images)
    limits = {"budget_s": budget_s, "cell_limit_s": cell_limit_s}
    config = {"assets": str(assets.folder), "redirect_cuda": not on_gpu, "seed": seed, "folder": folder, **limits}
    child = importlib.import_module("tests.support.child")
    process = _context().Process(target=child.main, args=(there, list(cells), config), daemon=True)
    process.start()
    there.close()
    kernel = ForkedKernel(process, here, folder)
    if not here.poll(timeout_s):
        kernel.close()
        message = f"the cells did not end within {timeout_s} s"
        raise TimeoutError(message)
    try:
        executed = [Cell(**cell) for cell in here.recv()]
    except EOFError as fault:
        raise KernelUnavailableError("the forked kernel died while it ran the cells") from fault
    notebook = ExecutedNotebook(f"assignment{assignment}.ipynb", tuple(executed))
    return Student("test", notebook, kernel, dict(answers or {}), assets, seed)


def grade(student: Student, question: str) -> list[Outcome]:
    """The outcomes of a question; also noted in ``student.outcomes`` for later questions."""
    rubric = importlib.import_module(f"rubrics.assignment{question[0]}").rubric
    outcomes = list(rubric.questions[question](student))
    student.outcomes.update({outcome.criterion: outcome for outcome in outcomes})
    return outcomes


def close(student: Student) -> None:
    """Ends the student's kernel."""
    student.kernel.close()  # type: ignore[attr-defined]


os.environ.setdefault("OMP_NUM_THREADS", "1")
