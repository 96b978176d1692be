"""Stands between Jupyter's sockets and the sandbox: counts what the sandbox sends, and looks at what it connects to.

ZeroMQ joins the parts of a message in the host's memory before anybody can weigh it, and a student's program can speak
to the sockets without being a kernel. Bytes that never get past here take no memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from grader.execution.loop import LoopThread

_CHUNK = 65_536
_PATIENCE_S = 20.0
_PERIOD_S = 0.02


class Relay:
    """Forwards connections to sockets of our own to the sockets that the kernel makes in the shared folder.

    Attributes:
        exceeded: Whether the sandbox sent more than it may.
    """

    def __init__(self, ours: str, theirs: str, limit_bytes: int, on_excess: Callable[[], None]) -> None:
        self._ours, self._theirs = ours, theirs
        self._left = limit_bytes
        self._on_excess = on_excess
        self._loop = LoopThread("grader-relay")
        self._servers: list[asyncio.Server] = []
        self._closed = False
        self.exceeded = False

    def start(self, numbers: Iterable[int]) -> None:
        """Listens on a socket for each number.

        Raises:
            OSError: A socket cannot be made.
        """
        self._loop.run(self._start(tuple(numbers)))

    def close(self) -> None:
        """Ends all connections; may be called twice."""
        if not self._closed:
            self._closed = True
            self._loop.run(self._stop())
            self._loop.close()

    async def _start(self, numbers: tuple[int, ...]) -> None:
        for number in numbers:

            def accept(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str = f"{self._theirs}-{number}"
            ) -> asyncio.Task[None]:
                return asyncio.ensure_future(self._serve(path, reader, writer))

            self._servers.append(await asyncio.start_unix_server(accept, f"{self._ours}-{number}"))

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        current = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not current]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)  # closed transports say goodbye in the next round

    async def _serve(self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            from_kernel, to_kernel = await self._connect(path)
            with contextlib.closing(to_kernel):
                pumps = [
                    asyncio.ensure_future(_pump(reader, to_kernel, lambda _size: True)),
                    asyncio.ensure_future(_pump(from_kernel, writer, self._count)),
                ]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)

    async def _connect(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Waits for the kernel to make its socket.

        Raises:
            OSError: There is none in time.
        """
        for _attempt in range(int(_PATIENCE_S / _PERIOD_S)):
            with contextlib.suppress(OSError), _a_socket(path) as real:
                return await asyncio.open_unix_connection(real)
            await asyncio.sleep(_PERIOD_S)
        message = f"no socket at {Path(path).name}"
        raise OSError(message)

    def _count(self, size: int) -> bool:
        """Whether that many bytes more may pass."""
        self._left -= size
        if self._left < 0 and not self.exceeded:
            self.exceeded = True
            self._on_excess()
        return not self.exceeded


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, may_pass: Callable[[int], bool]) -> None:
    with contextlib.suppress(OSError):
        while (chunk := await source.read(_CHUNK)) and may_pass(len(chunk)):
            target.write(chunk)
            await target.drain()


@contextlib.contextmanager
def _a_socket(path: str) -> Iterator[str]:
    """A path to exactly the socket that was looked at: no link leads us to somebody else's.

    Raises:
        OSError: It is not there, or no socket.
    """
    if not hasattr(os, "O_PATH"):  # other systems than Linux have no sandboxes that isolate
        yield path
        return
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            message = f"{Path(path).name} is no socket"
            raise OSError(message)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
