"""The accuracies of a training: what they should be, and what the usual mistakes would give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reference.assignment2 import predicted
from rubrics.losses import is_probability
from rubrics.reported import Match, Series, match
from rubrics.trace import Event, Floats, Pass, Trace
from rubrics.training import Epoch, TrainingRun

Rule = Callable[[Floats, Floats, bool], "int | None"]
"""Right predictions from output (B, O), (B, S, O) or (B), target (B), and whether outputs are probabilities."""


def _final(output: Floats) -> Floats:
    return output[:, -1] if output.ndim == 3 else output


def _decided(z: Floats, target: Floats, threshold: float) -> int:
    return int((predicted(z, threshold) == target).sum())


def _right(output: Floats, target: Floats, probability: bool) -> int | None:
    return _decided(_final(output), target, 0.5 if probability else 0.0)


def _half_of_logit(output: Floats, target: Floats, probability: bool) -> int | None:
    z = _final(output)
    return None if probability or z.reshape(len(z), -1).shape[1] > 1 else _decided(z, target, 0.5)


def _zero_of_probability(output: Floats, target: Floats, probability: bool) -> int | None:
    z = _final(output)
    return _decided(z, target, 0.0) if probability and z.reshape(len(z), -1).shape[1] == 1 else None


def _first_element(output: Floats, target: Floats, probability: bool) -> int | None:
    return _decided(output[:, 0], target, 0.5 if probability else 0.0) if output.ndim == 3 else None


def _mean_element(output: Floats, target: Floats, probability: bool) -> int | None:
    return _decided(output.mean(axis=1), target, 0.5 if probability else 0.0) if output.ndim == 3 else None


def _inverted(output: Floats, target: Floats, probability: bool) -> int | None:
    right = _right(output, target, probability)
    return None if right is None else len(target) - right


def _other_threshold(threshold: float) -> Rule:
    def rule(output: Floats, target: Floats, probability: bool) -> int | None:
        del probability
        z = _final(output)
        return _decided(z, target, threshold) if z.reshape(len(z), -1).shape[1] == 1 else None

    return rule


def _single_argmax(output: Floats, target: Floats, probability: bool) -> int | None:
    del probability
    z = _final(output)
    return int((target == 0).sum()) if z.reshape(len(z), -1).shape[1] == 1 else None


def _argmax_over_batch(output: Floats, target: Floats, probability: bool) -> int | None:
    del probability
    z = _final(output).reshape(len(output), -1)
    predicted = z.argmax(axis=0)
    return int((predicted[:, None] == target[None, :]).sum()) if z.shape[1] > 1 else None


RIGHT = "the final element decides"
RULES: dict[str, Rule] = {
    RIGHT: _right,
    "a logit is compared with 0.5": _half_of_logit,
    "a probability is compared with 0": _zero_of_probability,
    "the first element decides": _first_element,
    "the mean over the elements decides": _mean_element,
    "the classes are swapped": _inverted,
    "argmax of a single output is always 0": _single_argmax,
    "argmax runs over the batch": _argmax_over_batch,
    "the output is compared with 1": _other_threshold(1.0),
    "the output is compared with -0.5": _other_threshold(-0.5),
    "the output is compared with -1": _other_threshold(-1.0),
}


@dataclass(frozen=True)
class Counted:
    """Right predictions of a pass under a rule. Attributes: of each batch; sizes of the batches; elements a name."""

    right: tuple[int, ...]
    sizes: tuple[int, ...]
    elements: int = 1


def predictions(trace: Trace, one: Pass) -> list[tuple[Floats, Floats]]:
    """Output and target (B) of each batch; of a network called once an element, its last output of the batch."""
    pairs: list[tuple[Floats, Floats]] = []
    output: Floats | None = None
    batch: Event | None = None
    target: Floats | None = None
    has_batches = bool(one.of("batch"))

    def close() -> None:
        if output is not None and target is not None and output.ndim:
            flat = _targets(target, len(output))
            if flat is not None:
                pairs.append((output, flat))

    for event in one.events:
        begins = event.kind == "batch" if has_batches else event.kind == "forward" and target is not None
        if begins:
            close()
            output, target = None, None
        if event.kind == "batch":
            batch = event
            target = trace.array(batch.get("target"))
        elif event.kind == "forward" and event.get("module") == one.network:
            found = trace.array(event.get("out"))
            output = found if found is not None else output
        elif event.kind == "loss":
            target = target if target is not None else trace.array(event.get("target"))
            given = trace.array(event.get("input"))
            if output is None or (given is not None and _picks_own_element(output, given)):
                output = given
    close()
    return pairs


def _picks_own_element(output: Floats, given: Floats) -> bool:
    """Whether a loss got one element of each sequence (B, S, O), not the same for all: the last before the padding."""
    if output.ndim != 3 or given.size != output[:, 0].size:
        return False
    close = np.isclose(output, given.reshape(len(output), 1, -1), rtol=1e-5, atol=1e-7)
    same = np.all(close, axis=2)
    return bool(np.any(same, axis=1).all() and not np.all(same, axis=0).any())


def _targets(target: Floats, size: int) -> Floats | None:
    if target.ndim == 2 and target.shape == (size, 2):
        return np.asarray(target.argmax(axis=1), dtype=np.float64)
    flat = target.reshape(-1)
    if len(flat) == size:
        return flat
    return flat.reshape(size, -1)[:, -1] if size and len(flat) % size == 0 else None


def _probabilities(epochs: Sequence[Seen], source: str, produced_by: str) -> bool:
    return all(is_probability(produced_by, output) for epoch in epochs for output, _ in epoch.pairs[source])


def _made_by(run: TrainingRun) -> str:
    """The operation that made the network's outputs while it was trained; evaluations have no graph."""
    networks = {epoch.training.network for epoch in run.epochs}
    made = [
        str(event.get("produced_by", ""))
        for event in run.trace.events
        if event.kind == "forward" and event.get("module") in networks
    ]
    return next((name for name in made if name), "")


def counted(pairs: Sequence[tuple[Floats, Floats]], rule: Rule, *, probability: bool) -> Counted | None:
    """Right predictions of a pass; None when the rule does not apply."""
    right = [rule(output, target, probability) for output, target in pairs]
    if not pairs or any(number is None for number in right):
        return None
    elements = pairs[0][0].shape[1] if pairs[0][0].ndim == 3 else 1
    return Counted(tuple(int(n or 0) for n in right), tuple(len(target) for _, target in pairs), elements)


PER_SAMPLE = "the number of samples"
MEAN_OF_BATCHES = "the mean of the batches' accuracies"


def normalised(count: Counted, samples: Sequence[int]) -> Iterator[tuple[str, float]]:
    """The accuracy, and what wrong denominators give."""
    right, seen, batches = float(sum(count.right)), float(sum(count.sizes)), float(len(count.sizes))
    largest = float(max(count.sizes))
    yield PER_SAMPLE, right / seen
    yield MEAN_OF_BATCHES, float(np.mean([r / n for r, n in zip(count.right, count.sizes, strict=True)]))
    yield "the number of batches", right / batches
    yield "the batch size", right / largest
    yield "batches times the batch size", right / (batches * largest)
    yield "nothing", right
    yield (
        "the mean of the batches' accuracies, divided by the batch size",
        float(np.mean([r / n for r, n in zip(count.right, count.sizes, strict=True)])) / largest,
    )
    yield (
        "nothing, though batches are divided",
        float(sum(r / n for r, n in zip(count.right, count.sizes, strict=True))),
    )
    yield (
        "the sum of the batches' accuracies by the number of samples",
        float(sum(r / n for r, n in zip(count.right, count.sizes, strict=True))) / seen,
    )
    yield "the last batch alone", count.right[-1] / count.sizes[-1]
    yield "the last batch's hits by the number of samples", count.right[-1] / seen
    yield "twice the number of samples", right / (2 * seen)
    yield "one batch less", right / (seen - count.sizes[-1]) if batches > 1 else -1.0
    yield "one batch too few", right / (batches - 1) if batches > 1 else -1.0
    yield "the last batch's size", right / count.sizes[-1]
    if count.elements > 1:
        yield "samples times elements", right / (seen * count.elements)
    for number in samples:
        if number != seen:
            yield f"{number}, the size of a data set", right / number


@dataclass(frozen=True)
class Reported:
    """What the reported accuracy is. Attributes: rule; denominator; the series; whether it is of the training data."""

    rule: str
    denominator: str
    series: Series
    source: str


@dataclass
class Seen:
    """Predictions of an epoch, by what was predicted."""

    pairs: dict[str, list[tuple[Floats, Floats]]]


_OTHER_DATA = "of other data"


def _of_epoch(run: TrainingRun, epoch: Epoch) -> Seen:
    found = {"while training": predictions(run.trace, epoch.training)}
    for at, one in enumerate(epoch.evaluations[:4]):
        same = one.loader == epoch.training.loader or one.samples == epoch.training.samples
        found[f"evaluation {at + 1}{'' if same else f' {_OTHER_DATA}'}"] = predictions(run.trace, one)
    return Seen({name: pairs for name, pairs in found.items() if pairs})


def explain(run: TrainingRun, series: Sequence[Series], samples: Sequence[int]) -> Reported | None:
    """Which accuracy was reported for each epoch: the right one first, then what mistakes give."""
    epochs = [_of_epoch(run, epoch) for epoch in run.epochs]
    if not epochs:
        return None
    sources = [name for name in epochs[0].pairs if all(name in epoch.pairs for epoch in epochs)]
    truths: dict[tuple[str, str, str], list[float]] = {}
    made_by = _made_by(run)
    for rule_name, rule in RULES.items():
        for source in sources:
            probability = _probabilities(epochs, source, made_by)
            counts = [counted(epoch.pairs[source], rule, probability=probability) for epoch in epochs]
            if any(count is None for count in counts):
                continue
            known = [count for count in counts if count is not None]
            for name, values in _series_of(known, samples):
                truths[rule_name, name, source] = values
    return _matched(series, truths)


def _series_of(counts: Sequence[Counted], samples: Sequence[int]) -> Iterator[tuple[str, list[float]]]:
    per_epoch = [dict(normalised(count, samples)) for count in counts]
    for name in per_epoch[0]:
        if all(name in one for one in per_epoch):
            yield name, [one[name] for one in per_epoch]
    if len(counts) > 1:
        right, seen = np.cumsum([sum(c.right) for c in counts]), np.cumsum([sum(c.sizes) for c in counts])
        yield "all samples since the first epoch", [float(r / n) for r, n in zip(right, seen, strict=True)]
        first = sum(counts[0].sizes)
        yield "the number of samples, though hits are never reset", [float(r / first) for r in right]
        yield "nothing, and hits are never reset", [float(r) for r in right]
        yield (
            "samples since the first epoch, though hits are reset",
            [float(sum(c.right) / n) for c, n in zip(counts, seen, strict=True)],
        )


def _matched(series: Sequence[Series], truths: dict[tuple[str, str, str], list[float]]) -> Reported | None:
    """Right reports first, then those of one mistake, then of two; "acc" in a label, then "train", then others."""
    labelled = [
        one for one in series if "acc" in one.label.lower() or "correct" in one.label.lower() or "%" in one.label
    ]
    rest = [one for one in series if one not in labelled and "loss" not in one.label.lower()]
    trained = [one for one in rest if "train" in one.label.lower()]
    others = [one for one in rest if one not in trained]
    order = sorted(truths, key=lambda key: (key[2].endswith(_OTHER_DATA), (key[0] != RIGHT) + (key[1] != PER_SAMPLE)))
    for group in (labelled, trained, others):
        for key in order:
            if group is others and (
                key[0] != RIGHT
                or key[1] not in {PER_SAMPLE, MEAN_OF_BATCHES, "the number of batches", "the batch size"}
                or not any(truths[key])
            ):
                continue
            found: Match | None = match(group, {"": truths[key]}, (1.0, 100.0))
            if found is not None:
                return Reported(key[0], key[1], found.series, key[2])
    return None
