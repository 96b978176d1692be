"""Runs a notebook in a sandboxed kernel, tells how each cell went, and keeps the kernel for questions."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from grader.errors import KernelUnavailableError
from grader.execution import answers, bootstrap, sentences
from grader.execution.client import HOSTILE, SilentTimeoutError
from grader.execution.folder import RunFolder
from grader.execution.loop import LoopThread
from grader.execution.provisioner import KernelSource
from grader.execution.session import KernelSession
from grader.notebook import Cell, CellStatus, ExecutedNotebook
from grader.probe.types import Answer, Request
from grader.sandbox import Limits, SandboxSpec

KERNEL_SIDE_FOLDER = Path(__file__).resolve().parents[1] / "probe" / "kernel_side"
_UPLOADS_SHARE = 0.8
"""Share of the writable area that uploads may take; the notebook needs room as well."""


@dataclass(frozen=True)
class Job:
    """A notebook to run.

    Attributes:
        notebook: As read by ``nbformat``, format 4.
        name: File name as uploaded.
        student_files: Folder with the student's other files, copied to the working folder; or None.
        assets: Data of the course; files of its ``workdir`` come to the working folder where no upload has the name.
        limits: What the notebook may use.
        seed: Seeds the generators of the kernel before the first cell, and string hashing.
        gpus: GPUs that the notebook may use; none means that requests for one go to the CPU.
        kernel_side: The package that runs beside the student.
    """

    notebook: NotebookNode
    name: str
    student_files: Path | None
    assets: Path
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    gpus: tuple[str, ...] = ()
    kernel_side: Path = KERNEL_SIDE_FOLDER


@dataclass(frozen=True)
class Progress:
    """A cell begins. Attributes: name of the notebook, number of the code cell from 1, of how many."""

    name: str
    cell: int
    cells: int


class LiveKernel:
    """Answers requests from the kernel of a notebook that was run."""

    def __init__(self, session: KernelSession, loop: LoopThread, exchange: Path) -> None:
        self._session, self._loop, self._exchange = session, loop, exchange
        self._numbers = itertools.count(1)

    @property
    def alive(self) -> bool:
        """Whether the kernel can still be asked."""
        return self._session.alive

    def ask(self, request: Request) -> Answer:
        """Answers a request.

        Returns:
            The answer; its ``error`` is set when the kernel did not answer in time, died over it, or answered with
            something that is no answer.

        Raises:
            KernelUnavailableError: The kernel was gone before the request.
        """
        if not self._session.alive:
            raise KernelUnavailableError("The kernel has ended, so it cannot be asked any more.")
        name = f"q{next(self._numbers):06d}"
        try:
            answers.write_request(self._exchange, name, request)
            return self._loop.run(self._serve(name, request))
        finally:
            answers.discard(self._exchange, name)

    async def _serve(self, name: str, request: Request) -> Answer:
        try:
            reply = await self._session.silent(bootstrap.serve(name), request.timeout_s)
        except SilentTimeoutError:
            return _failed("timeout", f"no answer to '{request.verb}' within {request.timeout_s:g} s")
        except DeadKernelError:
            return _failed("died", f"the kernel died over '{request.verb}'")
        if reply.get("status") != "ok":
            said = f"{reply.get('ename')}: {reply.get('evalue')}"
            return _failed("malformed", f"'{request.verb}' failed in the kernel: {said[:1_000]}")
        try:
            return answers.read_answer(self._exchange, name)
        except answers.MalformedAnswerError as error:
            return _failed("malformed", str(error))


@dataclass(frozen=True)
class LiveNotebook:
    """A notebook that was run, with its kernel.

    Attributes:
        executed: How its cells went.
        kernel: What answers questions about its objects.
    """

    executed: ExecutedNotebook
    kernel: LiveKernel


@contextlib.contextmanager
def open_notebook(
    job: Job, source: KernelSource, on_progress: Callable[[Progress], None] | None = None
) -> Iterator[LiveNotebook]:
    """Runs a notebook; on exit its sandbox is killed and everything that belonged to it removed.

    Args:
        job: What to run.
        source: A sandbox backend, or another source of kernels.
        on_progress: Called when a cell begins, from another thread.

    Raises:
        SandboxError: The sandbox or the kernel could not be started.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(RunFolder.create())
        spec = _specification(job, folder)
        loop = LoopThread(f"grader-{job.name}"[:15])
        stack.callback(loop.close)
        session = KernelSession(source, spec, folder, nbformat.v4.new_notebook())
        stack.callback(lambda: loop.run(session.stop()))
        loop.run(session.start(job.seed))
        executed = loop.run(_Execution(job, session, on_progress).run(folder.skipped))
        kernel = LiveKernel(session, loop, folder.exchange)
        yield LiveNotebook(_with_shortened(executed, kernel, job.limits), kernel)


class _Execution:
    """The walk over the cells."""

    def __init__(self, job: Job, session: KernelSession, on_progress: Callable[[Progress], None] | None) -> None:
        self._job, self._session, self._on_progress = job, session, on_progress
        self._problems: list[str] = []
        self._fault = ""
        self._deadline = time.monotonic() + job.limits.notebook_timeout_s

    async def run(self, skipped: list[str]) -> ExecutedNotebook:
        """Runs all cells."""
        begun = time.monotonic()
        if skipped:
            self._problems.append(sentences.uploads_left_out(skipped))
        total = sum(cell.cell_type == "code" for cell in self._job.notebook.cells)
        cells: list[Cell] = []
        number = 0
        for index, node in enumerate(self._job.notebook.cells):
            if node.cell_type != "code":
                cells.append(Cell(index, "markdown", node.source))
                continue
            number += 1
            if self._fault:
                cells.append(Cell(index, "code", node.source, "not-run"))
                continue
            if self._on_progress is not None:
                self._on_progress(Progress(self._job.name, number, total))
            cells.append(await self._cell(index, node))
        return ExecutedNotebook(
            name=self._job.name,
            cells=tuple(cells),
            problems=tuple(self._problems),
            fault=self._fault,
            duration_s=time.monotonic() - begun,
            startup_s=self._session.startup_s,
        )

    async def _cell(self, index: int, node: NotebookNode) -> Cell:
        client = self._session.client
        begun = time.monotonic()
        notebook_is_shorter = self._deadline - begun < self._job.limits.cell_timeout_s
        timeout_s = max(0.1, min(self._job.limits.cell_timeout_s, self._deadline - begun))
        # What nbclient writes into a cell must not reach the uploaded notebook.
        copy = nbformat.v4.new_code_cell(node.source)
        client.nb.cells = [copy]
        ended, broken = False, False
        try:
            await self._session.announce(index, _budget_s(self._job.limits, timeout_s))
            await client.run(copy, 0, timeout_s)
        except DeadKernelError:
            ended = True
        except HOSTILE:
            ended = broken = True
            self._session.kill()
        if ended:
            await self._session.settle()
            self._session.kill()
        status = self._status(index + 1, ended=ended, broken=broken, notebook_is_shorter=notebook_is_shorter)
        return self._describe(index, node.source, status, time.monotonic() - begun)

    def _status(self, cell: int, *, ended: bool, broken: bool, notebook_is_shorter: bool) -> CellStatus:
        """How the cell went; notes the problem and whose fault it is when the notebook ends here."""
        client, limits = self._session.client, self._job.limits
        if client.timed_out:
            if notebook_is_shorter:
                self._end("time", sentences.notebook_too_long(cell, limits))
            else:
                self._problems.append(sentences.cell_too_long(cell, limits, stopped=not ended))
                self._fault = "time" if ended else ""
            return "timeout"
        if ended:
            self._end(*self._explain(cell, broken=broken))
            return "killed"
        shown = client.output.error is not None
        return "error" if shown or (client.reply or {}).get("status") == "error" else "ok"

    def _explain(self, cell: int, *, broken: bool) -> tuple[str, str]:
        """Fault and sentence for a kernel that is gone."""
        limits = self._job.limits
        status, reason = self._session.end
        if self._session.flooded:
            return "output", sentences.too_much_output(cell, limits)
        if self._session.overfilled:
            return "output", sentences.too_many_files(cell)
        if reason == "memory":
            return "memory", sentences.out_of_memory(cell, limits)
        if broken:
            return "student", sentences.broken_protocol(cell)
        return "killed", sentences.kernel_ended(cell, status)

    def _end(self, fault: str, sentence: str) -> None:
        self._fault = fault
        self._problems.append(sentence)

    def _describe(self, index: int, source: str, status: CellStatus, duration_s: float) -> Cell:
        client = self._session.client
        output = client.output
        error = output.error
        if error is None and status == "error":
            # The output channel loses messages under load; the reply does not.
            output.add_error(client.reply or {})
            error = output.error
        if output.truncated:
            self._problems.append(sentences.output_cut(index + 1))
        return Cell(
            index=index,
            kind="code",
            source=source,
            status=status,
            text=output.text,
            error_name=error[0] if error else "",
            error_message=error[1] if error else "",
            error_line=error[2] if error else None,
            pictures=output.pictures,
            truncated=output.truncated,
            duration_s=duration_s,
        )


def _specification(job: Job, folder: RunFolder) -> SandboxSpec:
    uploads = None
    if job.student_files is not None:
        uploads = folder.take_uploads(job.student_files, int(job.limits.disk_mib * _UPLOADS_SHARE))
    return SandboxSpec(
        python_args=(),
        folder=folder.root,
        env={"PYTHONHASHSEED": str(job.seed % 2**32)},
        uploads=uploads,
        assets=job.assets.resolve() if job.assets.is_dir() else None,
        libraries={bootstrap.KERNEL_SIDE: job.kernel_side.resolve()},
        limits=job.limits,
        gpus=job.gpus,
    )


def _budget_s(limits: Limits, timeout_s: float) -> float | None:
    """What follows the training in a cell, and the passes that are cut short, need time as well."""
    return None if limits.training_budget_s is None else min(limits.training_budget_s, timeout_s / 2)


def _with_shortened(executed: ExecutedNotebook, kernel: LiveKernel, limits: Limits) -> ExecutedNotebook:
    """Adds a sentence on the cells whose training was cut short."""
    budget_s = _budget_s(limits, limits.cell_timeout_s)
    if budget_s is None or not kernel.alive or all(cell.duration_s < budget_s for cell in executed.cells):
        return executed
    found = kernel.ask(Request("shortened", {})).data.get("cells")
    known = {cell.index for cell in executed.cells if cell.kind == "code"}
    cells = sorted(known & {index for index in found if type(index) is int}) if isinstance(found, list) else []
    said = [sentences.training_cut_short(index + 1, budget_s) for index in cells]
    return replace(executed, problems=(*executed.problems, *said), shortened=tuple(cells))


def _failed(kind: str, message: str) -> Answer:
    return Answer(error={"kind": kind, "message": message})
