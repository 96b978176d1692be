"""Accuracies that are reported for some epochs only: every few, or after the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rubrics.assignment2.accuracy import Reported, explain
from rubrics.reported import Number, Series, numbers_in
from rubrics.training import Epoch, TrainingRun


def explain_sparse(run: TrainingRun, samples: Sequence[int]) -> tuple[str, str, str] | None:
    """Rule, denominator and evidence of the first number that is the accuracy of a single epoch."""
    candidates: list[tuple[str, Reported]] = []
    for epoch in run.epochs:
        if epoch.shortened:
            continue
        single = TrainingRun(run.network, run.cell, [epoch], run.trace, run.before)
        for series in _printed(run, epoch):
            found = explain(single, [series], samples)
            if found is not None:
                candidates.append((f"{series.where}: {series.text}", found))
    candidates = candidates or list(_since_the_first(run, samples))
    if not candidates:
        return None
    text, best = min(
        candidates,
        key=lambda pair: (
            (pair[1].rule != "the final element decides") + (pair[1].denominator != "the number of samples")
        ),
    )
    return best.rule, best.denominator, text


def _since_the_first(run: TrainingRun, samples: Sequence[int]) -> Iterator[tuple[str, Reported]]:
    """What was reported after the last epoch and counts all of them."""
    if len(run.epochs) < 2 or run.shortened:
        return
    for series in _printed(run, run.epochs[-1]):
        earlier = (None,) * (len(run.epochs) - 1)
        found = explain(run, [replace(series, numbers=(*earlier, *series.numbers))], samples)
        if found is not None:
            yield f"{series.where}: {series.text}", found


def _printed(run: TrainingRun, epoch: Epoch) -> Iterator[Series]:
    last = epoch is run.epochs[-1]
    for event in run.trace.of("print"):
        inside = event.serial >= epoch.start and (epoch.stop is None or event.serial < epoch.stop)
        if not inside and not (last and event.serial >= epoch.start):
            continue
        for line in str(event.get("text", "")).splitlines():
            for label, number in numbers_in(line):
                if "acc" in label.lower() or number.percent or 0 < number.value < 1:
                    where = f"printed in cell {event.cell + 1}" if event.cell is not None else "printed"
                    yield Series(label or "accuracy", where, (Number(number.value, number.unit, number.percent),))
