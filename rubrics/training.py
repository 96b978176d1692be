"""The trainings of a notebook, from the recorder's trace: runs of epochs and what was evaluated after each."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rubrics.trace import Event, Pass, Trace, chunk_by_samples, split_passes


@dataclass
class Epoch:
    """A pass of training and what followed it until the next one.

    Attributes:
        training: The pass.
        start: Serial at which the epoch's window of prints begins.
        stop: Serial before which it ends, or None for the end of the trace.
        evaluations: Passes without learning in that window.
    """

    training: Pass
    start: int
    stop: int | None
    evaluations: list[Pass] = field(default_factory=list)

    @property
    def shortened(self) -> bool:
        """Whether the time budget cut one of its passes short."""
        return any(one.length is not None for one in (self.training, *self.evaluations))


@dataclass
class TrainingRun:
    """Consecutive epochs of one network in one cell.

    Attributes:
        network: Number of the module, or None when the network is a function.
        cell: The cell that ran it.
        epochs: In order.
        trace: All events, to look numbers up.
        before: Passes without learning in the same cell before the first epoch.
    """

    network: int | None
    cell: int | None
    epochs: list[Epoch]
    trace: Trace
    before: list[Pass] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Serial of its first event."""
        return self.epochs[0].training.start

    @property
    def stop(self) -> int | None:
        """Serial before which its last window ends."""
        return self.epochs[-1].stop

    @property
    def passes(self) -> list[Pass]:
        """The passes of training."""
        return [epoch.training for epoch in self.epochs]

    @property
    def shortened(self) -> bool:
        """Whether the time budget cut some of its epochs short."""
        return any(epoch.shortened for epoch in self.epochs)

    def events(self, *kinds: str) -> list[Event]:
        """The events of some kinds of all passes of training, in order."""
        return [event for one in self.passes for event in one.of(*kinds)]

    @property
    def where(self) -> str:
        """``cell N`` for evidence, counted from 1."""
        return f"cell {self.cell + 1}" if self.cell is not None else "the notebook"


def training_runs(
    trace: Trace, *, loaders: Collection[int] = (), sizes: Sequence[int] = (), idle_too: bool = False
) -> list[TrainingRun]:
    """Finds every training in a trace.

    Args:
        trace: The recorder's events.
        loaders: Loaders of training data: their passes count as training when no pass at all learns, so
            that a loop without ``backward`` is still recognised.
        sizes: Sizes of training sets, to cut epochs that were batched by hand.
        idle_too: Whether repeated whole passes of a network in training mode count when nothing learns and no loss
            is computed.

    Returns:
        The runs in order of time.
    """
    passes = [part for one in split_passes(trace.events) for part in _parts(one, sizes)]
    learning = [one for one in passes if _trains(one)]
    if not learning:
        learning = [one for one in passes if one.of("loss") and (not loaders or one.loader in loaders)]
        learning = learning or [one for one in passes if one.of("loss") and any(e.get("grad") for e in one.events)]
    if not learning and idle_too:
        learning = [one for one in passes if one.complete and any(e.get("grad") for e in one.of("forward"))]
        learning = learning if len(learning) > 1 else []
    chosen = {id(one) for one in learning}
    runs: list[TrainingRun] = []
    idle: list[Pass] = []
    for one in passes:
        if id(one) not in chosen:
            if runs and (not runs[-1].network or one.network in {runs[-1].network, None}):
                runs[-1].epochs[-1].evaluations.append(one)
            idle.append(one)
            continue
        last = runs[-1] if runs else None
        if last is None or last.network != one.network or last.cell != one.cell:
            before = [p for p in idle if p.cell == one.cell and p.network == one.network]
            last = TrainingRun(one.network, one.cell, [], trace, before)
            runs.append(last)
        last.epochs.append(Epoch(one, one.start, None))
        idle = []
    _close_windows(runs)
    return [merged for merged in (_merge_single_batches(run, sizes) for run in runs) if merged.epochs]


def _parts(one: Pass, sizes: Sequence[int]) -> list[Pass]:
    if one.loader is None and one.learns:
        return chunk_by_samples(one, sizes)
    return [one]


def _trains(one: Pass) -> bool:
    return one.learns and bool(one.of("forward", "loss", "batch"))


def _close_windows(runs: Sequence[TrainingRun]) -> None:
    starts = sorted(epoch.start for run in runs for epoch in run.epochs)
    following = dict(itertools.pairwise(starts))
    for run in runs:
        for epoch in run.epochs:
            epoch.stop = following.get(epoch.start)


def _merge_single_batches(run: TrainingRun, sizes: Sequence[int]) -> TrainingRun:
    """Joins passes of one batch each (``next(iter(loader))`` in a loop) into epochs of whole data sets."""
    batches = [len(one.of("batch")) for one in run.passes]
    if len(batches) < 2 or max(batches) > 1 or any(one.complete for one in run.passes):
        return run
    joined = Pass(None, run.start, run.start, run.cell)
    for one in run.passes:
        for event in one.events:
            joined.add(event)
    evaluations = [one for epoch in run.epochs for one in epoch.evaluations]
    parts = chunk_by_samples(joined, sizes)
    if len(parts) < 2:
        parts = list(_between(run.passes, [one.start for one in evaluations]))
    epochs = [Epoch(part, part.start, None) for part in parts]
    for epoch, following in zip(epochs, [*epochs[1:], None], strict=True):
        epoch.stop = following.start if following else run.stop
        epoch.evaluations = [
            one for one in evaluations if one.start >= epoch.start and (epoch.stop is None or one.start < epoch.stop)
        ]
    return TrainingRun(run.network, run.cell, epochs, run.trace, run.before)


def _between(passes: Sequence[Pass], separators: Sequence[int]) -> Iterator[Pass]:
    """Joins the passes that no separator lies between."""
    joined: Pass | None = None
    for one in passes:
        if joined is not None and any(joined.stop < serial < one.start for serial in separators):
            yield joined
            joined = None
        if joined is None:
            joined = Pass(one.loader, one.start, one.start, one.cell)
        for event in one.events:
            joined.add(event)
    if joined is not None:
        yield joined


def longest(runs: Iterable[TrainingRun]) -> TrainingRun | None:
    """The run with most epochs; the later one of two equal ones."""
    return max(runs, key=lambda run: (len(run.epochs), run.start), default=None)
