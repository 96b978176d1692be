"""How much the recorder and the instrumentation add to the time of the notebooks' own cells.

Usage: ``python -m tests.bench_recorder [--repetitions N] [--write]``. The reference solutions run with and without the
recorder, by turns, each in a process of its own; data and device requests are provided in both. Compared is the CPU
time of the cell that computes longest (the pass of assignment 1, the trainings of assignments 2 and 3) when it
is run again: the least of ``AGAIN`` runs, since other work on the machine only ever adds.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import nbformat

from grader.data import AssetStore
from tests.fidelity.__main__ import PAGE
from tests.support.pages import put

SOLUTIONS = PAGE.parents[1] / "reference" / "solutions"
AGAIN = 4


def run(connection: Connection, cells: Sequence[str], assets: str, recorded: bool) -> None:
    """Runs the cells, then the longest again, and sends its CPU seconds."""
    import torch

    torch.set_num_threads(1)
    os.environ["MPLBACKEND"] = "agg"
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        shutil.copytree(Path(assets) / "workdir", folder, dirs_exist_ok=True)
        os.chdir(folder)
        from grader.probe import kernel_side

        namespace = sys.modules["__main__"].__dict__
        if recorded:
            kernel_side.start({"assets": assets, "redirect_cuda": True, "seed": 0, "namespace": namespace})
        else:
            from grader.probe.kernel_side.provide import install

            install(assets, redirect_cuda=True, note=lambda _event: None)
            torch.manual_seed(0)

        def spent(index: int) -> float:
            tree = ast.parse(cells[index])
            if recorded:
                kernel_side.next_cell(index)
                tree = kernel_side.current().instrument.transform(tree, cells[index], index)
            code = compile(tree, f"<cell {index}>", "exec")
            begun = time.process_time()
            exec(code, namespace)
            return time.process_time() - begun

        first = {index: spent(index) for index in range(len(cells))}
        longest = max((index for index in first if "import" not in cells[index]), key=first.__getitem__)
        least = min(spent(longest) for _ in range(AGAIN))
        os.chdir("/")
    connection.send(least)


def seconds(cells: Sequence[str], assets: str, *, recorded: bool) -> float:
    """CPU seconds of one run in a process of its own."""
    here, there = multiprocessing.Pipe()
    arguments = (there, cells, assets, recorded)
    process = multiprocessing.get_context("spawn").Process(target=run, args=arguments)
    process.start()
    there.close()
    found: float = here.recv()
    process.join()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_recorder")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into docs/fidelity.md")
    given = parser.parse_args(arguments)
    store = AssetStore()
    lines = ["| assignment | without, CPU s | with, CPU s | overhead |", "| --- | --- | --- | --- |"]
    for assignment in ("1", "2", "3"):
        notebook = nbformat.read(SOLUTIONS / f"assignment{assignment}.ipynb", as_version=4)
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        assets = str(store.prepare(store.names_for(assignment, cells)).folder)
        pairs = [
            (seconds(cells, assets, recorded=False), seconds(cells, assets, recorded=True))
            for _ in range(given.repetitions)
        ]
        without, recorded = (min(one[place] for one in pairs) for place in (0, 1))
        lines.append(f"| {assignment} | {without:.3f} | {recorded:.3f} | {recorded / without - 1:+.1%} |")
        print(lines[-1], flush=True)
    if given.write:
        command = f"`python -m tests.bench_recorder --repetitions {given.repetitions} --write`"
        put(PAGE, "recorder", "\n".join([command, "", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
