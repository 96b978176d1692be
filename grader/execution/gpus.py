"""GPUs for notebooks: who gets one, and what happens where it fails.

Each slot is one notebook at a time. A notebook whose text names no GPU gets none; one that fails because of the GPU is
executed again without it, so that it is graded as it would have been on a machine that has none. So is one that trains
nothing and leaves a graph there: its functions would go back through it when they are looked at.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from grader.execution import sentences
from grader.execution.kernel import Job, LiveKernel, LiveNotebook, Progress, open_notebook
from grader.execution.provisioner import KernelSource
from grader.notebook import Cell, ExecutedNotebook
from grader.probe.types import Request

_NAMES_ONE = re.compile(r"cuda|gpu|accelerat|lightning", re.IGNORECASE)
"""What the code of a notebook holds that computes on a GPU; too much rather than too little."""

_FAILURE = re.compile(
    r"cuda|cudnn|cublas|nvml|device-side|same device|expected device|device type|weight type", re.IGNORECASE
)
"""Messages of PyTorch that no machine without a GPU shows: out of memory, asserts of kernels, tensors elsewhere."""

_LARGEST_MODULE_BYTES = 2**20


class GpuSlots:
    """GPUs that are lent to one notebook after the other.

    Args:
        names: Numbers or UUIDs; one that is named twice is lent to two at a time.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._free: SimpleQueue[str] = SimpleQueue()
        for name in names:
            self._free.put(name)
        self._any = bool(names)

    @contextlib.contextmanager
    def lent(self, job: Job) -> Iterator[tuple[str, ...]]:
        """A GPU for the notebook, waiting until one is free; none where there are none or it names none."""
        if not self._any or not _names_gpu(job):
            yield ()
            return
        name = self._free.get()
        try:
            yield (name,)
        finally:
            self._free.put(name)


@contextlib.contextmanager
def open_on_gpu(
    job: Job, source: KernelSource, slots: GpuSlots, on_progress: Callable[[Progress], None] | None = None
) -> Iterator[LiveNotebook]:
    """Runs a notebook as ``open_notebook`` does, on a GPU where it wants one and one is there.

    Raises:
        SandboxError: The sandbox or the kernel could not be started.
    """
    with contextlib.ExitStack() as stack:
        gpus = stack.enter_context(slots.lent(job))
        opened = stack.enter_context(open_notebook(replace(job, gpus=gpus), source, on_progress))
        failed = _failed_over_gpu(opened.executed) if gpus else None
        if failed is None and not (gpus and _holds_graph(opened.kernel)):
            yield opened
            return
        stack.close()
        again = stack.enter_context(open_notebook(replace(job, gpus=()), source, on_progress))
        said = (sentences.failed_on_gpu(failed.index + 1),) if failed is not None else ()
        yield LiveNotebook(replace(again.executed, problems=(*said, *again.executed.problems)), again.kernel)


def _failed_over_gpu(executed: ExecutedNotebook) -> Cell | None:
    """The first cell that failed as none fails without a GPU; the driver's memory counts as well, and its crashes."""
    for cell in executed.code_cells:
        if cell.status == "error" and _FAILURE.search(f"{cell.error_name} {cell.error_message}"):
            return cell
        if cell.status == "killed" and executed.fault in {"memory", "killed"}:
            return cell
    return None


def _holds_graph(kernel: LiveKernel) -> bool:
    """Whether the notebook left a graph on the GPU: what its functions do with it cannot be looked at elsewhere."""
    return kernel.alive and kernel.ask(Request("graph")).data.get("on_gpu") is True


def _names_gpu(job: Job) -> bool:
    sources = (str(cell.source) for cell in job.notebook.cells if cell.cell_type == "code")
    return any(map(_NAMES_ONE.search, sources)) or any(map(_NAMES_ONE.search, _modules(job.student_files)))


def _modules(folder: Path | None) -> Iterator[str]:
    """The texts of uploaded modules."""
    for path in sorted(folder.rglob("*.py")) if folder is not None else ():
        if path.is_file() and path.stat().st_size <= _LARGEST_MODULE_BYTES:
            yield path.read_text(encoding="utf-8", errors="replace")
