"""The accuracies of a training: what they should be, and what the usual mistakes would give."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rubrics.assignment2.decisions import RIGHT, RULES, TIES, Rule, may_tie
from rubrics.losses import is_probability
from rubrics.reported import Match, Series, match
from rubrics.trace import Event, Floats, Pass, Trace
from rubrics.training import Epoch, TrainingRun


@dataclass(frozen=True)
class Counted:
    """Right predictions of a pass under a rule. Attributes: of each batch; sizes of the batches; elements a name."""

    right: tuple[int, ...]
    sizes: tuple[int, ...]
    elements: int = 1


def predictions(trace: Trace, one: Pass) -> list[tuple[Floats, Floats]]:
    """Output and target (B) of each batch.

    Of a network called once an element, its last output of the batch; of one called once a name, those of all names.
    """
    pairs: list[tuple[Floats, Floats]] = []
    output: Floats | None = None
    batch: Event | None = None
    target: Floats | None = None
    singles: list[Floats] = []
    has_batches = bool(one.of("batch"))
    held = {} if one.of("batch", "loss") else _held_targets(trace)

    def close() -> None:
        alike = len({one.size for one in singles}) == 1
        given = np.stack(singles) if alike and target is not None and 1 < len(singles) == len(target) else output
        singles.clear()
        if given is not None and target is not None and given.ndim:
            flat = _targets(target, len(given))
            if flat is not None:
                pairs.append((given, flat))

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
            if found is not None and found.size <= 2 and (found.ndim < 2 or len(found) == 1):
                singles.append(found.reshape(-1))
            target = held.get(len(output)) if held and output is not None and output.ndim else target
        elif event.kind == "loss":
            target = target if target is not None else trace.array(event.get("target"))
            given = trace.array(event.get("input"))
            if output is None or (given is not None and _says_more(output, given, target)):
                output = given
    close()
    return pairs


def _says_more(output: Floats, given: Floats, target: Floats | None) -> bool:
    """Whether the predictions of a batch are in what the loss got, and not in what the network gave last."""
    one_of_many = target is not None and output.ndim > 0 and len(output) != target.shape[0] == given.shape[0]
    return one_of_many or _picks_own_element(output, given) or _inner(output, given)


def _picks_own_element(output: Floats, given: Floats) -> bool:
    """Whether a loss got one element of each sequence (B, S, O), not the same for all: the last before the padding."""
    if output.ndim != 3 or given.size != output[:, 0].size:
        return False
    close = np.isclose(output, given.reshape(len(output), 1, -1), rtol=1e-5, atol=1e-7)
    same = np.all(close, axis=2)
    return bool(np.any(same, axis=1).all() and not np.all(same, axis=0).any())


def _held_targets(trace: Trace) -> dict[int, Floats]:
    """Targets of batches, by their sizes, that may have been taken from a loader long before a network got them.

    Only of batches whose size no other has, as of a whole data set.
    """
    batches = [(int(event.get("size") or 0), event) for event in trace.of("batch")]
    sizes = Counter(size for size, _ in batches)
    arrays = {size: trace.array(event.get("target")) for size, event in batches if sizes[size] == 1}
    return {size: array for size, array in arrays.items() if array is not None}


def _inner(output: Floats, given: Floats) -> bool:
    """Whether an output (B, K) is of a layer inside, as of a network whose ``forward`` is called by its name."""
    return output.ndim == 2 and output.shape[1] > 2 >= given.size / max(len(output), 1) and len(given) == len(output)


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


def counted(
    pairs: Sequence[tuple[Floats, Floats]], rule: Rule, *, probability: bool, elements: int = 1
) -> Counted | None:
    """Right predictions of a pass, of names of so many elements; None when the rule does not apply."""
    right = [rule(output, target, probability) for output, target in pairs]
    if not pairs or any(number is None for number in right):
        return None
    elements = pairs[0][0].shape[1] if pairs[0][0].ndim == 3 else elements
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
        if number not in {0, seen}:
            yield f"{number}, the size of a data set", right / number


@dataclass(frozen=True)
class Reported:
    """What the reported accuracy is.

    Attributes:
        rule: The decision rule.
        denominator: What the hits are divided by.
        series: Where it is reported.
        source: Which data it is of.
        alike: Whether another rule gives the same, since the network always predicts one class.
    """

    rule: str
    denominator: str
    series: Series
    source: str
    alike: bool = False


@dataclass
class Seen:
    """Predictions of an epoch, by what was predicted."""

    pairs: dict[str, list[tuple[Floats, Floats]]]


_OTHER_DATA = "of other data"


def _of_epoch(run: TrainingRun, epoch: Epoch) -> Seen:
    found = {"while training": predictions(run.trace, epoch.training)}
    for at, one in enumerate(epoch.evaluations[:4]):
        same = one.loader == epoch.training.loader or one.samples == epoch.training.samples
        pairs = predictions(run.trace, one)
        if not _without_labels(pairs, found["while training"]):
            found[f"evaluation {at + 1}{'' if same else f' {_OTHER_DATA}'}"] = pairs
    return Seen({name: pairs for name, pairs in found.items() if pairs})


def _without_labels(pairs: Sequence[tuple[Floats, Floats]], trained: Sequence[tuple[Floats, Floats]]) -> bool:
    """Whether a pass had one target for all names, in place of labels: its predictions are compared elsewhere."""
    given, learnt = ({float(value) for _, target in some for value in target} for some in (pairs, trained))
    return len(given) == 1 < len(learnt) and sum(len(target) for _, target in pairs) > 2 * len(pairs) > 0


def explain(run: TrainingRun, series: Sequence[Series], samples: Sequence[int]) -> Reported | None:
    """Which accuracy was reported for each epoch: the right one first, then what mistakes give."""
    epochs = [_of_epoch(run, epoch) for epoch in run.epochs]
    if not epochs:
        return None
    sources = [name for name in epochs[0].pairs if all(name in epoch.pairs for epoch in epochs)]
    truths: dict[tuple[str, str, str], list[float]] = {}
    made_by = _made_by(run)
    elements = _elements(run)
    tied = any(may_tie(output) for epoch in epochs for source in sources for output, _ in epoch.pairs[source])
    for rule_name, rule in {**RULES, **(TIES if tied else {})}.items():
        for source in sources:
            probability = _probabilities(epochs, source, made_by)
            counts = [
                counted(epoch.pairs[source], rule, probability=probability, elements=elements) for epoch in epochs
            ]
            if any(count is None for count in counts):
                continue
            known = [count for count in counts if count is not None]
            for name, values in _series_of(known, samples):
                if rule_name not in TIES or values != truths.get((RIGHT, name, source)):
                    truths[rule_name, name, source] = values
    return _matched(series, truths)


def _elements(run: TrainingRun) -> int:
    """S of the batches (B, S, D)."""
    shapes = [shape for event in run.events("batch")[:1] for shape in event.get("shapes") or ()]
    return next((int(shape[1]) for shape in shapes if len(shape) == 3), 1)


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


_SOUND = {RIGHT, *TIES}
_USUAL = {PER_SAMPLE, MEAN_OF_BATCHES, "the number of batches", "the batch size"}
_DIGITS = 5.0


def _telling(series: Series) -> bool:
    """Whether numbers without a word for accuracy have so many digits that no mistake explains them by chance."""
    digits = [math.log10(max(abs(n.value) / max(n.unit, 1e-6), 1.0)) for n in series.known]
    return len(digits) > 1 and sum(digits) >= _DIGITS


def _mistakes(key: tuple[str, str, str]) -> tuple[bool, int]:
    """Whether a rule, a denominator and a source are of other data; how many mistakes they are."""
    return key[2].endswith(_OTHER_DATA), (key[0] not in _SOUND) + (key[1] != PER_SAMPLE)


def _exact(series: Series, truth: Sequence[float]) -> bool:
    """Whether the numbers are the truth with all of its digits: a printed 0.5 may be just that."""
    return any(
        all(n is None or abs(n.value - scale * t) < 1e-9 for n, t in zip(series.numbers, truth, strict=True))
        for scale in (1.0, 100.0)
    )


def _matched(series: Sequence[Series], truths: dict[tuple[str, str, str], list[float]]) -> Reported | None:
    """Right reports first, then those of one mistake, then of two; named so, then "train" in a label, then others.

    Among those of equally many mistakes, one with the very numbers comes before one that only rounds to them. A wrong
    number that was only computed may be a step to a right one (the hits, before they are divided) without a word.
    """
    step: Reported | None = None
    labelled = [one for one in series if _is_named(one) or "%" in one.label]
    rest = [one for one in series if one not in labelled and "loss" not in one.label.lower()]
    trained = [one for one in rest if "train" in one.label.lower()]
    others = [one for one in rest if one not in trained]
    sure = [one for one in others if _telling(one)]
    order = sorted(truths, key=_mistakes)
    for group in (labelled, trained, others):
        best: Reported | None = None
        for key in order:
            if best is not None and _mistakes(key)[1] > max(1, _mistakes(_key(best))[1]):
                break
            usual = key[0] in _SOUND and key[1] in _USUAL and any(truths[key])
            candidates = group if group is not others or usual else sure
            if not any(truths[key]):  # a count that nothing is added to is none, unless somebody reads it
                candidates = [one for one in candidates if _is_named(one) and not one.where.startswith("computed")]
            found: Match | None = match(candidates, {"": truths[key]}, (1.0, 100.0))
            if found is not None and (best is None or _better(found.series, truths, best, key)):
                alike = {k for k, v in truths.items() if k[1:] == key[1:] and v == truths[key]}
                others_too = any(k[0] not in {key[0], *TIES} for k in alike)
                rule = RIGHT if key[0] in TIES else key[0]
                best = Reported(rule, key[1], found.series, key[2], others_too)
                if _exact(found.series, truths[key]):
                    break
        if best is None or (step is not None and _mistakes(_key(best)) >= _mistakes(_key(step))):
            continue
        if not best.series.where.startswith("computed") or not _mistakes(_key(best))[1]:
            return best
        step = best
    return step


def _is_named(series: Series) -> bool:
    """Whether the words before the numbers speak of right predictions, and are not those of a progress bar."""
    return bool(re.search(r"acc|correct|genau|richtig|treffer|korrekt", series.label, re.IGNORECASE))


def _key(found: Reported) -> tuple[str, str, str]:
    return found.rule, found.denominator, found.source


def _better(
    series: Series, truths: dict[tuple[str, str, str], list[float]], best: Reported, key: tuple[str, str, str]
) -> bool:
    """Whether a later explanation of the same numbers is to be preferred, since it has all of their digits.

    One of more mistakes only where the numbers have one digit: a rounded 0.52 and a plain 0.5 look alike.
    """
    if series != best.series or not _exact(series, truths[key]):
        return False
    short = all(0.1 <= number.unit < 1 for number in series.known)
    return _mistakes(key) == _mistakes(_key(best)) or (short and not key[2].endswith(_OTHER_DATA))
