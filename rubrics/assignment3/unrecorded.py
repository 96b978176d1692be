"""Testing of networks that are plain functions, whose calls the recorder does not see."""

from __future__ import annotations

from grader.probe import expr
from grader.probe.types import Request
from grader.probe.value import step_values
from grader.scoring import Outcome, Student, carried, met, not_met, partial, review
from rubrics.assignment3.objects import objects, roles
from rubrics.assignment3.probing import find_network
from rubrics.assignment3.runs import Training
from rubrics.averages import argmax_decision
from rubrics.reported import Series
from rubrics.source import calls
from rubrics.training import TrainingRun


def unrecorded_accuracy(student: Student, training: Training, run: TrainingRun) -> Outcome:
    """Judged by the passes over the test loader and by the accuracy that the network has in the end."""
    criterion = "3e.test-accuracy"
    begun = [
        event.serial
        for event in run.trace.of("iter")
        if event.get("loader") in training.test_loaders and not event.get("end")
    ]
    each = [
        any(serial >= epoch.start and (epoch.stop is None or serial < epoch.stop) for serial in begun)
        for epoch in run.epochs
    ]
    if not any(each):
        return not_met(criterion, "The test set was not evaluated.")
    truth = final_accuracy(student)
    if truth is None:
        return review(criterion, "The network is a function whose test outputs could not be computed again.")
    if run.shortened:
        return review(criterion, "The training was cut short, and the calls of a function are not recorded.")
    if all(each):
        reported = [series for series in training.series if _ends_with(series, truth)]
        if reported:
            return met(criterion, f"{reported[0].where}: {reported[0].text}.")
        named = [series for series in training.series if "acc" in series.label.lower()]
        if named:
            saw = f"{named[0].where}: {named[0].text}; the true one in the end is {truth:.4g}."
            return not_met(criterion, saw, variant="wrong")
        return not_met(criterion, f"No accuracy is reported after each epoch; in the end it is {truth:.4g}.")
    if each[-1] and not any(each[:-1]):
        return partial(criterion, 0.5, f"The test accuracy ({truth:.4g}) is computed only once, after the last epoch.")
    return review(criterion, f"The test set was evaluated after {sum(each)} of {len(each)} epochs.")


def _ends_with(series: Series, truth: float) -> bool:
    """Whether a series of shares ends with the accuracy that the network has in the end."""
    last = series.numbers[-1]
    shares = all(0 <= number.value <= 100 for number in series.known)
    return last is not None and last.unit != 1 and shares and (last.fits(truth) or last.fits(100 * truth))


def final_accuracy(student: Student) -> float | None:
    """Accuracy of the network, as it is now, on the data of its test loader."""
    network, loader = student.find(find_network), student.find(roles).test
    if network is None or loader is None or loader.dataset is None:
        return None
    arguments = [
        expr.item(expr.slot("batch"), expr.value(0)) if one == expr.tensor("images") else one
        for one in network.candidate.arguments or (expr.tensor("images"),)
    ]
    whole = expr.loader(expr.obj(loader.dataset.obj), min(loader.dataset.length or 1, 4_000))
    first = expr.call(expr.importing("builtins.next"), [expr.call(expr.importing("builtins.iter"), [whole])])
    steps = [
        {"slot": "batch", "expr": first, "quiet": True},
        {"slot": "labels", "expr": expr.item(expr.slot("batch"), expr.value(1))},
        {"slot": "out", "expr": expr.call(network.candidate.called, arguments), "grad": False},
    ]
    values = step_values(student.ask(Request("evaluate", {"steps": steps}, timeout_s=120)))
    out, labels = values.get("out"), values.get("labels")
    output = out.numbers() if out is not None else None
    target = labels.numbers() if labels is not None else None
    if output is None or target is None or len(target) != loader.dataset.length:
        return None
    right = argmax_decision(output, target)
    return None if right is None else right / len(target)


def unrecorded_mode(student: Student, accuracy: Outcome) -> Outcome:
    """A function has no mode; whether gradients are off is read from the source."""
    criterion = "3e.eval"
    if accuracy.kind == "not-met" and not accuracy.variant:
        return carried(criterion, "3e", "No test accuracy is computed, so there is no evaluation to judge.")
    if any(calls(cell.tree, "no_grad", "inference_mode", "set_grad_enabled") for cell in student.find(objects).cells):
        return met(criterion, "The network is a function; the source turns gradients off.")
    return not_met(criterion, "While testing, gradients are recorded.")
