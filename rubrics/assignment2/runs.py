"""The training of 2(f): as it ran, or run again with undefined names and earlier faults put right."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.notebook import Cell
from grader.probe import expr
from grader.probe.expr import Expr
from grader.probe.types import Array
from grader.scoring import Student
from reference.assignment2 import LETTERS
from rubrics.assignment2.asking import width_of
from rubrics.assignment2.clean import CLEAN_READING, clean_names
from rubrics.assignment2.data import DataSet, classes_of, find_data_set
from rubrics.assignment2.facts import Facts, facts, names_table
from rubrics.assignment2.items import USUAL_FORM
from rubrics.assignment2.network import find_network, network_classes
from rubrics.assignment2.recurrent import Network
from rubrics.assignment2.sizes import FILLED, wrongly_made
from rubrics.assignment2.uncalled import find_uncalled, instance
from rubrics.put_right import STAND_INS, put_right
from rubrics.repair import Plan, Rerun, rerun
from rubrics.reported import Series, bound_series, kept_series, printed_series, whole_epochs_only
from rubrics.trace import Trace, whole_trace
from rubrics.training import TrainingRun, training_runs

SAMPLES = 150
"""Size of the data set that stands in; no multiple of usual batch sizes, so that wrong denominators show."""

_TRAINING = re.compile(
    r"\.backward\(|\boptim\b|zero_grad|DataLoader|autograd\.grad|Loss\(|\.step\(|epoch", re.IGNORECASE
)

_PRELUDE = """
import torch, numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader, TensorDataset, random_split
class ProbeKind(type):
    def __len__(cls):
        return len(probe_x)
    def __getitem__(cls, at):
        return probe_item(probe_x[at], probe_y[at])
class ProbeData(TensorDataset, metaclass=ProbeKind):
    def __init__(self, *args, **kwargs):
        super().__init__(probe_x, probe_y)
    def __getitem__(self, at):
        return probe_item(probe_x[at], probe_y[at])
class ProbeNet(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.flat, self.lin = nn.Flatten(), nn.Linear(probe_x.shape[1] * probe_x.shape[2], probe_outputs)
    def forward(self, x, *args, **kwargs):
        return self.lin(self.flat(x))
"""


@dataclass(frozen=True)
class Training:
    """The training of a notebook.

    Attributes:
        run: Its epochs; None when nothing could be seen.
        series: What was reported for each epoch.
        repaired: What had to be put right, for evidence; ``""`` when it ran by itself.
        defined: Names that had no value.
        replaced: ``names`` (by such as 2(c) can encode), ``data``, ``network`` where these were replaced.
        errors: Errors that still ended the cells of a rerun.
        own_data: Rerun with the student's own data set, where one was made.
        samples: Numbers of samples that training sets may have.
        cells: The cells of the training.
        broken: The first error in those cells when they ran in the notebook, or None.
    """

    run: TrainingRun | None
    series: tuple[Series, ...] = ()
    repaired: str = ""
    defined: tuple[str, ...] = ()
    replaced: frozenset[str] = frozenset()
    errors: tuple[Mapping[str, Any], ...] = ()
    own_data: Rerun | None = None
    samples: tuple[int, ...] = ()
    cells: tuple[Cell, ...] = ()
    broken: Cell | None = None

    @property
    def source(self) -> str:
        """The source of its cells."""
        return "\n\n".join(cell.source for cell in self.cells)

    @property
    def written(self) -> bool:
        """Whether the source has a training at all."""
        return bool(re.search(r"\.backward\(|\.step\(|autograd\.grad|Loss\(|cross_entropy", self.source))


def find_training(student: Student) -> Training:
    """Finds the training, repairing what is needed; use it with ``student.find``."""
    found = student.find(facts)
    lengths = [int(entry["length"]) for entry in found.entries("datasets") if isinstance(entry.get("length"), int)]
    samples = tuple(sorted({*lengths, len(student.find(names_table))}))
    cells = tuple(_cells(student, found))
    broken = next((cell for cell in cells if cell.status == "error"), None)
    runs = training_runs(student.find(whole_trace), sizes=samples, idle_too=True)
    run = _chosen(runs, student.find(find_network))
    base = Training(run, samples=samples, cells=cells, broken=broken)
    if run is not None and _whole(run, broken):
        return _with_series(student, base, run, found)
    if not base.written:
        return base
    again = _repair(student, base, _attempts(student, base))
    if again is None or again.run is None or (run is not None and len(again.run.epochs) < len(run.epochs)):
        if run is not None:
            return _with_series(student, base, run, found)
        return again or base
    return again


def _with_series(student: Student, training: Training, run: TrainingRun, found: Facts) -> Training:
    series = [*printed_series(run), *kept_series(student, found.answer, len(run.epochs))]
    return Training(**{**vars(training), "series": tuple(whole_epochs_only(run, series))})


def _whole(run: TrainingRun, broken: Cell | None) -> bool:
    """Whether the training ran far enough to be judged: a whole epoch, no error before its end."""
    finished = any(one.complete or one.loader is None for one in run.passes)
    return finished and (broken is None or broken.index != run.cell or len(run.epochs) > 1)


def _chosen(runs: Sequence[TrainingRun], network: Network | None) -> TrainingRun | None:
    number = network.obj if network is not None else None
    return max(runs, key=lambda run: (run.network == number, len(run.epochs) > 1, run.start), default=None)


def _cells(student: Student, found: Facts) -> Iterator[Cell]:
    """The cells of 2(f): by heading, else those with a training and what follows the classes."""
    backward = [
        c.index for c in student.notebook.code_cells if re.search(r"\.backward\(|\.step\(|autograd\.grad", c.source)
    ]
    calling = _calling(student, found, backward)
    for cell in student.notebook.code_cells:
        if (
            found.sections.get(cell.index) == "f"
            or cell.index in backward
            or cell.index in calling
            or (not found.sections and _TRAINING.search(cell.source) and "class " not in cell.source)
        ):
            yield cell


def _calling(student: Student, found: Facts, training: Sequence[int]) -> set[int]:
    """The later cells that call a function or make an object of a class in which training is written."""
    calling = set()
    for entry in (*found.entries("functions"), *found.entries("classes")):
        name, cell = str(entry.get("name")), entry.get("cell")
        if cell in training and "." not in name and re.search(r"\.backward\(|\.step\(", str(entry.get("source"))):
            pattern = re.compile(rf"\b{re.escape(name)}\(")
            later = (c for c in student.notebook.code_cells if isinstance(cell, int) and c.index > cell)
            calling |= {c.index for c in later if pattern.search(c.source)}
    return calling


# --- running it again -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Attempt:
    title: str
    data: bool = False
    network: bool = False
    target: str = "float"
    outputs: int = 1
    clean: bool = False
    sizes: bool = False
    instance: bool = False


def network_lost(student: Student) -> bool:
    """Whether 2(e) lost a criterion that may spoil the training."""
    return any(student.lost(f"2e.{name}") for name in ("input", "recurrent", "output", "recurrence", "batch"))


def substituted_training(student: Student) -> Training | None:
    """The training with plain data, and a plain network after faults of 2(e); use it with ``student.find``."""
    training = student.find(find_training)
    base = Training(None, samples=training.samples, cells=training.cells, broken=training.broken)
    with_network = network_lost(student)
    plain = (one for one in _attempts(student, base) if one.data and (one.network or not with_network))
    return _repair(student, base, plain) if base.written else None


def training_of_plain_network(student: Student) -> Training | None:
    """The training with plain data and a plain network; use it with ``student.find``."""
    training = student.find(find_training)
    base = Training(None, samples=training.samples, cells=training.cells, broken=training.broken)
    plain = (one for one in _attempts(student, base) if one.data and one.network)
    return _repair(student, base, plain) if base.written else None


def _repair(student: Student, base: Training, attempts: Iterator[_Attempt]) -> Training | None:
    found, data = student.find(facts), student.find(find_data_set)
    message = base.broken.error_message if base.broken is not None else ""
    sources = [put_right(cell.source, message) for cell in base.cells]
    own: Rerun | None = None
    best: Training | None = None
    for attempt in attempts:
        names, keep, prelude = _put_in_place(student, found, attempt)
        cells = [CLEAN_READING, *_up_to(student, base)] if attempt.clean else sources
        plan = Plan(
            [prelude, *cells], names, keep=tuple(keep), budget_s=25.0, tensors=_stub_data(student, data, attempt)
        )
        with clean_names(student, "training") if attempt.clean else contextlib.nullcontext():
            again = rerun(student, plan, functools.partial(_missing, student, attempt))
        own = own if own is not None or attempt.data or attempt.clean else again
        run = max(
            training_runs(again.trace, sizes=(*base.samples, SAMPLES)),
            key=lambda r: (len(r.epochs), r.start),
            default=None,
        )
        parts = (("names", attempt.clean), ("data", attempt.data), ("network", attempt.network))
        replaced = frozenset(part for part, used in parts if used)
        series = (
            [*printed_series(run), *bound_series(student, again.names, again.answer, len(run.epochs))]
            if run is not None
            else []
        )
        made = Training(
            run,
            tuple(series),
            f"run again with {attempt.title}",
            again.defined,
            replaced,
            again.errors,
            own,
            (*base.samples, SAMPLES),
            base.cells,
            base.broken,
        )
        if best is None or _score(made) > _score(best):
            best = made
        if _score(made) >= 1000:
            break
    return Training(**{**vars(best), "own_data": own}) if best is not None else None


def _score(training: Training) -> int:
    """Epochs seen; far more when the cells ended without an error."""
    if training.run is None:
        return 0
    finished = [one for one in training.run.passes if one.complete or one.loader is None]
    return len(finished) + (1000 if finished and not training.errors else 0) + 1


def _attempts(student: Student, base: Training) -> Iterator[_Attempt]:
    source = base.source
    two = re.search(r"CrossEntropyLoss|\bcross_entropy|NLLLoss|nll_loss|argmax|\bmax\(", source)
    binary = bool(re.search(r"BCE|binary_cross|sigmoid", source)) or not two
    kinds: tuple[str, ...] = ("float", "column", "long") if binary else ("long", "float", "column")
    outputs = 1 if binary else 2
    data = student.find(find_data_set)
    if data is not None and any(item.column for item in data.items):  # (B) against (B, 1) may go wrong in silence
        kinds = tuple(sorted(kinds, key=lambda kind: kind != "column"))
    usable = data is not None and data.alignment.layout and not any(item.fault for item in data.items)
    if (student.lost("2c.hyphen") or student.lost("2c.case")) and (data is None or any(i.fault for i in data.items)):
        yield _Attempt("names without capitals and '-'", clean=True, outputs=outputs)
    if base.broken is not None and wrongly_made(student, base.broken):
        yield _Attempt("sizes put in place", sizes=True, outputs=outputs)
    if base.broken is not None and student.find(find_uncalled) is not None:
        yield _Attempt("an instance of the network's class", instance=True, outputs=outputs)
    # a large data set would take the whole budget; one epoch of it shows that batches reach the network
    yield _Attempt("undefined names put in place" if usable else "the data as they are", outputs=outputs)
    for kind in kinds:
        yield _Attempt("plain data in place", data=True, target=kind, outputs=outputs)
    for kind in kinds:
        yield _Attempt("plain data and a plain network in place", data=True, network=True, target=kind, outputs=outputs)


def _up_to(student: Student, base: Training) -> list[str]:
    """The sources of all cells up to the training's last one."""
    last = base.cells[-1].index
    return [cell.source for cell in student.notebook.code_cells if cell.index <= last]


def _put_in_place(student: Student, found: Facts, attempt: _Attempt) -> tuple[dict[str, Expr], list[str], str]:
    """Names, those to protect, and the text that runs first."""
    names: dict[str, Expr] = {
        "probe_x": expr.tensor("probe_x"),
        "probe_y": expr.tensor("probe_y"),
        "probe_outputs": expr.value(attempt.outputs),
    }
    data = student.find(find_data_set)
    form = _form_of_items(data)
    lines, keep = [_PRELUDE, STAND_INS, f"def probe_item(x, y):\n    return {form}"], list(names)
    if attempt.data:
        kinds = {str(kind.get("name")) for kind in classes_of(student)}
        bound = {name for entry in found.entries("datasets") for name in entry.get("names") or ()}
        loaders = {name for entry in found.entries("loaders") for name in entry.get("names") or ()}
        inside = "\n".join(cell.source for cell in student.notebook.code_cells if found.sections.get(cell.index) == "f")
        lines += [_bind(name, "ProbeData") for name in sorted(kinds)] + [
            _bind(name, "ProbeData()") for name in sorted(bound)
        ]
        elsewhere = [name for name in sorted(loaders) if not re.search(rf"\b{name}\s*=\s*", inside)]
        lines += [_bind(name, "DataLoader(ProbeData(), batch_size=32, shuffle=True)") for name in elsewhere]
        keep += [*kinds, *bound, *elsewhere]
    if attempt.sizes:
        own = [str(kind.get("name")) for kind in network_classes(found)]
        lines += [FILLED, *(f"probe_filled({name})" for name in own)]
        keep += own
    uncalled = student.find(find_uncalled) if attempt.instance else None
    if uncalled is not None:
        names["probe_instance"] = instance(student, uncalled.kind, attempt.outputs)
        lines += [_bind(name, "probe_instance") for name in uncalled.names]
        keep += ["probe_instance", *uncalled.names]
    if attempt.network:
        kinds = {str(kind.get("name")) for kind in network_classes(found)}
        bound = {
            name for entry in found.entries("modules") if entry.get("own_class") for name in entry.get("names") or ()
        }
        lines += [_bind(name, "ProbeNet") for name in sorted(kinds)] + [
            _bind(name, "ProbeNet()") for name in sorted(bound)
        ]
        keep += [*kinds]
    return names, keep, "\n".join(lines)


def _form_of_items(data: DataSet | None) -> str:
    """How an item is put together: by those that hold an encoded name, else by what else they show."""
    items = [*data.good, *(item for item in data.items if item.form != USUAL_FORM)] if data is not None else []
    return items[0].form if items else USUAL_FORM


def _bind(name: str, made: str) -> str:
    """Binds a protected name: assignments to it are left out of all sources."""
    return f"globals()[{name!r}] = {made}"


def _missing(student: Student, attempt: _Attempt, name: str) -> Expr | None:
    """What a name without a value probably stands for."""
    low = name.lower()
    probe = expr.tensor_dataset("probe_x", "probe_y")
    if re.search(r"load|_dl$|batches", low):
        if not attempt.data:
            return None
        return expr.loader(probe, 32, shuffle=True)
    if re.search(r"dataset|_ds$|^ds$|^data$|train_?set|_data$|names_?data", low) and name[:1].islower():
        return probe if attempt.data else None
    if re.search(r"^(net|model|network|elman|rnn)$|_net$|_model$", low):
        network = student.find(find_network)
        if network is not None and network.layout == "batch" and network.fit is not None and not attempt.network:
            return network.expr
        return expr.linear_stub(int(np.prod(_stub_shape(student))), attempt.outputs)
    sizes: tuple[tuple[str, Any], ...] = (
        (r"batch|^bs$|^b$", 32),
        (r"epoch", 3),
        (r"^lr$|rate|^eta$|alpha", 0.01),
        (r"mom", 0.9),
        (r"layer", 1),
        (r"hid|^k$|^h$|unit|neuron", 16),
        (r"out|class|^c$|^o$|target", attempt.outputs),
        (r"max|len|^s$|seq|longest|steps", _stub_shape(student)[0]),
        (r"in|^d$|feat|vocab|alphabet|dim|size", width_of(student)),
    )
    for pattern, size in sizes:
        if re.search(pattern, low):
            return expr.value(size)
    return None


def _stub_shape(student: Student) -> tuple[int, int]:
    data = student.find(find_data_set)
    rows = [item.rows for item in data.good if item.rows is not None] if data is not None else []
    return (max(len(part) for part in rows) if rows else 24), width_of(student)


def _stub_data(student: Student, data: DataSet | None, attempt: _Attempt) -> dict[str, Array]:
    """Encoded names with zeros behind them, and genders."""
    del data
    length, width = _stub_shape(student)
    x = np.zeros((SAMPLES, length, width), dtype=np.float32)
    rows = student.find(names_table)[:SAMPLES]
    for at, row in enumerate(rows):
        for step, char in enumerate(row.name.lower()[:length]):
            x[at, step, min(LETTERS.find(char) % 27, width - 1)] = 1
    y = np.asarray([row.gender == "F" for row in rows], dtype=np.int64)
    if attempt.target != "long":
        return {"probe_x": x, "probe_y": y.astype(np.float32).reshape((-1, 1) if attempt.target == "column" else (-1,))}
    return {"probe_x": x, "probe_y": y}


def trace_of(student: Student, training: Training) -> Trace:
    """The events of the run, else of the notebook."""
    return training.run.trace if training.run is not None else student.find(whole_trace)
