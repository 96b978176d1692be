"""Criteria of question 3e on the evaluation with the test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.probe import expr
from grader.probe.types import Request
from grader.probe.value import step_values
from grader.scoring import Outcome, Student, carried, met, not_met, partial, review
from rubrics.assignment3.classified import decided
from rubrics.assignment3.objects import objects
from rubrics.assignment3.probing import Network, find_network, fresh_images
from rubrics.assignment3.regularization import always_drops
from rubrics.assignment3.runs import Training
from rubrics.assignment3.unrecorded import unrecorded_accuracy, unrecorded_mode
from rubrics.averages import Hits, hits
from rubrics.reported import Match, Series, match, printed_after
from rubrics.source import calls
from rubrics.trace import Event, Floats, Pass, batch_size
from rubrics.training import TrainingRun

SHARES = (1.0, 100.0)
"""Accuracies may be reported as shares or in percent."""

_ACCURACY_WORDS = ("acc", "correct", "genauig", "precision", "précision", "exactitud", "precisión", "treffer")
"""What accuracies are called, here and elsewhere."""

COUNTS = "number of right predictions"

MODE_LAYERS = ("Dropout", "BatchNorm", "InstanceNorm", "AlphaDropout", "FeatureAlphaDropout")


@dataclass(frozen=True)
class Tested:
    """Passes over the test set after each epoch; an inner list is empty where there was none."""

    epochs: tuple[tuple[Pass, ...], ...]

    @property
    def all(self) -> list[Pass]:
        """All of them."""
        return [one for passes in self.epochs for one in passes]

    @property
    def every(self) -> bool:
        """Whether each epoch has one."""
        return bool(self.epochs) and all(self.epochs)

    @property
    def only_last(self) -> bool:
        """Whether only the last epoch has one, though there are several."""
        return len(self.epochs) > 1 and bool(self.epochs[-1]) and not any(self.epochs[:-1])


def tested(student: Student, training: Training, run: TrainingRun) -> Tested:
    """The passes over the test set."""
    lengths = {d.length for d in student.find(objects).of_split("test") if d.length}
    found = []
    for epoch in run.epochs:
        passes = [one for one in epoch.evaluations if _is_test(one, training, lengths)]
        found.append(tuple(passes))
    return Tested(tuple(found))


def _is_test(one: Pass, training: Training, lengths: set[int]) -> bool:
    if not one.of("forward"):
        return False
    # what is run again may make its loaders anew
    if one.loader is None or (training.repaired and one.loader not in training.train_loaders | training.test_loaders):
        return one.samples in lengths
    return one.loader in training.test_loaders


def _part(student: Student, one: Pass) -> str:
    """What a pass saw of the test set, where it was left before the loader's end (a ``return`` in the loop).

    Returns:
        Words for evidence; ``""`` for a pass over all batches, and where their number is not known.
    """
    loader = student.find(objects).loader(one.loader)
    seen = min(len(one.of("batch")), len(one.of("forward")))  # a loop may be left with a batch in its hands
    if one.complete or loader is None or seen >= (loader.length or 0):
        return ""
    return f"{seen} of the {loader.length} batches of the test set"


def _whole(student: Student, passes: Sequence[Pass]) -> Sequence[Pass]:
    """The passes over the whole test set, if there are any: a few images may be looked at besides."""
    return [one for one in passes if not _part(student, one)] or passes


# --- accuracy ---------------------------------------------------------------------------------------------------


def test_accuracy(student: Student, training: Training) -> Outcome:
    """After each epoch and right; half when only once after the last epoch."""
    criterion = "3e.test-accuracy"
    run = training.run
    if run is None:
        return _without_run(criterion, student)
    seen = tested(student, training, run)
    series = training.series
    if not run.trace.of("forward"):
        return unrecorded_accuracy(student, training, run)
    if seen.every:
        return _each_epoch(criterion, student, training, run, seen)
    if seen.only_last:
        return _only_once(criterion, student, training, run, _whole(student, seen.epochs[-1])[-1])
    if seen.all:
        if training.broken or training.interrupted:
            return review(criterion, f"The test set was evaluated after {len(seen.all)} epochs before the cell ended.")
        return review(criterion, f"The test set was evaluated after {sum(map(bool, seen.epochs))} of the epochs only.")
    named = _accuracies(series, test=True)
    if named:
        return not_met(
            criterion,
            f"{named[0].where}: {named[0].text}, but the test set never went through the network.",
            variant="wrong",
        )
    if training.interrupted and _written(student):
        return review(criterion, "The training was ended before the test set was evaluated.")
    return not_met(criterion, "The test set was not evaluated.")


def _written(student: Student) -> bool:
    return any(calls(cell.tree, "eval", "no_grad", "argmax", "accuracy_score") for cell in student.find(objects).cells)


def _without_run(criterion: str, student: Student) -> Outcome:
    if _written(student):
        return review(criterion, "The training could not be run, so the test accuracy could not be checked.")
    return not_met(criterion, "No computation of the test accuracy was found.")


def _accuracies(series: Sequence[Series], *, test: bool) -> list[Series]:
    """Series that are called accuracies; with ``test``, those that are not the training's."""
    named = [one for one in series if any(word in one.label.lower() for word in _ACCURACY_WORDS)]
    if test:
        return [one for one in named if any(word in one.label.lower() for word in ("test", "val", "eval"))]
    return [one for one in named if "train" not in one.label.lower()]


def _each_epoch(criterion: str, student: Student, training: Training, run: TrainingRun, seen: Tested) -> Outcome:
    chosen = [_whole(student, passes) for passes in seen.epochs]
    counted = [[count for one in passes if (count := _count(student, run, one)) is not None] for passes in chosen]
    if not all(counted):
        network = student.find(find_network)
        if network is not None and network.candidate.obj is None:
            return unrecorded_accuracy(student, training, run)
        return review(criterion, "The outputs for the test set were not kept, so the accuracy could not be checked.")
    last = [counts[-1] for counts in counted]
    truths = _truths(run, seen, last)
    found = match(training.series, truths, SHARES)
    if found is not None and found.hypothesis.startswith("accuracy"):
        saw = f"{found.series.where}: {found.series.text}."
        parts = [_part(student, passes[-1]) for passes in chosen]
        if all(parts):
            return not_met(criterion, f"{saw} That is the accuracy of {parts[-1]} alone.", variant="wrong")
        if student.lost("3c.test") or student.lost("3c.test-loader"):
            return carried(criterion, "3c", f"{saw} The images are those of 3(c).")
        return met(criterion, saw)
    accuracy = truths["accuracy"]
    text = f"the true ones begin with {accuracy[0]:.4g}"
    return _mismatch(criterion, training, run, found, last) or _other(criterion, training, run, seen, last, text)


def _mismatch(
    criterion: str, training: Training, run: TrainingRun, found: Match | None, last: Sequence[Hits]
) -> Outcome | None:
    accuracy = last[-1].accuracy
    if found is not None and found.hypothesis in {"error rate", COUNTS}:
        return review(criterion, f"{found.series.where}: {found.series.text} is the {found.hypothesis}, no accuracy.")
    if found is not None:
        said = f"{found.series.where}: {found.series.text} is the {found.hypothesis}"
        return not_met(criterion, f"{said}; the last true accuracy is {accuracy:.4g}.", variant="wrong")
    return None


def _other(
    criterion: str, training: Training, run: TrainingRun, seen: Tested, last: Sequence[Hits], text: str
) -> Outcome:
    named = _accuracies(training.series, test=True) or _accuracies(training.series, test=False)
    if training.repaired and training.interrupted:
        return review(criterion, "The repaired training was ended before the test accuracies could be checked.")
    if named:
        return not_met(criterion, f"{named[0].where}: {named[0].text}; {text}.", variant="wrong")
    if training.broken:
        return not_met(criterion, f"No test accuracy was reported before the cell failed: {training.broken}.")
    if run.shortened:
        return review(criterion, "The training was cut short, and its first epochs report no accuracy.")
    if printed_after(run, seen.epochs[-1][-1].start, last[-1].accuracy, SHARES):
        return review(criterion, "The test set is evaluated after each epoch, but only the last accuracy is reported.")
    return not_met(criterion, f"The test set is evaluated, but no accuracy is reported after each epoch; {text}.")


def _truths(run: TrainingRun, seen: Tested, last: Sequence[Hits]) -> dict[str, list[float]]:
    right = [sum(count.right) for count in last]
    samples = [sum(count.sizes) for count in last]
    batches = [len(count.sizes) for count in last]
    biggest = [max(count.sizes) for count in last]
    running = np.cumsum(right).tolist()
    learned = [one.samples for one in run.passes]
    steps = [len(one.of("batch")) or 1 for one in run.passes]
    truths = {
        "accuracy": [count.accuracy for count in last],
        "accuracy (mean over batches)": [count.mean_of_batches for count in last],
    }
    wrong = {
        "number of right predictions divided by the number of batches": _ratio(right, batches),
        "number of right predictions divided by the batch size": _ratio(right, biggest),
        "number of right predictions divided by the size of the training set": _ratio(right, learned),
        "number of right predictions divided by the number of training batches": _ratio(right, steps),
        "number of right predictions divided by batches times batch size": [
            r / max(1, n * b) for r, n, b in zip(right, batches, biggest, strict=True)
        ],
        "accuracy of the last batch": [count.right[-1] / max(1, count.sizes[-1]) for count in last],
        "sum of the batches' accuracies": [m.mean_of_batches * n for m, n in zip(last, batches, strict=True)],
        "sum over the epochs so far": _ratio(running, samples),
        COUNTS: [float(count) for count in right],
        "error rate": [1 - count.accuracy for count in last],
    }
    trained = [hits(run.trace, one) for one in run.passes]
    if all(count is not None for count in trained):
        wrong["accuracy on the training set"] = [count.accuracy for count in trained if count is not None]
    # a mistake that changes nothing is none
    distinct = {name: values for name, values in wrong.items() if not np.allclose(values, truths["accuracy"])}
    return {**truths, **{f"wrong: {name}".removeprefix("wrong: "): values for name, values in _renamed(distinct)}}


def _renamed(found: dict[str, list[float]]) -> list[tuple[str, list[float]]]:
    """Names of mistakes must not begin like the right one."""
    return [(f"mere {name}" if name.startswith("accuracy") else name, values) for name, values in found.items()]


def _ratio(above: Sequence[float], below: Sequence[int]) -> list[float]:
    return [a / max(1, b) for a, b in zip(above, below, strict=True)]


def _count(student: Student, run: TrainingRun, one: Pass) -> Hits | None:
    counted = hits(run.trace, one, decided)
    return counted if counted is not None else _count_in_order(student, run, one)


def _count_in_order(student: Student, run: TrainingRun, one: Pass) -> Hits | None:
    """Right predictions of a pass cut by hand: the labels of the test set in their order."""
    forwards = [event for event in one.of("forward") if event.get("module") == one.network]
    outputs = [run.trace.array(event.get("out")) for event in forwards]
    rows = [output for output in outputs if output is not None and output.ndim == 2]
    labels = student.find(test_labels).get(sum(map(len, rows)))
    if labels is None or len(rows) < len(forwards):
        return None
    right, at = [], 0
    for output in rows:
        right.append(int((output.argmax(axis=1) == labels[at : at + len(output)]).sum()))
        at += len(output)
    return Hits(tuple(right), tuple(batch_size(event) for event in forwards))


def test_labels(student: Student) -> dict[int, Floats]:
    """Length of a test set → its labels in their order; use it with ``student.find``."""
    found: dict[int, Floats] = {}
    for dataset in student.find(objects).of_split("test"):
        if not dataset.length or dataset.length in found:
            continue
        target = expr.obj(dataset.obj)
        whole = expr.call(expr.importing("builtins.iter"), [expr.loader(target, dataset.length)])
        batch = expr.item(expr.call(expr.importing("builtins.next"), [whole]), expr.value(1))
        labels = expr.attr(target, "labels") if dataset.direct else batch
        answer = student.ask(Request("evaluate", {"steps": [{"slot": "labels", "expr": labels}]}, timeout_s=120))
        value = step_values(answer).get("labels")
        numbers = value.numbers() if value is not None else None
        if numbers is not None:
            found[dataset.length] = np.asarray(numbers, dtype=np.float64)
    return found


def _only_once(criterion: str, student: Student, training: Training, run: TrainingRun, one: Pass) -> Outcome:
    counted = _count(student, run, one)
    if counted is None:
        return review(criterion, "The outputs for the test set were not kept, so the accuracy could not be checked.")
    saw = f"The test accuracy ({counted.accuracy:.4g}) is computed only once, after the last epoch."
    for truth in (counted.accuracy, counted.mean_of_batches):
        if printed_after(run, one.start, truth, SHARES) or _kept(student, training, truth):
            if part := _part(student, one):
                return not_met(criterion, f"{saw} It is the accuracy of {part} alone.", variant="wrong")
            return partial(criterion, 0.5, saw)
    if training.repaired and _accuracy_is_kept(student):
        return review(criterion, f"{saw} Its value could not be checked.")
    if _prints_accuracy(run, one):
        saw = f"After the last epoch, the true test accuracy is {counted.accuracy:.4g}."
        return not_met(criterion, saw, variant="wrong")
    return not_met(criterion, "The test set is evaluated after the last epoch, but no accuracy is reported.")


def _prints_accuracy(run: TrainingRun, one: Pass) -> bool:
    return any("acc" in str(e.get("text", "")).lower() for e in run.trace.of("print") if e.serial >= one.start)


def _accuracy_is_kept(student: Student) -> bool:
    return any("acc" in str(entry.get("name")).lower() for entry in student.find(objects).entries("globals"))


def _kept(student: Student, training: Training, truth: float) -> bool:
    """Whether a variable holds a value, as a share or in percent."""
    if training.repaired:
        return False
    for entry in student.find(objects).entries("globals"):
        described = entry.get("value") or {}
        if described.get("kind") == "float" and isinstance(described.get("value"), (int, float)):
            number = float(described["value"])
            if any(abs(number - scale * truth) < 1e-4 * scale for scale in SHARES):
                return True
    return False


# --- evaluation mode ----------------------------------------------------------------------------------------------


def evaluation_mode(student: Student, training: Training, accuracy: Outcome) -> Outcome:
    """Testing in evaluation mode, where a layer depends on it, and without gradients."""
    criterion = "3e.eval"
    run = training.run
    seen = tested(student, training, run) if run is not None else None
    forwards = [e for one in seen.all for e in one.of("forward")] if seen is not None else []
    if not forwards and run is not None:
        forwards = [e for epoch in run.epochs for one in epoch.evaluations for e in one.of("forward")]
    if run is not None and not run.trace.of("forward"):
        return unrecorded_mode(student, accuracy)
    if not forwards:
        if accuracy.kind == "review":
            return review(criterion, "The evaluation could not be seen.")
        return carried(criterion, "3e", "No test accuracy is computed, so there is no evaluation to judge.")
    faults = _mode_faults(student, training, forwards)
    if not faults:
        return met(criterion, "The test set is evaluated in evaluation mode and without gradients.")
    if accuracy.kind == "not-met" and not accuracy.variant:
        return carried(criterion, "3e", f"No test accuracy is computed; {' and '.join(faults)}.")
    return not_met(criterion, f"While testing, {' and '.join(faults)}.")


def _mode_faults(student: Student, training: Training, forwards: Sequence[Event]) -> list[str]:
    network = student.find(find_network)
    tree = network.candidate.tree if network is not None else ()
    depends = any(str(part.get("type")).startswith(MODE_LAYERS) for part in tree)
    if training.network_replaced:
        in_training = depends and any(event.get("training") for event in forwards)
        in_training = in_training or (network is not None and always_drops(network.candidate.source))
    else:
        in_training = any(event.get("norm_training") for event in forwards)
        in_training = in_training or _drops_by_function(student, network, forwards)
    faults = ["the network is in training mode"] if in_training else []
    if any(event.get("grad") for event in forwards):
        faults.append("gradients are recorded")
    return faults


def _drops_by_function(student: Student, network: Network | None, forwards: Sequence[Event]) -> bool:
    """Whether a dropout without a layer of its own was active: it asks the network's mode, or is always on."""
    if network is None or network.candidate.obj is None or not network.of("dropout"):
        return False
    if any("Dropout" in str(part.get("type")) for part in network.candidate.tree):
        return False
    if any(event.get("training") for event in forwards):
        return True
    call = expr.call(network.candidate.called, [expr.tensor("images")])
    mode = [network.candidate.target, "eval"]
    steps = [{"slot": f"draw{seed}", "expr": call, "mode": mode, "grad": False, "seed": seed} for seed in (1, 2)]
    answer = student.ask(Request("evaluate", {"steps": steps}, {"images": fresh_images(student)}))
    draws = [arrays[0] for value in step_values(answer).values() if value is not None and (arrays := value.arrays())]
    return len(draws) == 2 and draws[0].shape == draws[1].shape and not np.allclose(draws[0], draws[1])
