"""One kernel in one sandbox, from its start to its removal."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any

from jupyter_client import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from grader.errors import SandboxError
from grader.execution import bootstrap
from grader.execution.client import HOSTILE, BoundedClient, SilentTimeoutError
from grader.execution.folder import RunFolder
from grader.execution.provisioner import KernelSource, sandboxed_manager
from grader.sandbox import ExitReason, SandboxProcess, SandboxSpec

_WATCH_PERIOD_S = 1.0
_EXCHANGE_LIMIT_MIB = 1_200
_NEXT_CELL_TIMEOUT_S = 30.0


class KernelSession:
    """A kernel that was started, the client that talks to it, and a watch on the shared folder.

    All coroutines run in one event loop.

    Attributes:
        client: Runs cells.
        startup_s: Time until the kernel was ready for the first cell.
        overfilled: Whether the kernel was killed for filling the shared folder.
    """

    def __init__(self, source: KernelSource, spec: SandboxSpec, folder: RunFolder, notebook: NotebookNode) -> None:
        self._source, self._spec, self._folder = source, spec, folder
        self._manager: AsyncKernelManager = sandboxed_manager(source, spec, folder)
        self._process: SandboxProcess | None = None
        self._watch: asyncio.Task[None] | None = None
        self.client = BoundedClient(notebook, self._manager, spec.limits)
        self.client.kill = self.kill
        self.startup_s = 0.0
        self.overfilled = False
        self._killed = False

    async def start(self, seed: int) -> None:
        """Starts sandbox, kernel and kernel side.

        Raises:
            SandboxError: One of them did not start; the message holds what it said.
        """
        begun = time.monotonic()
        await self._manager.start_kernel(env={})
        self._process = self._manager.provisioner.process
        self._watch = asyncio.ensure_future(self._watch_exchange())
        limit_s = self._spec.limits.startup_timeout_s
        try:
            await self.client.connect()
            await self.client.silent(bootstrap.PREPARE, limit_s)
            code = bootstrap.start(self._source.inside(self._spec), redirect_cuda=not self._spec.gpus, seed=seed)
            reply = await self.client.silent(code, limit_s)
        except (RuntimeError, DeadKernelError, SilentTimeoutError) as error:
            raise SandboxError(f"The kernel did not start within {limit_s:.0f} s. {error} {self._said()}") from error
        if reply.get("status") != "ok":
            raise SandboxError(f"The kernel side did not start: {reply.get('ename')}: {reply.get('evalue')}")
        self.startup_s = time.monotonic() - begun

    async def announce(self, index: int, budget_s: float | None = None) -> None:
        """Tells the kernel side which cell comes next; a notebook that breaks this breaks its own record only.

        Args:
            index: Of the cell.
            budget_s: After how long its training is cut short; None for never.

        Raises:
            DeadKernelError: The kernel is gone.
        """
        with contextlib.suppress(SilentTimeoutError):
            await self.client.silent(bootstrap.next_cell(index, budget_s), _NEXT_CELL_TIMEOUT_S)

    async def silent(self, code: str, timeout_s: float) -> Mapping[str, Any]:
        """See ``BoundedClient.silent``."""
        return await self.client.silent(code, timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the kernel still runs."""
        return self._process is not None and not self._killed and self._process.poll() is None

    @property
    def flooded(self) -> bool:
        """Whether the kernel was killed for what it sent."""
        relay = self._manager.provisioner.relay
        return self.client.flooded or (relay is not None and bool(relay.exceeded))

    @property
    def end(self) -> tuple[int | None, ExitReason]:
        """Exit status and reason of the kernel's end."""
        if self._process is None:
            return None, ""
        return self._process.poll(), self._process.exit_reason

    def kill(self) -> None:
        """Ends the kernel at once."""
        self._killed = True
        if self._process is not None:
            self._process.kill()

    async def settle(self) -> None:
        """Waits a moment for a dying kernel to be dead, so that its reason can be told."""
        for _attempt in range(40):
            if self._process is None or self._process.poll() is not None:
                return
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Ends everything and removes what the sandbox made; the folder stays with its owner."""
        if self._watch is not None:
            self._watch.cancel()
        provisioner = self._manager.provisioner
        try:
            if self.client.kc is not None:
                self.client.kc.stop_channels()
                self.client.kc.context.destroy(linger=0)
                self.client.kc = None
        finally:
            if provisioner is not None and provisioner.process is not None:
                provisioner.process.kill()
            with contextlib.suppress(*HOSTILE):
                await self._manager.cleanup_resources()

    async def _watch_exchange(self) -> None:
        """The shared folder lies on the host's disk and has no size of its own."""
        while self.alive:
            if self._folder.exchange_exceeds(_EXCHANGE_LIMIT_MIB * 2**20):
                self.overfilled = True
                self.kill()
            await asyncio.sleep(_WATCH_PERIOD_S)

    def _said(self) -> str:
        said = self._process.log_tail if self._process is not None else ""
        return f"It said: {said[-1_000:]}" if said else ""
