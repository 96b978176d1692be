"""An event loop in a thread of its own: Ctrl-C never lands inside asyncio, and questions may come from any thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_RUNNING: weakref.WeakSet[LoopThread] = weakref.WeakSet()


class LoopThread:
    """Runs coroutines to their end from synchronous code.

    The thread also starts the sandbox and outlives it: bubblewrap's ``--die-with-parent`` follows the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()
        _RUNNING.add(self)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for the coroutine; whatever interrupts the wait also cancels it."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def cancel(self) -> None:
        """Cancels what runs now, from any thread; the loop itself lives on for the cleaning up."""
        with contextlib.suppress(RuntimeError):
            asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop)

    def close(self) -> None:
        """Ends what is left and the thread."""
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result(10.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._loop.close()

    async def _cancel_all(self) -> None:
        current = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not current]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_asyncgens()


def stop_all() -> None:
    """Cancels whatever runs in any loop: callers that wait for it get ``CancelledError`` and clean up."""
    for loop in list(_RUNNING):
        loop.cancel()
