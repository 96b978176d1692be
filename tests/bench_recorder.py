"""How much the recorder and the instrumentation add to the time of the notebooks' own cells.

Usage: ``python -m tests.bench_recorder [--rounds N] [--write]``. The reference solutions run with and without the
recorder, by turns, in one process; data and device requests are provided in both. Compared is the median CPU time of
the cell that computes longest: the network's pass of assignment 1, the trainings of assignments 2 and 3.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import nbformat
import torch
from torch import nn

from grader.data import AssetStore
from grader.probe import kernel_side
from grader.probe.kernel_side.hooks import LOSSES
from tests.fidelity.__main__ import PAGE
from tests.support.pages import put

SOLUTIONS = PAGE.parents[1] / "reference" / "solutions"


class Rounds:
    """Runs a notebook's cells with and without recorder in one process; noise of the machine then hits both alike."""

    def __init__(self, cells: Sequence[str], assets: str) -> None:
        self._cells, self._assets = cells, assets
        self._without = _hooked()
        kernel_side.start({"assets": assets, "redirect_cuda": True, "seed": 0, "namespace": _main()})
        self._with = _hooked()
        self._longest: int | None = None

    def seconds(self, *, recorded: bool) -> float:
        """CPU seconds of the longest cell in a fresh run of all cells."""
        for (owner, name), value in (self._with if recorded else self._without).items():
            setattr(owner, name, value)
        service = kernel_side.current()
        service.recorder.enabled = service.instrument.recording = recorded
        torch.manual_seed(0)
        spent = [self._spent(index, recorded=recorded) for index in range(len(self._cells))]
        if self._longest is None:
            self._longest = max(
                (at for at, cell in enumerate(self._cells) if "import" not in cell), key=spent.__getitem__
            )
        return spent[self._longest]

    def _spent(self, index: int, *, recorded: bool) -> float:
        tree = ast.parse(self._cells[index])
        if recorded:
            kernel_side.next_cell(index)
            tree = kernel_side.current().instrument.transform(tree, self._cells[index], index)
        code = compile(tree, f"<cell {index} {recorded}>", "exec")
        begun = time.process_time()
        exec(code, _main())
        return time.process_time() - begun


def _main() -> dict[str, Any]:
    return sys.modules["__main__"].__dict__


def _hooked() -> dict[tuple[Any, str], Any]:
    """What the recorder replaces in torch, as it is now."""
    places = [
        *((nn.Module, name) for name in ("__call__", "zero_grad", "register_forward_hook")),
        *((nn.functional, name) for name in LOSSES),
        *((torch.optim.Optimizer, name) for name in ("__init__", "zero_grad")),
        *((torch.utils.data.DataLoader, name) for name in ("__init__", "__iter__")),
        (torch.utils.data.dataloader._BaseDataLoaderIter, "__next__"),
        (torch.autograd, "backward"),
    ]
    return {(owner, name): getattr(owner, name) for owner, name in places}


def run(connection: Connection, cells: Sequence[str], assets: str, rounds: int) -> None:
    """Sends CPU seconds without and with the recorder, round by round."""
    torch.set_num_threads(1)
    os.environ["MPLBACKEND"] = "agg"
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        shutil.copytree(Path(assets) / "workdir", folder, dirs_exist_ok=True)
        os.chdir(folder)
        bench = Rounds(cells, assets)
        bench.seconds(recorded=True)  # files, caches, first calls of torch
        found = [(bench.seconds(recorded=False), bench.seconds(recorded=True)) for _ in range(rounds)]
        os.chdir("/")
    connection.send(found)


def measured(cells: Sequence[str], assets: str, rounds: int) -> list[tuple[float, float]]:
    """CPU seconds without and with the recorder, in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=run, args=(there, cells, assets, rounds))
    process.start()
    there.close()
    found: list[tuple[float, float]] = here.recv()
    process.join()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_recorder")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the table into docs/fidelity.md")
    given = parser.parse_args(arguments)
    store = AssetStore()
    lines = ["| assignment | without, CPU s | with, CPU s | overhead |", "| --- | --- | --- | --- |"]
    for assignment in ("1", "2", "3"):
        notebook = nbformat.read(SOLUTIONS / f"assignment{assignment}.ipynb", as_version=4)
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        assets = str(store.prepare(store.names_for(assignment, cells)).folder)
        pairs = measured(cells, assets, given.rounds)
        without, recorded = (statistics.median(one[place] for one in pairs) for place in (0, 1))
        lines.append(f"| {assignment} | {without:.3f} | {recorded:.3f} | {recorded / without - 1:+.1%} |")
        print(lines[-1], flush=True)
    if given.write:
        command = f"`python -m tests.bench_recorder --rounds {given.rounds} --write`"
        put(PAGE, "recorder", "\n".join([command, "", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
