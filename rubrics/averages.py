"""The loss that a training minimises, and the true losses and accuracies of its epochs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rubrics.losses import WRONG_SIGN, LossSeen, classify_loss_events, classify_values, close
from rubrics.trace import Event, Floats, Pass, Trace, batch_size
from rubrics.training import TrainingRun

Decide = Callable[[Floats, Floats], int | None]
"""Number of right predictions of a batch, from output and target; None when they do not fit."""


def loss_of(run: TrainingRun) -> LossSeen | None:
    """The loss that a training minimises, by its calls, else by its values."""
    trace = run.trace
    by_call = classify_loss_events(trace, _minimised(run))
    if by_call is not None:
        return replace(by_call, form=by_call.form + WRONG_SIGN) if _negated(run) else by_call
    samples = []
    for event in run.events("backward")[:60]:
        value, pair = event.number("value"), _pair_before(run, event)
        if value is not None and pair is not None:
            samples.append((value, *pair))
    return classify_values(samples)


def _minimised(run: TrainingRun) -> list[Event]:
    """The losses that are back-propagated; all losses when no link was recorded."""
    losses = run.events("loss")
    linked = {event.get("loss") for event in run.events("backward")} - {None}
    return [event for event in losses if event.serial in linked] or losses


def _negated(run: TrainingRun) -> bool:
    """Whether gradients are computed from the losses with a minus before them."""
    losses = {event.serial: event.number("value") for event in run.events("loss")}
    values = [(event.number("value"), losses.get(event.get("loss"))) for event in run.events("backward")]
    known = [(value, loss) for value, loss in values if value and loss]
    return bool(known) and all(value * loss < 0 and close(-value, loss) for value, loss in known)


def _pair_before(run: TrainingRun, event: Event) -> tuple[Floats, Floats] | None:
    """Output and target of the batch that an event belongs to."""
    for one in run.passes:
        if not one.start <= event.serial <= one.stop:
            continue
        earlier = [pair for pair in outputs_and_targets(run.trace, one) if pair[0] < event.serial]
        return (earlier[-1][1], earlier[-1][2]) if earlier else None
    return None


def outputs_and_targets(trace: Trace, one: Pass) -> list[tuple[int, Floats, Floats]]:
    """Serial of the forward, output and target of every batch of a pass, as far as they were kept."""
    batches = {event.serial: event for event in one.of("batch")}
    losses = _next_losses(one)
    found: list[tuple[int, Floats, Floats]] = []
    for event in one.of("forward"):
        if event.get("module") != one.network:
            continue
        output = trace.array(event.get("out"))
        target = _target(trace, event, batches, losses.get(event.serial))
        if output is not None and output.ndim and target is not None and len(target) == len(output):
            found.append((event.serial, output, target))
    return found


def _next_losses(one: Pass) -> dict[int, Event]:
    """The loss that follows each forward, if one does before the next forward."""
    found: dict[int, Event] = {}
    latest: int | None = None
    for event in one.of("forward", "loss"):
        if event.kind == "forward":
            latest = event.serial
        elif latest is not None:
            found[latest], latest = event, None
    return found


def _target(trace: Trace, forward: Event, batches: dict[int, Event], loss: Event | None) -> Floats | None:
    """Targets of a forward: those of its loss, else of the latest batch of that size."""
    target = trace.array(loss.get("target")) if loss is not None else None
    if target is not None and len(target) == batch_size(forward):
        return target
    earlier = [serial for serial, batch in batches.items() if serial < forward.serial and batch.get("size")]
    fitting = [serial for serial in earlier if batches[serial].get("size") == batch_size(forward)] or earlier
    return trace.array(batches[max(fitting)].get("target")) if fitting else None


@dataclass(frozen=True)
class Losses:
    """Losses of an epoch's batches. Attributes: values and sizes of the batches; whether they are sums."""

    values: tuple[float, ...]
    sizes: tuple[int, ...]
    summed: bool = False

    @property
    def hypotheses(self) -> dict[str, float]:
        """Right averages (``mean …``) and what usual mistakes would give."""
        values, sizes = np.asarray(self.values), np.asarray(self.sizes, dtype=np.float64)
        samples, batches = float(sizes.sum()), len(values)
        total = float(values.sum())
        right = {"mean over batches": total / batches, "mean over samples": float((values * sizes).sum()) / samples}
        if self.summed:
            right = {"mean over samples": total / samples, "mean over batches": total / batches}
            return {**right, "sum": total, "last batch": float(values[-1])}
        return {
            **right,
            "sum over the batches": total,
            "sum over the samples": float((values * sizes).sum()),
            "sum of batch means divided by the number of samples": total / samples,
            "sum over samples divided by the number of batches": float((values * sizes).sum()) / batches,
            "last batch": float(values[-1]),
            "sum divided by the batch size": total / float(sizes[0]),
        }


def epoch_losses(run: TrainingRun) -> list[list[Losses]]:
    """For every epoch, the losses as called and as back-propagated (a penalty may have been added)."""
    return [[found for found in (called_losses(one), _propagated(one)) if found] for one in run.passes]


def called_losses(one: Pass) -> Losses | None:
    """The values of the loss functions called during a pass; NaN where a value was not finite."""
    pairs = []
    summed = False
    for event in one.of("loss"):
        value = event.number("value")
        summed = summed or event.get("reduction") == "sum"
        shape = event.get("in_shape") or [1]
        pairs.append((math.nan if value is None else value, int(shape[0]) if shape else 1))
    return Losses(tuple(v for v, _ in pairs), tuple(n for _, n in pairs), summed) if pairs else None


def _propagated(one: Pass) -> Losses | None:
    sizes = [int(event.get("size") or 0) for event in one.of("batch")]
    sizes = sizes or [batch_size(event) for event in one.of("forward")]
    numbers = [event.number("value") for event in one.of("backward")]
    values = [math.nan if number is None else number for number in numbers]
    if not values or len(values) != len(sizes):
        return None
    return Losses(tuple(values), tuple(sizes))


def argmax_decision(output: Floats, target: Floats) -> int | None:
    """Right predictions by the largest of C outputs; output (B, C), target (B) or one-hot (B, C)."""
    if output.ndim != 2 or output.shape[1] < 2:
        return None
    wanted = target.argmax(axis=1) if target.ndim == 2 and target.shape[1] > 1 else target.reshape(-1)
    return int((output.argmax(axis=1) == wanted).sum()) if len(wanted) == len(output) else None


@dataclass(frozen=True)
class Hits:
    """Right predictions of a pass. Attributes: right ones and sizes of the batches."""

    right: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def accuracy(self) -> float:
        """Share of right predictions."""
        return sum(self.right) / max(1, sum(self.sizes))

    @property
    def mean_of_batches(self) -> float:
        """Mean of the batches' accuracies."""
        return float(np.mean([r / max(1, n) for r, n in zip(self.right, self.sizes, strict=True)]))


def hits(trace: Trace, one: Pass, decide: Decide = argmax_decision) -> Hits | None:
    """Right predictions of a pass; None when outputs or targets of some batch were not kept."""
    pairs = outputs_and_targets(trace, one)
    wanted = len([event for event in one.of("forward") if event.get("module") == one.network])
    if not pairs or len(pairs) < wanted:
        return None
    right = [decide(output, target) for _, output, target in pairs]
    if any(count is None for count in right):
        return None
    return Hits(tuple(int(count or 0) for count in right), tuple(len(output) for _, output, _ in pairs))
