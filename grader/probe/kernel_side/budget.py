"""Brings a training that takes too long to its end: loaders deliver only a few batches a pass from some time on.

Nothing is interrupted: the loop goes through all of its epochs, what follows it runs, and what is local to a function
lives on. Passes that were cut short are marked in the trace, so that nobody takes their numbers for an epoch's.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Any

from torch.utils.data import DataLoader

from .session import Session

WHOLE_PASSES = 2
"""Passes that every loop makes in full: a mistake that adds up over epochs shows in the second."""
FEW_BATCHES = 2

_Loop = tuple[int, str, int]


class Budget:
    """Time that training may take in a cell before passes are cut short.

    Attributes:
        shortened: Indices of the cells in which passes were cut.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._until: float | None = None
        self._whole: Counter[_Loop] = Counter()
        self.shortened: set[int] = set()

    def begin(self, budget_s: float | None) -> None:
        """A cell begins; None lets it train as long as it wants."""
        self._until = None if budget_s is None else time.monotonic() + budget_s

    def loop_over(self, loader: DataLoader[Any]) -> _Loop:
        """What identifies a loop: its data and its place; a notebook may make the loader anew in each epoch."""
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename not in self._session.files:
            frame = frame.f_back  # type: ignore[assignment]
        place = (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)
        return id(loader.dataset), *place

    def finished(self, loop: _Loop) -> None:
        """A loop came to its end by itself."""
        self._whole[loop] += 1

    def spent(self, loop: _Loop, batches: int) -> bool:
        """Whether a loop that has had so many batches ends now."""
        if self._until is None or batches < FEW_BATCHES or self._whole[loop] < WHOLE_PASSES:
            return False
        if time.monotonic() < self._until:
            return False
        if self._session.cell is not None:
            self.shortened.add(self._session.cell)
        return True
