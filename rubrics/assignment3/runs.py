"""The training to be judged: as it ran, or run again with an earlier fault repaired."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.probe import expr
from grader.probe.expr import Expr
from grader.scoring import Student
from reference.assignment3 import EPOCHS
from rubrics.assignment3.attempts import STUB_SIZES, Attempt, all_attempts, stub_data, stub_loader, stub_network
from rubrics.assignment3.objects import Objects, objects, roles
from rubrics.assignment3.probing import Network, find_network
from rubrics.put_right import STAND_INS, has_no_gradient, put_right
from rubrics.repair import Plan, Rerun, rerun
from rubrics.reported import Series, bound_series, kept_series, printed_series, whole_epochs_only
from rubrics.source import CellSource, called_name, calls, cells_that_train, functions_calling, loop_counts
from rubrics.trace import whole_trace
from rubrics.training import TrainingRun, training_runs

BUDGET_S = 60.0


@dataclass
class Training:
    """The training of a notebook.

    Attributes:
        run: What was seen; None when nothing could be seen.
        others: Further runs of the same network.
        repaired: What had to be repaired, for evidence; ``""`` when it ran by itself.
        fault: Question whose fault was repaired.
        loss_replaced: Whether the loss function had to be replaced.
        network_replaced: Whether a stub stood in for the network.
        optimizer_replaced: Whether an optimizer had to be put in place.
        broken: Last line of the error that ended the training's cell, or ``""``.
        detached: Whether back-propagation ended it, since the loss has no gradient, and was left out.
        interrupted: Whether time or memory ended it.
        wanted: Numbers of epochs that the source asks for.
        written: Whether the source has a training at all.
        series: Everything reported for each epoch.
        test_loaders: Numbers of loaders over the test set.
        train_loaders: Numbers of loaders over the training set.
    """

    run: TrainingRun | None = None
    others: list[TrainingRun] = field(default_factory=list)
    repaired: str = ""
    fault: str = "3d"
    loss_replaced: bool = False
    network_replaced: bool = False
    optimizer_replaced: bool = False
    broken: str = ""
    detached: bool = False
    interrupted: bool = False
    wanted: set[int] = field(default_factory=set)
    written: bool = False
    series: list[Series] = field(default_factory=list)
    test_loaders: set[int] = field(default_factory=set)
    train_loaders: set[int] = field(default_factory=set)


def find_training(student: Student) -> Training:
    """Finds the training, repairing what earlier questions broke; use it with ``student.find``."""
    found, role = student.find(objects), student.find(roles)
    network = student.find(find_network)
    training = Training(
        wanted=loop_counts(found.cells, "backward", "step"),
        written=any(calls(cell.tree, "backward", "step") for cell in found.cells)
        or bool(cells_that_train(found.cells)),
        test_loaders={one.obj for one in found.loaders if one.dataset and "test" in one.dataset.splits},
        train_loaders={one.obj for one in found.loaders if one.dataset and "train" in one.dataset.splits},
    )
    if role.swapped or (not training.test_loaders and role.test is not None):
        training.test_loaders = {role.test.obj} if role.test else set()
    if role.train is not None:
        training.train_loaders = (training.train_loaders | {role.train.obj}) - training.test_loaders
    runs = training_runs(
        student.find(whole_trace),
        loaders=training.train_loaders,
        sizes=[dataset.length for dataset in found.datasets if dataset.length],
    )
    training.run = _chosen(runs, network)
    training.others = [
        run
        for run in runs
        if run is not training.run and training.run is not None and run.network == training.run.network
    ]
    _note_end(student, training)
    if _needs_repair(training):
        _repair(student, training, network)
    if training.run is not None and not training.series:
        run = training.run
        reported = [*printed_series(run), *kept_series(student, found.answer, len(run.epochs))]
        training.series = whole_epochs_only(run, reported)
    return training


def _chosen(runs: Sequence[TrainingRun], network: Network | None) -> TrainingRun | None:
    obj = network.candidate.obj if network is not None else None
    return max(
        runs,
        key=lambda run: (run.network == obj or obj is None, len(run.epochs) == EPOCHS, len(run.epochs), run.start),
        default=None,
    )


def _note_end(student: Student, training: Training) -> None:
    if training.run is None:
        training.interrupted = any(cell.status in {"timeout", "killed"} for cell in student.notebook.cells)
        return
    cell = next((cell for cell in student.notebook.cells if cell.index == training.run.cell), None)
    if cell is None or cell.status == "ok":
        return
    if cell.status == "error":
        training.broken = f"{cell.error_name}: {cell.error_message}".strip()[:200]
    else:
        training.interrupted = True


def _needs_repair(training: Training) -> bool:
    if not training.written:
        return False
    run = training.run
    learned = run is not None and any(one.of("backward", "step") for one in run.passes)
    if training.interrupted and run is not None and len(run.epochs) < EPOCHS:
        return True
    if run is None or not learned:
        return True
    # what an earlier question lacks (a test loader) may end the training after an epoch
    return bool(training.broken) and (len(run.epochs) < EPOCHS or not any(one.complete for one in run.passes))


# --- running it again -------------------------------------------------------------------------------------------


def _repair(student: Student, training: Training, network: Network | None) -> None:
    found = student.find(objects)
    sources = [put_right(source, training.broken) for source in _sources(student, found)]
    if not sources:
        return
    sources.insert(0, STAND_INS)
    training.detached = has_no_gradient(training.broken)
    attempts = list(all_attempts(student, sources, network))
    best = _best(student, training, sources, attempts)
    if best is None:
        # Functions and optimizers of other cells know what stands in for a name only if these run again, too.
        whole = [STAND_INS, *(put_right(cell.cell.source, training.broken) for cell in found.cells)]
        best = _best(student, training, whole, [attempt for attempt in attempts if not attempt.sources])
    if best is not None and (training.run is None or best[0] > _score(training)):
        _take(training, best[1])


def _best(
    student: Student, training: Training, sources: Sequence[str], attempts: Sequence[Attempt]
) -> tuple[int, Training] | None:
    """The training of the attempt that goes on the longest, with its score."""
    best: tuple[int, Training] | None = None
    for attempt in attempts:
        names = dict(attempt.names)
        plan = Plan(
            attempt.sources or list(sources),
            names,
            keep=tuple(names),
            budget_s=BUDGET_S,
            tensors=stub_data(student),
            float_images=attempt.floats,
        )
        again = rerun(student, plan, lambda name: _missing(student, name))
        judged = _judge(student, training, again, attempt)
        if judged is None:
            continue
        score = _score(judged)
        if best is None or score > best[0]:
            best = (score, judged)
        if score >= 2 * EPOCHS:
            break
    return best


def _take(training: Training, better: Training) -> None:
    for name in (
        "run",
        "others",
        "repaired",
        "fault",
        "loss_replaced",
        "network_replaced",
        "optimizer_replaced",
        "series",
        "broken",
        "interrupted",
        "test_loaders",
        "train_loaders",
    ):
        setattr(training, name, getattr(better, name))


def _score(training: Training) -> int:
    """Epochs seen, doubled when the cells ended without an error."""
    run = training.run
    if run is None:
        return 0
    learned = sum(1 for one in run.passes if one.of("backward", "step"))
    return learned * (1 if training.broken else 2)


def _sources(student: Student, found: Objects) -> list[str]:
    """The cells that failed or were not reached, and those that train."""
    trains = {cell.cell.index for cell in cells_that_train(found.cells)}
    # a cell that never ended is not begun again, unless it trains: then the budget ends it
    failing = {cell.index for cell in student.notebook.code_cells if cell.status in {"error", "not-run"}}
    first = min(trains | failing, default=0)
    chosen = [cell for cell in found.cells if cell.cell.index in trains | failing and cell.cell.index >= first]
    evaluating = functions_calling(found.cells, "backward", "step")
    return [cell.cell.source for cell in chosen] if trains or evaluating else []


def _missing(student: Student, name: str) -> Expr | None:
    """What a name that no cell could define probably stands for."""
    low = name.lower()
    network = student.find(find_network)
    if "load" in low or low.endswith(("_dl", "batches")):
        return stub_loader("train" if "train" in low else "test")
    if "set" in low or "data" in low:
        which = "train" if "train" in low else "test"
        return expr.tensor_dataset(f"{which}_images", f"{which}_labels")
    if low in {"model", "net", "network", "cnn"} or low.endswith(("model", "net", "network")):
        runs = network is not None and network.strict.shape is not None and not network.candidate.method
        if network is not None and runs and name[:1].islower():
            return network.candidate.target
        stub = stub_network()
        return (
            stub if name[:1].islower() else expr.call(expr.importing("unittest.mock.Mock"), [], {"return_value": stub})
        )
    if _is_optimizer(student, name) and network is not None and network.candidate.obj is not None:
        parameters = expr.call(expr.attr(network.candidate.target, "parameters"))
        return expr.call(expr.importing("torch.optim.SGD"), [parameters, expr.value(0.01)])
    which = _used_as_loader(student.find(objects).cells, name)
    return stub_loader(which) if which else None


def _is_optimizer(student: Student, name: str) -> bool:
    """Whether the source asks something of that name to zero gradients."""
    return any(
        isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == name
        for cell in student.find(objects).cells
        for call in calls(cell.tree, "zero_grad")
    )


def _used_as_loader(cells: Sequence[CellSource], name: str) -> str:
    """``train`` or ``test`` when the source loops over a name, itself or in a function of its own; else ``""``."""
    functions = {node.name: node for cell in cells for node in ast.walk(cell.tree) if isinstance(node, ast.FunctionDef)}
    for cell in cells:
        for node in ast.walk(cell.tree):
            loop = node.iter if isinstance(node, (ast.For, ast.comprehension)) else None
            callee = functions.get(called_name(node))
            given = [loop] if loop is not None else node.args if callee and isinstance(node, ast.Call) else []
            if not any(isinstance(one, ast.Name) and one.id == name for part in given for one in ast.walk(part)):
                continue
            learns = bool(calls(callee or node, "backward", "step")) and "test" not in name.lower()
            return "train" if learns or "train" in name.lower() else "test"
    return ""


def _judge(student: Student, training: Training, again: Rerun, attempt: Attempt) -> Training | None:
    stub_loaders = _loaders_by_size(again) if attempt.data or again.defined else {}
    train = {obj for obj, which in stub_loaders.items() if which == "train"} or training.train_loaders
    test = {obj for obj, which in stub_loaders.items() if which == "test"} or training.test_loaders
    lengths = [dataset.length for dataset in student.find(objects).datasets if dataset.length]
    runs = training_runs(again.trace, loaders=train, sizes=[*lengths, STUB_SIZES["train"]])
    run = max(runs, key=lambda one: (len(one.epochs) == EPOCHS, len(one.epochs), one.start), default=None)
    if run is None:
        return None
    converted = attempt.floats or (attempt.data and not attempt.stub)
    fault = "3c" if converted and student.lost("3c.tensor") else "3d"
    series = printed_series(run) + bound_series(student, again.names, again.answer, len(run.epochs))
    error = str(again.errors[-1].get("text", "")) if again.errors else ""
    return Training(
        run=run,
        repaired=f"Run again {attempt.title}",
        fault=fault,
        loss_replaced=attempt.loss,
        network_replaced=attempt.stub,
        optimizer_replaced=any(_is_optimizer(student, name) for name in again.defined),
        broken=error,
        interrupted=again.stopped,
        wanted=training.wanted,
        written=True,
        series=series,
        test_loaders=test,
        train_loaders=train,
    )


def _loaders_by_size(again: Rerun) -> dict[int, str]:
    """Loader → ``train`` or ``test``, by how many stub samples it delivered."""
    counts: dict[int, int] = {}
    for event in again.trace.events:
        if event.kind == "iter" and not event.get("end"):
            counts[int(event.get("loader") or 0)] = 0
        elif event.kind == "batch":
            loader = int(event.get("loader") or 0)
            counts[loader] = counts.get(loader, 0) + int(event.get("size") or 0)
    known = {count: name for name, count in STUB_SIZES.items()}
    return {loader: known[count] for loader, count in counts.items() if count in known}
