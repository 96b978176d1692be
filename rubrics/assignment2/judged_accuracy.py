"""The accuracy of 2(f): its rule, its denominator, and whether it is reported after each epoch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from grader.scoring import Outcome, Student, met, not_met, review
from rubrics.assignment2.accuracy import MEAN_OF_BATCHES, PER_SAMPLE, Reported, explain
from rubrics.assignment2.data import classes_of
from rubrics.assignment2.decisions import RIGHT
from rubrics.assignment2.facts import facts
from rubrics.assignment2.network import find_network
from rubrics.assignment2.runs import Training, network_lost, substituted_training, training_of_plain_network
from rubrics.assignment2.sparse import explain_last, explain_sparse
from rubrics.averages import epoch_losses
from rubrics.reported import Series
from rubrics.training import TrainingRun


def accuracy_outcomes(student: Student, training: Training) -> Iterator[Outcome]:
    """``2f.accuracy``, ``2f.normalization`` and ``2f.report``."""
    run = training.run
    names = ("accuracy", "normalization", "report")
    found = explain(run, training.series, training.samples) if run is not None else None
    if found is None and not _mentions_accuracy(student, training):
        yield from (not_met(f"2f.{name}", "no accuracy is computed") for name in names)
        return
    if run is None:
        yield from (review(f"2f.{name}", "the training did not run, and could not be made to run") for name in names)
        return
    if student.lost("2d.target") or (found is None and network_lost(student)):
        # what a wrong network returns, or targets without meaning, may spoil the figures: with right ones
        # they show what the training counts
        plain = student.find(substituted_training)
        if plain is not None and plain.run is not None:
            better = explain(plain.run, plain.series, plain.samples)
            training, found = (plain, better) if better is not None else (training, found)
    elif found is not None and found.alike:
        found = _told_apart(student, found)
    if found is not None:
        yield from _explained(training, found)
        return
    yield from _unexplained(student, training)


def _told_apart(student: Student, found: Reported) -> Reported:
    """With a network that predicts both classes, where one that predicts the same class for every name hides the rule.

    Only for networks that deliver logits, as the one that stands in does.
    """
    network = student.find(find_network)
    if network is None or network.fit is None or network.fit.end:
        return found
    plain = student.find(training_of_plain_network)
    better = explain(plain.run, plain.series, plain.samples) if plain is not None and plain.run is not None else None
    return replace(found, rule=better.rule) if better is not None else found


def _mentions_accuracy(student: Student, training: Training) -> bool:
    source = _used_source(student, training)
    if re.search(r"acc|correct|right|hits|richtig|treffer|genau|korrekt|==|\.eq\(", source, re.IGNORECASE):
        return bool(re.search(r"==|\.eq\(|accuracy_score|!=|torch\.sum|\.sum\(|mean\(", source))
    if training.run is not None and not training.repaired and _printed_later(training.run):
        return True
    return any("acc" in one.label.lower() for one in training.series)


def _printed_later(run: TrainingRun) -> bool:
    """Whether something that is called an accuracy was printed since the training began, in whatever cell."""
    prints = [event for event in run.trace.of("print") if event.serial >= run.start]
    return any(re.search(r"accura|genauigkeit", str(event.get("text")), re.IGNORECASE) for event in prints)


def _used_source(student: Student, training: Training) -> str:
    """The training's source without functions that were never called, and with what it uses of other cells."""
    found = student.find(facts)
    source = training.source
    own = {cell.index for cell in training.cells}
    functions = found.entries("functions")
    if training.run is not None and not training.repaired:
        for function in functions:
            if function.get("cell") in own and function.get("visits") == 0:
                source = source.replace(str(function.get("source")), "")
    words = set(re.findall(r"\w+", source))
    loops = [entry for entry in (*functions, *found.entries("classes")) if entry.get("cell") not in own]
    data = {str(kind.get("name")) for kind in classes_of(student)}
    used = [
        str(entry.get("source"))
        for entry in loops
        if {str(entry.get("name")).split(".")[-1], str(entry.get("class"))} & words
        and not {str(entry.get("name")).split(".")[0]} & data
    ]
    return "\n".join([source, *used])


def _explained(training: Training, found: Reported) -> Iterator[Outcome]:
    prefix = f"{training.repaired}: " if training.repaired else ""
    saw = f"{prefix}{found.series.where}: {found.series.text} ({found.source})"
    if found.rule == RIGHT:
        yield met("2f.accuracy", f"{saw}: {found.rule}")
    else:
        yield not_met("2f.accuracy", f"{saw}: {found.rule}")
    if found.denominator == PER_SAMPLE:
        yield met("2f.normalization", f"{saw}: divided by the number of samples")
    elif found.denominator == MEAN_OF_BATCHES:
        yield review("2f.normalization", f"{saw}: {MEAN_OF_BATCHES}, of which the last is smaller")
    elif found.denominator == "all samples since the first epoch":
        yield review("2f.normalization", f"{saw}: hits and samples are counted over all epochs so far")
    else:
        yield not_met("2f.normalization", f"{saw}: divided by {found.denominator}")
    yield _report(training, found, saw)


def _report(training: Training, found: Reported, saw: str) -> Outcome:
    """Figures that were only computed count as reported when something was printed for every epoch."""
    run = training.run
    if run is None or not found.series.where.startswith("computed"):
        return met("2f.report", saw)
    values = [number.value if number is not None else float("nan") for number in found.series.numbers]
    shown = [one for one in training.series if not one.where.startswith("computed")]
    same = next((one for one in shown if one.fits(values, (1.0, 100.0, 0.01))), None)
    if same is not None:
        return met("2f.report", f"{same.where}: {same.text}")
    prints = [event.serial for event in run.trace.of("print") if re.search(r"\d", str(event.get("text", "")))]
    each = all(any(e.start <= at and (e.stop is None or at < e.stop) for at in prints) for e in run.epochs)
    sparse = explain_sparse(run, training.samples)
    if sparse is not None and not each:
        return not_met("2f.report", f"{sparse[2]}, not after each epoch")
    if re.search(r"add_scalar|wandb|mlflow|\.log\(|set_postfix|set_description", training.source):
        return met("2f.report", f"{saw}; it is logged")
    if each:
        return review("2f.report", f"{saw}; it is not among the figures that are printed for each epoch")
    return not_met("2f.report", f"{saw}, which is not printed")


def _unexplained(student: Student, training: Training) -> Iterator[Outcome]:
    """No series fits: reported less often than each epoch, or with a value that nothing explains."""
    run = training.run
    labelled = [one for one in training.series if re.search(r"acc|correct|genau|richtig", one.label, re.IGNORECASE)]
    shown = labelled[0] if labelled else _other_figures(training)
    if shown is not None:
        saw = f"{shown.where}: {shown.text}, which no usual computation gives"
        yield review("2f.accuracy", saw)
        yield review("2f.normalization", saw)
        yield met("2f.report", f"{shown.where}: {shown.text}")
        return
    sparse = explain_sparse(run, training.samples) if run is not None else None
    if student.lost("2d.target"):  # every prediction may be right where the targets are all the same
        plain = student.find(substituted_training)
        seen = explain_sparse(plain.run, plain.samples) if plain is not None and plain.run is not None else None
        sparse = seen or sparse
    if sparse is None and run is not None and not training.repaired:
        sparse = explain_last(run, _left_over(student), training.samples)
    if sparse is None or run is None:
        saw = "an accuracy is computed, but its values were not found"
        yield review("2f.accuracy", saw)
        yield review("2f.normalization", saw)
        yield not_met("2f.report", "no accuracy is reported after each epoch")
        return
    rule, denominator, text = sparse
    yield met("2f.accuracy", text) if rule == RIGHT else not_met("2f.accuracy", f"{text}: {rule}")
    if denominator == PER_SAMPLE:
        yield met("2f.normalization", text)
    elif denominator == MEAN_OF_BATCHES:
        yield review("2f.normalization", f"{text}: {MEAN_OF_BATCHES}")
    else:
        yield not_met("2f.normalization", f"{text}: divided by {denominator}")
    yield not_met("2f.report", f"{text}, not after each epoch")


_NO_ACCURACY = re.compile(r"loss|time|took|sec|\blr\b|rate|norm|grad|\bs$", re.IGNORECASE)


def _other_figures(training: Training) -> Series | None:
    """Figures that were printed for every epoch and are neither its number nor a loss."""
    run = training.run
    if run is None or len(run.epochs) < 2:
        return None
    losses = [[value for one in epoch for value in one.hypotheses.values()] for epoch in epoch_losses(run)]
    for one in training.series:
        numbers = one.known
        if not one.where.startswith("printed") or _NO_ACCURACY.search(one.label) or len(numbers) < len(run.epochs):
            continue
        counter = all(number.unit == 1 and number.value == int(number.value) < 100 for number in numbers)
        loss = all(
            any(number.within(value, 1e-2) for value in values) for number, values in zip(numbers, losses, strict=False)
        )
        if not counter and not loss:
            return one
    return None


def _left_over(student: Student) -> dict[str, float]:
    """Single numbers that the notebook's variables, and those of its functions' last calls, ended with."""
    found = student.find(facts)
    described = {str(entry.get("name")): entry.get("value") for entry in found.entries("globals")}
    for function in found.entries("functions"):
        for call in (function.get("calls") or ())[-1:]:
            described |= {str(name): value for name, value in (call.get("locals") or {}).items()}
    numbers = {name: found.value(value).number() for name, value in described.items()}
    return {name: number for name, number in numbers.items() if number is not None}
