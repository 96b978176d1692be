"""Accuracies that are reported for some epochs only: every few, or after the last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rubrics.assignment2.accuracy import PER_SAMPLE, Reported, explain
from rubrics.assignment2.decisions import RIGHT
from rubrics.reported import Number, Series, numbers_in
from rubrics.training import Epoch, TrainingRun

_NO_ACCURACY = re.compile(r"loss|epoch|^(i|e|k|n|s|lr)$", re.IGNORECASE)


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
        key=lambda pair: (pair[1].rule != RIGHT) + (pair[1].denominator != PER_SAMPLE),
    )
    return best.rule, best.denominator, text


def explain_last(run: TrainingRun, values: Mapping[str, float], samples: Sequence[int]) -> tuple[str, str, str] | None:
    """Rule, denominator and evidence of a variable that holds the accuracy of the last epoch alone.

    Args:
        run: The training.
        values: Numbers that the notebook ended with, by name.
        samples: Sizes of data sets.
    """
    if run.shortened:
        return None
    earlier = (None,) * (len(run.epochs) - 1)
    series = [
        Series(name, f"left in `{name}`", (*earlier, Number(value)))
        for name, value in values.items()
        if not _NO_ACCURACY.search(name)
    ]
    found = explain(run, series, samples)
    return None if found is None else (found.rule, found.denominator, f"{found.series.where}: {found.series.text}")


def _since_the_first(run: TrainingRun, samples: Sequence[int]) -> Iterator[tuple[str, Reported]]:
    """What was reported after the last epoch and counts all of them."""
    if len(run.epochs) < 2 or run.shortened:
        return
    for series in _printed(run, run.epochs[-1]):
        if series.known and series.known[0].value == len(run.epochs):
            continue  # so many epochs, not so many hits
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
                counted = re.search(r"acc|genau|correct|richtig|treffer", label, re.IGNORECASE)
                if counted or number.percent or 0 < number.value < 1:
                    where = f"printed in cell {event.cell + 1}" if event.cell is not None else "printed"
                    yield Series(label or "accuracy", where, (Number(number.value, number.unit, number.percent),))
