"""How much the recorder and the instrumentation add to the time of the notebooks' own cells.

Usage: ``python -m tests.bench_recorder [--rounds N] [--names N] [--write]``. In each round the reference solution runs
in two forks of one process, one with the recorder and one without it; data and device requests are provided in both.
The forks compute by turns, a few batches each, so that what else the machine does hits both alike. Compared is their
CPU time: in assignment 1, which trains nothing, that of all cells behind the imports; in the others that of the cell
that trains. The first calls of everything are recorded in more detail than later ones, and weigh most in a short
training; so assignment 2 also trains on many more names than the stand-in has.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import io
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import torch
from torch.utils.data.dataloader import _SingleProcessDataLoaderIter

from grader.data import AssetStore
from grader.probe import kernel_side
from grader.probe.kernel_side.provide import install as provide
from grader.probe.kernel_side.steps import seed_all
from reference.standins import names
from tests.fidelity.__main__ import PAGE
from tests.support.pages import put

SOLUTIONS = PAGE.parents[1] / "reference" / "solutions"
BATCHES_A_TURN = 10
BUDGET_S = 300.0
NAMES_A_PART = 2_000


@dataclass(frozen=True)
class Work:
    """What is measured.

    Attributes:
        title: Row of the table.
        cells: The notebook's code cells.
        measured: Indices of the cells whose time counts.
        assets: The prepared folder.
        names: How many names the notebook of assignment 2 trains on; 0 for those of the stand-in.
    """

    title: str
    cells: tuple[str, ...]
    measured: frozenset[int]
    assets: str
    names: int = 0


class Turns:
    """Computes while it is this process's turn, and adds up the CPU time of that."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._spent_s = self._since_s = 0.0
        self._batches = 0
        self._inside = False

    def begin(self) -> None:
        """Waits for its turn."""
        self._connection.recv()
        self._inside = True
        self._since_s = time.process_time()

    def end(self) -> None:
        """Adds up the time since ``begin``."""
        self._spent_s += time.process_time() - self._since_s
        self._inside = False

    def batch(self) -> None:
        """Gives its turn away after a few batches."""
        self._batches += self._inside
        if self._inside and self._batches % BATCHES_A_TURN == 0:
            self.end()
            self._connection.send(None)
            self.begin()

    def done(self) -> None:
        """Says how many seconds it has spent."""
        self._connection.send(self._spent_s)


def run_cells(connection: Connection, work: Work, *, recorded: bool) -> None:
    """Runs the notebook in a fork, with or without the recorder."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    turns = Turns(connection)
    _pause_between_batches(turns)
    seed_all(0)
    if recorded:
        kernel_side.start({"namespace": namespace})
    for index, source in enumerate(work.cells):
        if index in work.measured:
            turns.begin()
        tree = ast.parse(source)
        if recorded:
            kernel_side.next_cell(index, BUDGET_S)
            tree = kernel_side.current().instrument.transform(tree, source, index)
        exec(compile(tree, f"<cell {index}>", "exec"), namespace)
        if index in work.measured:
            turns.end()
            if index != max(work.measured):
                connection.send(None)
    turns.done()
    os._exit(0)  # what torch loads complains when a fork ends


def _pause_between_batches(turns: Turns) -> None:
    original: Callable[[Any], Any] = _SingleProcessDataLoaderIter._next_data

    def following(self: Any) -> Any:
        turns.batch()
        return original(self)

    _SingleProcessDataLoaderIter._next_data = following  # type: ignore[method-assign]


def one_round(work: Work, *, first: bool) -> tuple[float, float]:
    """CPU seconds without and with the recorder; ``first`` says which of them begins."""
    fork = multiprocessing.get_context("fork")
    pipes, processes = [], []
    for recorded in (False, True):
        here, there = fork.Pipe()
        process = fork.Process(target=run_cells, args=(there, work), kwargs={"recorded": recorded})
        process.start()
        there.close()
        pipes.append(here)
        processes.append(process)
    spent: dict[int, float] = {}
    while len(spent) < 2:
        for place in (first, not first):
            if place not in spent:
                pipes[place].send(None)
                answer = pipes[place].recv()
                if answer is not None:
                    spent[place] = answer
    for process in processes:
        process.join()
    return spent[False], spent[True]


def rounds(connection: Connection, work: Work, count: int) -> None:
    """Runs the notebook once, so that nothing is done for the first time, and then in pairs of forks."""
    torch.set_num_threads(1)
    os.environ["MPLBACKEND"] = "agg"
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        shutil.copytree(Path(work.assets) / "workdir", folder, dirs_exist_ok=True)
        os.chdir(folder)
        if work.names:
            _write_names(Path("name_gender_dataset.csv"), work.names)
        provide(work.assets, redirect_cuda=True, note=lambda event: None)
        namespace: dict[str, Any] = {"__name__": "__main__"}
        for source in work.cells:
            exec(source, namespace)
        namespace.clear()
        gc.collect()
        gc.freeze()
        connection.send([one_round(work, first=bool(number % 2)) for number in range(count)])
        os.chdir("/")


def _write_names(path: Path, count: int) -> None:
    """Writes a table of so many names, in parts: making unique names takes quadratic time; a few now come twice."""
    tables = []
    for seed in range(-(-count // NAMES_A_PART)):
        names.write(path, NAMES_A_PART, seed)
        tables.append(pd.read_csv(path))
    pd.concat(tables).head(count).to_csv(path, index=False)


def measured(work: Work, count: int) -> list[tuple[float, float]]:
    """CPU seconds without and with the recorder, round by round."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=rounds, args=(there, work, count))
    process.start()
    there.close()
    found: list[tuple[float, float]] = here.recv()
    process.join()
    return found


def works(name_count: int) -> list[Work]:
    """The rows of the table."""
    store = AssetStore()

    def work(title: str, assignment: str, replaced: Sequence[str] = (), name_count: int = 0) -> Work:
        notebook = nbformat.read(SOLUTIONS / f"assignment{assignment}.ipynb", as_version=4)
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        if replaced:
            cells = _replaced(cells, *replaced)
        training = {at for at, cell in enumerate(cells) if "for epoch in" in cell}
        behind = {at for at, cell in enumerate(cells) if "import" not in cell}
        assets = str(store.prepare(store.names_for(assignment, cells)).folder)
        return Work(title, tuple(cells), frozenset(training or behind), assets, name_count)

    return [
        work("1, all cells behind the imports", "1"),
        work("2, 8 epochs of the 1,200 stand-in names", "2"),
        work(f"2, 1 epoch of {name_count:,} names", "2", ("range(8)", "range(1)"), name_count),
        work("3, 4 epochs of the stand-in digits", "3", ("EPOCHS = 10", "EPOCHS = 4")),
    ]


def _replaced(cells: Sequence[str], old: str, new: str) -> list[str]:
    if sum(cell.count(old) for cell in cells) != 1:
        message = f"The solution is expected to say {old!r} once; change what this bench replaces."
        raise ValueError(message)
    return [cell.replace(old, new) for cell in cells]


def row(work: Work, pairs: Sequence[tuple[float, float]]) -> str:
    """A line of the table: medians, and the middle half of the rounds' ratios."""
    without, recorded = (statistics.median(pair[place] for pair in pairs) for place in (0, 1))
    ratios = [pair[1] / pair[0] - 1 for pair in pairs]
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
    numbers = f"{without:.3f} | {recorded:.3f} | {statistics.median(ratios):+.1%} | {low:+.1%} to {high:+.1%}"
    return f"| {work.title} | {len(pairs)} | {numbers} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_recorder")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--names", type=int, default=40_000, help="names of the longer training of assignment 2")
    parser.add_argument("--only", default="", help="rows whose title begins with this text")
    parser.add_argument("--write", action="store_true", help="put the table into docs/fidelity.md")
    given = parser.parse_args(arguments)
    lines = [
        "| assignment | rounds | without, CPU s | with, CPU s | overhead | middle half of the rounds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for work in works(given.names):
        if work.title.startswith(given.only):
            lines.append(row(work, measured(work, given.rounds)))
            print(lines[-1], flush=True)
    if given.write:
        command = f"`python -m tests.bench_recorder --rounds {given.rounds} --names {given.names} --write`"
        put(PAGE, "recorder", "\n".join([command, "", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
