"""Brings reports up to date behind the marker's back, so that marking stays quick."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from grader.errors import GraderError

log = logging.getLogger("grader")

Refresh = Callable[[tuple[str, ...]], object]
"""Scores these students anew and writes their reports; ``()`` is the whole class."""
_PATIENCE_S, _LONGEST_S = 1.0, 20.0


class Refresher:
    """A thread that refreshes the reports of students whose marks changed.

    Marks are in the gradebook before they come here, so nothing that goes wrong here loses one: a refresh that fails is
    told and made up for by the next one of the class.

    Args:
        refresh: What refreshes.
        done: Called after each refresh.
        patience_s: How long further marks are waited for, so that several are refreshed at once.
    """

    def __init__(self, refresh: Refresh, done: Callable[[], None], patience_s: float = _PATIENCE_S) -> None:
        self._refresh, self._done, self._patience_s = refresh, done, patience_s
        self._waiting: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="refresh", daemon=True)
        self.fault = ""
        """Why the last refresh failed, or ``""``."""
        self._thread.start()

    def changed(self, student: str) -> None:
        """Marks of a student changed."""
        self._waiting.put(student)

    def settle(self, timeout_s: float = 600.0) -> None:
        """Ends the thread after what waits, then refreshes the whole class.

        Raises:
            GraderError: The class could not be refreshed; its marks are kept.
        """
        self._waiting.put(None)
        self._thread.join(timeout_s)
        self._refresh(())

    def _work(self) -> None:
        while True:
            student = self._waiting.get()
            if student is None:
                return
            students, ends = self._gathered(student)
            try:
                self._refresh(tuple(sorted(students)))
                self.fault = ""
            except GraderError as fault:
                self.fault = str(fault)
                log.warning("refresh of %s: %s", ", ".join(sorted(students)), fault)
            except Exception as fault:
                self.fault = f"{type(fault).__name__}: {fault}"
                log.exception("refresh of %s", ", ".join(sorted(students)))
            self._done()
            if ends:
                return

    def _gathered(self, first: str) -> tuple[set[str], bool]:
        students, ends_at = {first}, time.monotonic() + _LONGEST_S
        while time.monotonic() < ends_at:
            try:
                student = self._waiting.get(timeout=self._patience_s)
            except queue.Empty:
                return students, False
            if student is None:
                return students, True
            students.add(student)
        return students, False
