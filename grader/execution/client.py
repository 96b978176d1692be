"""nbclient with bounds: what a hostile or endless notebook sends cannot fill memory, stall or mislead the host."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from queue import Empty
from typing import Any

import zmq
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, DeadKernelError
from nbformat import NotebookNode

from grader.execution.outputs import CellOutput
from grader.sandbox import Limits

GRACE_S = 3.0
"""Time for a cell to end after an interrupt, before its kernel is killed."""
HOSTILE = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)
"""What jupyter_client and nbclient raise on messages that break the protocol."""
_MESSAGE_MIB = 16
_MESSAGES_AHEAD = 64
_ALIVE_PERIOD_S = 0.5


class SilentTimeoutError(Exception):
    """A silent request did not end in time."""


class BoundedClient(NotebookClient):  # type: ignore[misc]  # nbclient is untyped
    """Runs cells one by one and collects their outputs within limits.

    Attributes:
        output: What the running cell showed.
        reply: Content of the last cell's reply, or None.
        timed_out: Whether the running cell was stopped by the clock.
        flooded: Whether the kernel was killed for its amount of output.
    """

    def __init__(self, notebook: NotebookNode, manager: AsyncKernelManager, limits: Limits) -> None:
        super().__init__(notebook, km=manager, allow_errors=True, store_widget_state=False, record_timing=False)
        self.limits = limits
        self.startup_timeout = limits.startup_timeout_s
        self.output = CellOutput(limits)
        self.reply: Mapping[str, Any] | None = None
        self.timed_out = False
        self.flooded = False
        self.kill: Callable[[], None] = lambda: None
        self.on_cell_executed = self._keep_reply
        self._bytes_left = limits.output_mib * 2**20
        self._awaited = ""
        self._timeout_s = limits.cell_timeout_s
        self.timeout_func = lambda _cell: self._timeout_s  # nbclient's own limit takes whole seconds only

    async def connect(self) -> None:
        """Opens the channels and waits until the kernel answers.

        Raises:
            RuntimeError: It died or did not answer in time.
        """
        self.kc = self.km.client()
        # The limits must be on the client's own context: its sockets receive what the notebook sends.
        self.kc.context.setsockopt(zmq.MAXMSGSIZE, _MESSAGE_MIB * 2**20)
        self.kc.context.setsockopt(zmq.RCVHWM, _MESSAGES_AHEAD)
        self.kc.start_channels()
        await self.kc.wait_for_ready(timeout=self.limits.startup_timeout_s)
        self.kc.allow_stdin = False

    async def run(self, cell: NotebookNode, index: int, timeout_s: float) -> None:
        """Runs a cell; what it showed is in ``output`` and ``reply`` afterwards.

        Raises:
            DeadKernelError: The kernel died in it, or was killed.
            ValueError, KeyError, …: See ``HOSTILE``: its reply broke the protocol.
        """
        self.output = CellOutput(self.limits)
        self.reply, self.timed_out = None, False
        self._timeout_s = timeout_s
        await self.async_execute_cell(cell, index)

    async def silent(self, code: str, timeout_s: float) -> Mapping[str, Any]:
        """Runs code of ours on the shell channel alone and returns the reply's content.

        Raises:
            SilentTimeoutError: It took too long; the kernel was interrupted, and killed where that did not help.
            DeadKernelError: The kernel died.
        """
        self._awaited = self.kc.execute(code, silent=True, store_history=False, allow_stdin=False, stop_on_error=False)
        reply = await self._reply_within(timeout_s)
        if reply is None:
            with contextlib.suppress(DeadKernelError):
                await self._interrupt()
            raise SilentTimeoutError
        content = reply.get("content")
        return content if isinstance(content, dict) else {}

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> None:
        """Takes a message about the running cell; comms and changes of earlier displays are dropped."""
        content = msg["content"]
        self._weigh(content)
        kind = msg["msg_type"]
        if kind == "status" and content["execution_state"] == "idle":
            raise CellExecutionComplete
        if kind == "clear_output":
            self.clear_before_next_output = bool(content.get("wait"))
            if not self.clear_before_next_output:
                self.output.clear()
        elif kind in {"stream", "display_data", "execute_result", "error"}:
            if self.clear_before_next_output:
                self.output.clear()
                self.clear_before_next_output = False
            self._take(kind, content)

    def _take(self, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "stream":
            self.output.add_text(str(content["text"]))
        elif kind == "error":
            self.output.add_error(content)
        else:
            self.output.add_data(content["data"])

    def _weigh(self, content: Mapping[str, Any]) -> None:
        self._bytes_left -= _text_length(content) + 256
        if self._bytes_left < 0 and not self.flooded:
            self.flooded = True
            self.kill()

    def _keep_reply(self, *, execute_reply: Mapping[str, Any], **_cell: Any) -> None:
        content = execute_reply.get("content")
        self.reply = content if isinstance(content, dict) else None

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        while True:
            try:
                message = await self.kc.iopub_channel.get_msg(timeout=None)
                if message["parent_header"].get("msg_id") == parent_msg_id:
                    self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                return
            except HOSTILE:
                self._weigh({})

    async def _async_poll_for_reply(self, msg_id: str, *arguments: Any) -> dict[str, Any]:
        self._awaited = msg_id
        reply: dict[str, Any] = await super()._async_poll_for_reply(msg_id, *arguments)
        return reply

    async def _async_handle_timeout(self, timeout: float, cell: NotebookNode | None = None) -> dict[str, Any]:
        self.timed_out = True
        return await self._interrupt()

    async def _interrupt(self) -> dict[str, Any]:
        """Interrupts what runs; kills the kernel when that does not help. Gives the late reply."""
        await self.km.interrupt_kernel()
        reply = await self._reply_within(GRACE_S)
        if reply is None:
            self.kill()
            message = "Kernel did not stop when interrupted"
            raise DeadKernelError(message)
        return reply

    async def _reply_within(self, timeout_s: float) -> dict[str, Any] | None:
        """The reply to the request in ``_awaited``, or None when the time is up.

        Raises:
            DeadKernelError: The kernel died.
        """
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                message: dict[str, Any] = await self.kc.shell_channel.get_msg(timeout=min(left, _ALIVE_PERIOD_S))
                if message["parent_header"].get("msg_id") == self._awaited:
                    return message
            except Empty:
                await self._async_check_alive()
            except HOSTILE:
                await asyncio.sleep(0)
        return None


def _text_length(content: Any, depth: int = 0) -> int:
    """Characters of all texts in a message, roughly what it weighs."""
    if isinstance(content, str):
        return len(content)
    if depth > 4:
        return 0
    if isinstance(content, dict):
        return sum(_text_length(value, depth + 1) for value in content.values())
    if isinstance(content, list):
        return sum(_text_length(value, depth + 1) for value in content)
    return 8
