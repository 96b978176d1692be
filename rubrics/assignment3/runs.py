"""The training to be judged: as it ran, or run again with an earlier fault repaired."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.probe import expr
from grader.probe.expr import Expr
from grader.probe.types import Array
from grader.scoring import Student
from reference.assignment3 import CLASSES, EPOCHS, IMAGE_SHAPE
from rubrics.assignment3.classified import as_it_learns
from rubrics.assignment3.completing import completed_cells
from rubrics.assignment3.loading import look_at_data, sizes
from rubrics.assignment3.objects import Objects, Roles, objects, roles
from rubrics.assignment3.probing import Network, find_network
from rubrics.put_right import STAND_INS, has_no_gradient, put_right
from rubrics.repair import Plan, Rerun, rerun
from rubrics.reported import Series, bound_series, kept_series, printed_series, whole_epochs_only
from rubrics.source import CellSource, called_name, calls, cells_that_train, functions_calling, loop_counts
from rubrics.trace import whole_trace
from rubrics.training import TrainingRun, training_runs

LARGE = 5_000
"""Data sets beyond this size are replaced by small ones when a training is run again."""

STUB_SIZES = {"train": 96, "test": 60}
STUB_BATCH = 16
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


@dataclass(frozen=True)
class _Attempt:
    title: str
    names: Mapping[str, Expr] = field(default_factory=dict)
    data: bool = False
    loss: bool = False
    stub: bool = False
    floats: bool = False
    sources: tuple[str, ...] = ()


def _repair(student: Student, training: Training, network: Network | None) -> None:
    found, role = student.find(objects), student.find(roles)
    sources = [put_right(source, training.broken) for source in _sources(student, found)]
    if not sources:
        return
    sources.insert(0, STAND_INS)
    training.detached = has_no_gradient(training.broken)
    changed = [*_of_logits(sources, network), *_of_completed(sources, found, role, network)]
    attempts = [*changed, *_attempts(student, found, role, network)]
    best = _best(student, training, sources, attempts)
    if best is None:
        # Functions and optimizers of other cells know what stands in for a name only if these run again, too.
        whole = [STAND_INS, *(put_right(cell.cell.source, training.broken) for cell in found.cells)]
        best = _best(student, training, whole, [attempt for attempt in attempts if not attempt.sources])
    if best is not None and (training.run is None or best[0] > _score(training)):
        _take(training, best[1])


def _best(
    student: Student, training: Training, sources: Sequence[str], attempts: Sequence[_Attempt]
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
            tensors=_stub_data(student),
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


def _of_logits(sources: Sequence[str], network: Network | None) -> list[_Attempt]:
    """An attempt for a network that returns classes, if it is one."""
    if network is None or network.strict.whole or network.strict.error:
        return []
    one = network.candidate
    changed = as_it_learns(sources, one.source, one.class_name, one.names)
    return [_Attempt("with logits in place of classes", sources=tuple(changed))] if changed else []


def _of_completed(sources: Sequence[str], found: Objects, role: Roles, network: Network | None) -> list[_Attempt]:
    """An attempt with the calls that classes of networks lack, if that kept the network from being made."""
    whole = completed_cells(found, sources) if network is not None and network.candidate.slip else []
    small = dict(_small_data(found, role)) if _large(role) else {}
    title = "with `super().__init__()` put in"
    return [_Attempt(title, small, data=bool(small), sources=tuple(whole))] if whole else []


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


def _attempts(student: Student, found: Objects, role: Roles, network: Network | None) -> Iterator[_Attempt]:
    small = dict(_small_data(found, role)) if _large(role) else {}
    data = dict(_small_data(found, role))
    losses = {str(name): _right_loss() for entry in found.entries("losses") for name in entry.get("names") or ()}
    stub = dict(_stub_names(student, network))
    if student.lost("3c.tensor") and not small:
        yield _Attempt("with images as float tensors", floats=True)
    yield _Attempt("with a final layer that fits", small, data=bool(small))
    if losses:
        yield _Attempt("with cross-entropy in place of the loss", {**small, **losses}, data=bool(small), loss=True)
    if stub:
        yield _Attempt("with a plain network in place", {**small, **stub}, data=bool(small), stub=True)
    if data and not small:
        yield _Attempt("with plain data in place", data, data=True)
    if stub and data:
        yield _Attempt("with plain data and a plain network in place", {**data, **stub}, data=True, stub=True)
    if stub and losses:
        everything = {**data, **stub, **losses}
        yield _Attempt("with data, network and loss in place", everything, data=bool(data), loss=True, stub=True)


def _large(role: Roles) -> bool:
    return any(
        loader is not None and loader.dataset is not None and (loader.dataset.length or 0) > LARGE
        for loader in (role.train, role.test)
    )


def _right_loss() -> Expr:
    return expr.call(expr.importing("torch.nn.CrossEntropyLoss"))


def _stub_network() -> Expr:
    return expr.linear_stub(int(np.prod(IMAGE_SHAPE)), CLASSES)


def _stub_names(student: Student, network: Network | None) -> Iterator[tuple[str, Expr]]:
    """The network's names, and its class as a factory that ignores its arguments."""
    if network is None:
        return
    for name in network.candidate.names:
        yield name, _stub_network()
    if network.candidate.class_name and network.candidate.source:
        made = expr.call(expr.importing("unittest.mock.Mock"), [], {"return_value": _stub_network()})
        yield network.candidate.class_name, made


def _small_data(found: Objects, role: Roles) -> Iterator[tuple[str, Expr]]:
    for name, loader in (("train", role.train), ("test", role.test)):
        made = _stub_loader(name)
        for known in loader.names if loader is not None else ():
            yield known, made
        # also beside a loader with a name: accuracies are divided by the length of the data set
        if loader is not None and loader.dataset is not None:
            for known in loader.dataset.names:
                yield known, expr.tensor_dataset(f"{name}_images", f"{name}_labels")


def _stub_loader(name: str) -> Expr:
    data = expr.tensor_dataset(f"{name}_images", f"{name}_labels")
    return expr.loader(data, STUB_BATCH, shuffle=name == "train")


def _stub_data(student: Student) -> dict[str, Array]:
    """Small random images and labels, of the size that the notebook's images have."""
    height, width = max(sizes(student.find(look_at_data)), default=IMAGE_SHAPE[1:])
    generator = student.rng("stub data")
    data: dict[str, Array] = {}
    for name, count in STUB_SIZES.items():
        shape = (count, IMAGE_SHAPE[0], min(height, 256), min(width, 256))
        data[f"{name}_images"] = generator.standard_normal(shape).astype(np.float32)
        data[f"{name}_labels"] = generator.integers(0, CLASSES, count)
    return data


def _missing(student: Student, name: str) -> Expr | None:
    """What a name that no cell could define probably stands for."""
    low = name.lower()
    network = student.find(find_network)
    if "load" in low or low.endswith(("_dl", "batches")):
        return _stub_loader("train" if "train" in low else "test")
    if "set" in low or "data" in low:
        which = "train" if "train" in low else "test"
        return expr.tensor_dataset(f"{which}_images", f"{which}_labels")
    if low in {"model", "net", "network", "cnn"} or low.endswith(("model", "net", "network")):
        runs = network is not None and network.strict.shape is not None and not network.candidate.method
        if network is not None and runs and name[:1].islower():
            return network.candidate.target
        stub = _stub_network()
        return (
            stub if name[:1].islower() else expr.call(expr.importing("unittest.mock.Mock"), [], {"return_value": stub})
        )
    if _is_optimizer(student, name) and network is not None and network.candidate.obj is not None:
        parameters = expr.call(expr.attr(network.candidate.target, "parameters"))
        return expr.call(expr.importing("torch.optim.SGD"), [parameters, expr.value(0.01)])
    which = _used_as_loader(student.find(objects).cells, name)
    return _stub_loader(which) if which else None


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


def _judge(student: Student, training: Training, again: Rerun, attempt: _Attempt) -> Training | None:
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
