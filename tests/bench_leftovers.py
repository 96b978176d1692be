"""Runs many short notebooks in a row and prints what they leave: processes, mounts, sockets, folders, memory.

Usage: ``python -m tests.bench_leftovers [NOTEBOOKS] [SANDBOX]``
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from grader.execution import open_notebook
from grader.sandbox import choose
from tests.execution.notebooks import job
from tests.execution.test_cleanup import containers, control_groups, kernels


def memory_mib() -> float:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError


def figures(folder: Path, sandbox: str) -> dict[str, int]:
    """What there is now."""
    return {
        "processes": len(kernels(folder)),
        "children": len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()),
        "containers": len(containers(os.getpid())) if sandbox == "docker" else 0,
        "control groups": len(control_groups()),
        "mounts": len(Path("/proc/mounts").read_text().splitlines()),
        "unix sockets": sum(str(folder) in line for line in Path("/proc/net/unix").read_text().splitlines()),
        "open files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "folders": len(os.listdir(folder)),
    }


def main(count: int = 200, sandbox: str = "bubblewrap") -> int:
    """Prints the figures; returns 1 when something is left."""
    backend = choose(sandbox)
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        tempfile.tempdir = name
        folder, begun = Path(name), time.monotonic()
        before: dict[str, int] = {}
        memory: list[float] = []
        for number in range(count):
            with open_notebook(job("x = [1] * 1000\nprint(len(x))"), backend) as live:
                if live.executed.cells[0].text != "1000\n":
                    print("notebook", number + 1, "went wrong:", live.executed.problems)
                    return 1
            if number == 4:  # what is loaded once is loaded by now
                before = figures(folder, sandbox)
            if number % 20 == 4 or number == count - 1:
                gc.collect()
                memory.append(memory_mib())
                print(f"{number + 1:4} notebooks, {time.monotonic() - begun:6.1f} s, {memory[-1]:6.1f} MiB", flush=True)
        after = figures(folder, sandbox)
        tempfile.tempdir = None
    for kind, number in after.items():
        print(f"{kind:15} before {before[kind]:3}  after {number:3}")
    print(f"memory grew by {memory[-1] - memory[0]:.1f} MiB")
    return int(any(after[kind] > before[kind] for kind in after))


if __name__ == "__main__":
    sys.exit(main(*[int(word) if word.isdigit() else word for word in sys.argv[1:]]))  # type: ignore[arg-type]
