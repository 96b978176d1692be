"""The recorder's events as typed data, and the passes over data that they form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.probe.types import Request
from grader.scoring import Student

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Event:
    """Something that the recorder saw.

    Attributes:
        kind: ``forward``, ``loss``, ``backward``, … as in the documentation of the ``trace`` probe.
        serial: Position in time.
        cell: Index of the cell that was running, or None.
        data: The further keys of its kind.
    """

    kind: str
    serial: int
    cell: int | None
    data: Mapping[str, Any] = field(repr=False)

    def get(self, key: str, default: Any = None) -> Any:
        """A further key of the event."""
        return self.data.get(key, default)

    def number(self, key: str) -> float | None:
        """A number of the event; NaN and infinities may arrive as text."""
        raw = self.data.get(key)
        if isinstance(raw, bool) or raw is None:
            return None
        try:
            return float(raw)
        except (TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Trace:
    """Events in order, with the numbers that they refer to."""

    events: tuple[Event, ...]
    packed: Floats

    def array(self, reference: Any) -> Floats | None:
        """The numbers of a packed tensor, in its shape; None when the recorder left them out."""
        if not isinstance(reference, Mapping) or "at" not in reference:
            return None
        shape = tuple(int(size) for size in reference.get("shape", ()))
        start, count = int(reference["at"]), int(np.prod(shape, dtype=np.int64))
        if start < 0 or start + count > self.packed.size:
            return None
        return self.packed[start : start + count].reshape(shape)

    def between(self, start: int, stop: int | None) -> Trace:
        """The events with ``start <= serial < stop``."""
        kept = tuple(e for e in self.events if e.serial >= start and (stop is None or e.serial < stop))
        return Trace(kept, self.packed)

    def of(self, *kinds: str) -> list[Event]:
        """The events of some kinds."""
        return [event for event in self.events if event.kind in kinds]


EMPTY = Trace((), np.zeros(0))


def read_trace(student: Student, since: int = 0, until: int | None = None) -> Trace:
    """Asks for the recorder's events from ``since`` on (and before ``until``).

    Raises:
        KernelUnavailableError: The kernel cannot be asked.
    """
    answer = student.ask(Request("trace", {"since": since}, timeout_s=120))
    if answer.error is not None:
        return EMPTY
    events = []
    for raw in answer.data.get("events", ()):
        if isinstance(raw, Mapping) and "e" in raw and "s" in raw:
            cell = raw.get("cell")
            events.append(Event(str(raw["e"]), int(raw["s"]), cell if isinstance(cell, int) else None, raw))
    packed = np.asarray(answer.tensors.get("packed", np.zeros(0)), dtype=np.float64).reshape(-1)
    events.sort(key=lambda event: event.serial)
    return Trace(tuple(events), packed).between(since, until)


def whole_trace(student: Student) -> Trace:
    """The events of the whole notebook; use it with ``student.find``."""
    return read_trace(student)


@dataclass
class Pass:
    """One pass over a loader, or a stretch of batches that the notebook cut by hand.

    Attributes:
        loader: Number of the loader, or None for batches made by hand.
        start: Serial of its first event.
        stop: Serial of its last event.
        cell: Cell in which it began.
        events: Its ``batch``, ``forward``, ``loss``, ``backward``, ``step`` and ``zero`` events.
        complete: Whether the loader was exhausted.
        length: Samples that it would have had, when the time budget cut it short; else None.
    """

    loader: int | None
    start: int
    stop: int
    cell: int | None
    events: list[Event] = field(default_factory=list)
    complete: bool = False
    length: int | None = None

    def of(self, *kinds: str) -> list[Event]:
        """Its events of some kinds."""
        return [event for event in self.events if event.kind in kinds]

    @property
    def network(self) -> int | None:
        """The module that processed most of it."""
        counts = Counter(event.get("module") for event in self.of("forward"))
        return counts.most_common(1)[0][0] if counts else None

    @property
    def learns(self) -> bool:
        """Whether something was back-propagated or an optimizer moved during it."""
        return any(event.kind in {"backward", "step"} for event in self.events)

    @property
    def samples(self) -> int:
        """How many samples it processed, or would have processed."""
        if self.length is not None:
            return self.length
        batches = self.of("batch")
        if batches:
            return sum(int(event.get("size") or 0) for event in batches)
        return sum(batch_size(event) for event in self.of("forward"))

    def add(self, event: Event) -> None:
        """Appends an event."""
        self.events.append(event)
        self.stop = max(self.stop, event.serial)


def batch_size(forward: Event) -> int:
    """The first dimension of what a network received."""
    shapes = forward.get("in_shapes") or ()
    return int(shapes[0][0]) if shapes and shapes[0] else 1


_PASS_EVENTS = frozenset({"batch", "forward", "loss", "backward", "step", "zero"})


class _Splitter:
    """Cuts a trace into passes."""

    def __init__(self) -> None:
        self.passes: list[Pass] = []
        self._open: dict[int, Pass] = {}
        self._of_serial: dict[int, Pass] = {}
        self._current: Pass | None = None
        self._loose: Pass | None = None
        # what follows a loop (a step once an epoch) still belongs to the pass that ended
        self._after: Pass | None = None
        self._mode: tuple[Any, bool] | None = None

    def feed(self, event: Event) -> None:
        if event.kind == "cell":
            self._open.clear()
            self._current = self._loose = self._after = None
        elif event.kind == "iter":
            self._iterate(event)
        elif event.kind in _PASS_EVENTS:
            owner = self._owner(event)
            owner.add(event)
            self._of_serial[event.serial] = owner

    def _iterate(self, event: Event) -> None:
        loader = int(event.get("loader") or 0)
        if event.get("end"):
            finished = self._open.pop(loader, None)
            if finished is not None:
                finished.complete = True
                finished.length = int(event.get("length") or 0) if event.get("short") else None
                finished.stop = max(finished.stop, event.serial)
            if finished is self._current:
                # an outer loop goes on; a loader of which someone took a single batch does not
                outer = [one for one in self._open.values() if one.learns]
                self._current = max(outer, key=lambda p: p.stop, default=None)
                self._after = finished
            return
        begun = Pass(loader, event.serial, event.serial, event.cell)
        self._open[loader] = begun
        self.passes.append(begun)
        self._loose = None

    def _owner(self, event: Event) -> Pass:
        if event.kind == "batch":
            loader = int(event.get("loader") or 0)
            if loader not in self._open:
                self._iterate(event)
            self._current = self._open[loader]
            self._after = self._loose = None
            return self._current
        if self._current is not None:
            return self._current
        # addresses are used again, so that a link may name an older batch: it serves only where nothing is open
        for key in ("forward", "loss"):
            linked = self._of_serial.get(event.get(key)) if event.get(key) is not None else None
            if linked is not None:
                return linked
        if self._after is not None and event.kind in {"backward", "step"}:
            return self._after
        return self._loose_pass(event)

    def _loose_pass(self, event: Event) -> Pass:
        learning = event.kind in {"backward", "step", "zero"} or (event.kind == "forward" and bool(event.get("grad")))
        mode = (event.get("training"), learning) if event.kind == "forward" else None
        self._after = None
        if self._loose is None or (mode is not None and self._mode is not None and mode != self._mode):
            self._loose = Pass(None, event.serial, event.serial, event.cell)
            self.passes.append(self._loose)
        self._mode = mode if mode is not None else self._mode
        return self._loose


def split_passes(events: Iterable[Event]) -> list[Pass]:
    """The passes of a trace that something was computed in, in order."""
    splitter = _Splitter()
    for event in events:
        splitter.feed(event)
    return [one for one in splitter.passes if one.of("forward", "loss", "backward", "step")]


def chunk_by_samples(one: Pass, sizes: Sequence[int]) -> list[Pass]:
    """Cuts a pass that was batched by hand into epochs of one of the given sizes.

    Args:
        one: A pass without a loader.
        sizes: Sizes of the data sets that may have been trained on.

    Returns:
        The epochs; the pass itself when no size divides it.
    """
    forwards = one.of("forward")
    ends = np.cumsum([batch_size(event) for event in forwards])
    for size in sorted(set(sizes), reverse=True):
        if size <= 0 or not ends.size or ends[-1] % size or ends[-1] == size:
            continue
        boundaries = set(range(size, int(ends[-1]) + 1, size))
        if not boundaries <= set(ends.tolist()):
            continue
        return _cut(one, [forwards[int(np.searchsorted(ends, b))].serial for b in sorted(boundaries)[:-1]])
    return [one]


def _cut(one: Pass, last_serials: Sequence[int]) -> list[Pass]:
    chunks: list[Pass] = []
    waiting = list(last_serials)
    current = Pass(None, one.start, one.start, one.cell)
    passed = False
    for event in one.events:
        if passed and event.kind == "forward":
            chunks.append(current)
            current, passed = Pass(None, event.serial, event.serial, event.cell), False
        current.add(event)
        if waiting and event.serial == waiting[0]:
            waiting.pop(0)
            passed = True
    return [*chunks, current]
