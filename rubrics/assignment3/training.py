"""Question 3e: training and evaluation of the network."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence

from grader.scoring import Outcome, Student, met, not_met, review
from reference.assignment3 import EPOCHS
from rubrics.assignment3.objects import objects
from rubrics.assignment3.optimizing import how, idle_optimizer, optimizer, updates_by_hand, written
from rubrics.assignment3.probing import find_network
from rubrics.assignment3.runs import Training, find_training
from rubrics.assignment3.testing import evaluation_mode, test_accuracy
from rubrics.averages import Losses, called_losses, epoch_losses, loss_of
from rubrics.loop import LoopVerdict, examine_loop, loop_outcome
from rubrics.losses import LIKELIHOOD_OF_LOGITS, RIGHT_FOR_CLASSES, directed
from rubrics.optimizers import maximising
from rubrics.reported import by_hypothesis, match
from rubrics.source import CellSource, called_name, calls
from rubrics.training import TrainingRun

CRITERIA = ("loss", "optimizer", "epochs", "gpu", "loop", "train-loss", "test-accuracy", "eval")


def network_training(student: Student) -> Iterator[Outcome]:
    """Cross-entropy, optimizer, 10 epochs on the GPU, average training loss and test accuracy of each."""
    training = student.find(find_training)
    if training.run is None and not training.written:
        yield _loss_by_source(student)
        yield idle_optimizer(student, training)
        for name in CRITERIA[2:]:
            yield not_met(f"3e.{name}", "No training was found.")
        return
    yield _loss(student, training)
    yield optimizer(student, training)
    yield _epochs(training)
    yield _gpu(student, training)
    yield _loop(student, training)
    yield _train_loss(training)
    accuracy = test_accuracy(student, training)
    yield accuracy
    yield evaluation_mode(student, training, accuracy)


# --- loss -----------------------------------------------------------------------------------------


def _loss(student: Student, training: Training) -> Outcome:
    criterion = "3e.loss"
    seen = loss_of(training.run) if training.run is not None and not training.loss_replaced else None
    seen = directed(seen, maximised=maximising(student.find(objects).entries("optimizers")))
    if seen is None or (seen.form == "unknown" and not training.run):
        return _loss_by_source(student)
    if seen.form == RIGHT_FOR_CLASSES:
        softmax = training.network_replaced and (written(student, "Softmax") or _in_forward(student, "softmax"))
        if softmax and not written(student, "log_softmax", "LogSoftmax", "NLLLoss", "nll_loss"):
            return not_met(criterion, "The network ends with a softmax before the cross-entropy.")
        return met(criterion, f"{how(training)}{seen.saw}.")
    if training.network_replaced and seen.form == LIKELIHOOD_OF_LOGITS and _ends_with_log_softmax(student):
        return met(criterion, "The network's log-softmax goes with the negative log-likelihood.")
    if seen.form == "unknown":
        return review(criterion, f"{seen.saw}; a person must read the formula.")
    return not_met(criterion, f"{how(training)}{seen.saw}: {seen.form}.")


def _loss_by_source(student: Student) -> Outcome:
    criterion = "3e.loss"
    softmax = written(student, "softmax", "Softmax")
    if written(student, "CrossEntropyLoss", "cross_entropy"):
        if softmax and _in_forward(student, "softmax", "Softmax"):
            return not_met(criterion, "The network ends with a softmax before the cross-entropy.")
        return met(criterion, "The source uses cross-entropy; it could not be seen at work.")
    if written(student, "NLLLoss", "nll_loss"):
        if written(student, "log_softmax", "LogSoftmax"):
            return met(criterion, "The source uses log-softmax and the negative log-likelihood.")
        return not_met(criterion, "The source uses the negative log-likelihood without a log-softmax.")
    others = sorted(
        {
            called_name(call)
            for call in written(
                student,
                "MSELoss",
                "mse_loss",
                "L1Loss",
                "l1_loss",
                "BCELoss",
                "BCEWithLogitsLoss",
                "binary_cross_entropy",
                "binary_cross_entropy_with_logits",
                "SmoothL1Loss",
                "HuberLoss",
                "MultiMarginLoss",
                "KLDivLoss",
                "MultiLabelSoftMarginLoss",
                "HingeEmbeddingLoss",
                "SoftMarginLoss",
                "PoissonNLLLoss",
            )
        }
    )
    if others:
        return not_met(criterion, f"The source uses {', '.join(others)}.")
    if written(student, "backward"):
        return review(criterion, "The loss could not be seen at work.")
    return not_met(criterion, "No loss was found.")


def _in_forward(student: Student, *names: str) -> bool:
    for cell in student.find(objects).cells:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.ClassDef) and calls(node, *names):
                return True
    return False


def _ends_with_log_softmax(student: Student) -> bool:
    """Whether the network that a plain one stands in for has a log-softmax."""
    return _in_forward(student, "log_softmax", "LogSoftmax") or bool(written(student, "LogSoftmax"))


# --- epochs, device, loop -----------------------------------------------------------------------------------------


def _epochs(training: Training) -> Outcome:
    criterion = "3e.epochs"
    run = training.run
    seen = len(run.epochs) if run is not None else 0
    if seen == EPOCHS:
        return met(criterion, f"{how(training)}{seen} epochs.")
    together = seen + sum(len(other.epochs) for other in training.others)
    if seen and together == EPOCHS:
        return met(criterion, f"{together} epochs in several cells.")
    stopped = run is None or training.interrupted or bool(training.broken)
    if stopped and EPOCHS in training.wanted:
        return met(criterion, f"The source asks for {EPOCHS} epochs; {seen} were seen before it ended.")
    if stopped and not training.wanted and seen < EPOCHS:
        return review(criterion, f"{seen} epochs were seen before the training ended.")
    return not_met(criterion, f"{seen or sorted(training.wanted) or 'No'} epochs instead of {EPOCHS}.")


def _gpu(student: Student, training: Training) -> Outcome:
    criterion = "3e.gpu"
    run = training.run
    forwards = [event for event in run.events("forward") if event.get("module") == run.network] if run else []
    if not forwards:
        return _gpu_by_source(student)
    network = sum(bool(event.get("parameters_moved")) for event in forwards) > 0.5 * len(forwards)
    batches = sum(bool(event.get("moved")) for event in forwards) > 0.5 * len(forwards)
    if network and batches:
        return met(criterion, "Network and batches are moved to the GPU.")
    if network and _moves_batches(student):
        return met(criterion, "The network is moved to the GPU, and the source moves the data.")
    if training.repaired:
        # what stands in for the network was not moved by the notebook
        network = network or (_names_gpu(student) and _moves_outside_loops(student))
        batches = batches or _moves_batches(student)
        if network and batches:
            return met(criterion, f"{how(training)}Network and batches are moved to the GPU.")
    lacking = [name for name, moved in (("the network", network), ("the batches", batches)) if not moved]
    return not_met(criterion, f"Not moved to the GPU: {' and '.join(lacking)}.")


def _moves_outside_loops(student: Student) -> bool:
    """Whether the source moves something outside of loops, as one does with a network."""

    def outside(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.For, ast.While)):
                yield child
                yield from outside(child)

    cells = student.find(objects).cells
    return any(called_name(node) in {"to", "cuda"} for cell in cells for node in outside(cell.tree))


def _moves_batches(student: Student) -> bool:
    """Whether the source moves training data: the recorder's mark of a tensor is lost when it is sliced."""
    network = student.find(find_network)
    names = {*network.candidate.names, network.candidate.class_name} if network is not None else set()
    names |= {"model", "net", "network", "self", "DataParallel"}
    for cell in student.find(objects).cells:
        for call in _moves_of_training(cell.tree, inside=True):
            target = call.func.value if isinstance(call.func, ast.Attribute) else None
            words = (
                {node.id for node in ast.walk(target) if isinstance(node, ast.Name)} if target is not None else names
            )
            if words and not words & names:
                return True
    return False


def _moves_of_training(node: ast.AST, *, inside: bool) -> Iterator[ast.Call]:
    """Calls of ``to`` and ``cuda`` whose innermost loop or function, if they have one, back-propagates."""
    for child in ast.iter_child_nodes(node):
        scope = isinstance(child, (ast.For, ast.While, ast.FunctionDef, ast.ClassDef))
        if isinstance(child, ast.Expr) and _only_moves(child.value):
            continue  # a tensor stays where it is when nobody takes the copy
        if inside and called_name(child) in {"to", "cuda"} and isinstance(child, ast.Call):
            yield child
        yield from _moves_of_training(child, inside=bool(calls(child, "backward")) if scope else inside)


def _only_moves(value: ast.AST) -> bool:
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return all(called_name(part) in {"to", "cuda"} for part in parts)


def _names_gpu(student: Student) -> bool:
    """Whether the source names a GPU."""
    if written(student, "cuda", "current_accelerator"):
        return True
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(("cuda", "mps"))
        for cell in student.find(objects).cells
        for node in ast.walk(cell.tree)
    )


def _gpu_by_source(student: Student) -> Outcome:
    criterion = "3e.gpu"
    moves = len(written(student, "to", "cuda")) if _names_gpu(student) else 0
    if moves >= 2:
        return met(criterion, "The source moves network and batches to the GPU.")
    return not_met(criterion, "The source does not move network and batches to the GPU.")


def _loop(student: Student, training: Training) -> Outcome:
    criterion = "3e.loop"
    run = training.run
    if run is None:
        return _loop_by_source(criterion, student.find(objects).cells)
    verdict = examine_loop(run)
    if verdict.step == "the optimizer makes no step" and updates_by_hand(student):
        return review(criterion, "Parameters are updated by hand, without an optimizer of PyTorch.")
    if training.repaired and training.detached and not run.events("backward"):
        faults = [fault for fault in (verdict.zero, "the loss that is back-propagated has no gradient") if fault]
        return loop_outcome(criterion, faults, f"{how(training)}{verdict.saw}.")
    if training.repaired and not run.events("backward"):
        return _loop_by_source(criterion, student.find(objects).cells)
    return loop_outcome(criterion, verdict.faults, f"{how(training)}{verdict.saw}.")


def _loop_by_source(criterion: str, cells: Sequence[CellSource]) -> Outcome:
    """The calls that the source makes, where the loop could not be run at all."""
    present = {name for name in ("zero_grad", "backward", "step") if any(calls(cell.tree, name) for cell in cells)}
    verdict = LoopVerdict(
        zero="" if "zero_grad" in present else "gradients are never zeroed",
        backward="" if "backward" in present else "the loss is never back-propagated",
        step="" if "step" in present else "the optimizer makes no step",
    )
    return loop_outcome(criterion, verdict.faults, "The loop could not be run; its source was read.")


# --- average training loss ------------------------------------------------------------------------------------------


def _train_loss(training: Training) -> Outcome:
    criterion = "3e.train-loss"
    run = training.run
    if run is None:
        return review(criterion, "The training could not be run, so its average loss could not be checked.")
    epochs = epoch_losses(run)
    if not epochs or not all(epochs):
        return review(criterion, "The losses of the batches were not recorded.")
    truths = _truths(run, epochs)
    found = match(training.series, truths)
    if found is not None and found.hypothesis.startswith("mean over"):
        return met(criterion, f"{found.series.where}: {found.series.text} ({found.hypothesis}).")
    if training.interrupted and len(run.epochs) < EPOCHS:
        return _interrupted_loss(criterion, training)
    true = truths.get("mean over batches", [math.nan])
    text = f"the true averages begin with {true[0]:.4g}"
    near = [
        one for one in training.series if any(one.nearly(v) for n, v in truths.items() if n.startswith("mean over"))
    ]
    if near:
        return review(criterion, f"{near[0].where}: {near[0].text} is close to the average, but not equal; {text}.")
    if found is not None:
        return not_met(criterion, f"{found.series.where}: {found.series.text} is the {found.hypothesis}; {text}.")
    labelled = [series for series in training.series if "loss" in series.label.lower()]
    if training.broken and not labelled and len(run.epochs) < EPOCHS:
        return review(criterion, f"The cell failed before it reported an average loss: {training.broken}.")
    if labelled:
        return not_met(criterion, f"{labelled[0].where}: {labelled[0].text}; {text}.")
    return not_met(criterion, f"No average training loss of each epoch was reported; {text}.")


def _interrupted_loss(criterion: str, training: Training) -> Outcome:
    return review(criterion, "The training was ended by the time limit before its average losses could be checked.")


def _truths(run: TrainingRun, epochs: Sequence[Sequence[Losses]]) -> dict[str, list[float]]:
    """Right averages first, then what mistakes would give."""
    right: dict[str, list[float]] = {}
    wrong: dict[str, list[float]] = {}
    for kind in range(min(len(epoch) for epoch in epochs)):
        for name, values in by_hypothesis([epoch[kind].hypotheses for epoch in epochs]).items():
            target = right if name.startswith("mean over") else wrong
            target[name if not kind else f"{name} (with penalty)"] = values
    for name, values in _evaluated(run).items():
        right[f"{name}, measured after the epoch"] = values
    for name, values in list(right.items())[:2]:
        running = [sum(values[: at + 1]) for at in range(len(values))]
        wrong[f"sum of all epochs so far ({name})"] = running
        wrong[f"average of all epochs so far ({name})"] = [total / (at + 1) for at, total in enumerate(running)]
    return {**right, **wrong}


def _evaluated(run: TrainingRun) -> Mapping[str, list[float]]:
    """Averages over the training loader after each epoch, without learning."""
    found = []
    for epoch in run.epochs:
        passes = [one for one in epoch.evaluations if one.loader == epoch.training.loader and one.of("loss")]
        losses = called_losses(passes[-1]) if passes else None
        if losses is None:
            return {}
        found.append(losses.hypotheses)
    return {name: values for name, values in by_hypothesis(found).items() if name.startswith("mean over")}
