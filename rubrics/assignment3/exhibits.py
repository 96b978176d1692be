"""What the reports of questions 3d and 3e show: layers with their shapes, curves, and a confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from grader.exhibits import Column, Confusion, Curves, Exhibit, Table, TableRow
from grader.scoring import Student
from reference.assignment3 import CLASSES, IMAGE_SHAPE, PLAN, feature_map_shape
from rubrics.assignment3.design import Layer
from rubrics.assignment3.probing import find_network
from rubrics.assignment3.runs import find_training
from rubrics.assignment3.testing import Tested, tested
from rubrics.averages import hits, outputs_and_targets
from rubrics.shown_training import accuracy_curve, loss_curve, reported_accuracy
from rubrics.training import TrainingRun

_SHOWN = ("conv", "pool", "linear", "dropout", "norm", "activation", "resize")
_MOST_LAYERS = 60
_NOTHING = "–"

Shape = tuple[int, ...]


def layer_table(student: Student) -> Iterator[Exhibit]:
    """The layers in the order in which they computed, with the shape behind each and the wanted one."""
    network = student.find(find_network)
    layers = [layer for layer in network.layers if layer.kind in _SHOWN][:_MOST_LAYERS] if network is not None else []
    if network is None or not layers:
        return
    yield Table(
        title="Layer by layer",
        caption="Read from the source, since the network did not run." if network.by_source else "",
        columns=(
            Column(heading="Layer"),
            Column(heading="Yours"),
            Column(heading="Shape behind it"),
            Column(heading="Wanted shape", reference=True),
        ),
        rows=tuple(_rows(layers)),
    )


def _rows(layers: Sequence[Layer]) -> Iterator[TableRow]:
    wanted = _wanted()
    given = layers[0].shape_in[1:]
    if given:
        yield _row("input", "", given, IMAGE_SHAPE)
    keys = _keys(layers)
    before = given
    for layer, key in zip(layers, keys, strict=True):
        for missing in _passed_over(key, keys, wanted):
            yield TableRow(cells=(missing, "missing", _NOTHING, _times(wanted.pop(missing))), differs=True)
        row = _row(key or _word(layer), _words(layer), layer.shape_out[1:], wanted.pop(key, ()))
        unfit = (
            layer.kind == "linear" and bool(before) and len(layer.weight) == 2 and math.prod(before) != layer.weight[1]
        )
        yield row.model_copy(update={"differs": row.differs or unfit})
        before = layer.shape_out[1:]
    for missing, shape in wanted.items():
        yield TableRow(cells=(missing, "missing", _NOTHING, _times(shape)), differs=True)


def _unfit(layer: Layer, before: Shape) -> bool:
    """Whether a linear layer does not take the values of the map before it."""
    return layer.kind == "linear" and bool(before) and math.prod(before) != layer.weight[1]


def _row(name: str, words: str, shape: Shape, wanted: Shape) -> TableRow:
    cells = (name, words, _times(shape), _times(wanted))
    return TableRow(cells=cells, differs=bool(shape and wanted) and shape != wanted)


def _wanted() -> dict[str, Shape]:
    """The layers that the assignment asks for, with the shape behind each."""
    found: dict[str, Shape] = {}
    for number, layer in enumerate(PLAN, start=1):
        channels, height, width = feature_map_shape(*IMAGE_SHAPE[1:], PLAN[:number])
        found[f"convolution {number}"] = (channels, height * layer.pool, width * layer.pool)
        if layer.pool > 1:
            found[f"pooling {number}"] = (channels, height, width)
    return {**found, "fully connected": (CLASSES,)}


def _keys(layers: Sequence[Layer]) -> list[str]:
    """The name of the wanted layer that each layer stands for, or ``""``."""
    keys: list[str] = []
    convolutions = 0
    last_linear = max((at for at, layer in enumerate(layers) if layer.kind == "linear"), default=-1)
    for at, layer in enumerate(layers):
        convolutions += layer.kind == "conv"
        key = ""
        if layer.kind == "conv":
            key = f"convolution {convolutions}"
        elif layer.kind == "pool" and f"pooling {convolutions}" not in keys:
            key = f"pooling {convolutions}"
        elif at == last_linear:
            key = "fully connected"
        keys.append(key)
    return keys


def _passed_over(key: str, keys: Sequence[str], wanted: dict[str, Shape]) -> list[str]:
    """Wanted layers that should have come before ``key`` and come nowhere."""
    names = list(wanted)
    return [name for name in names[: names.index(key)] if name not in keys] if key in names else []


def _word(layer: Layer) -> str:
    return {"activation": "activation", "dropout": "dropout", "norm": "normalization", "resize": "resizing"}.get(
        layer.kind, layer.kind
    )


def _words(layer: Layer) -> str:
    if layer.kind == "conv" and len(layer.weight) == 4:
        top, bottom, left, right = layer.padding
        sides = f"({top}, {left})" if (top, left) == (bottom, right) else f"({top}+{bottom}, {left}+{right})"
        outputs, inputs, height, width = layer.weight
        return f"{inputs} → {outputs}, {height}×{width}, padding {sides}"
    if layer.kind == "pool":
        return f"{'maximum' if layer.maximum else 'average'} {layer.kernel[0]}×{layer.kernel[1]}"
    if layer.kind == "linear" and len(layer.weight) == 2:
        return f"{layer.weight[1]} → {layer.weight[0]}"
    return layer.name if layer.kind == "activation" else ""


def _times(shape: Sequence[int]) -> str:
    return "×".join(str(size) for size in shape) or _NOTHING


def training_and_test(student: Student) -> Iterator[Exhibit]:
    """Loss and accuracy of each epoch, and what the test images were taken for after the last one.

    A training that had to be repaired is not shown: its numbers are those of other data.
    """
    training = student.find(find_training)
    run = training.run
    if run is None or not run.epochs or training.repaired:
        return
    seen = tested(student, training, run)
    curves = [
        *loss_curve(run),
        *accuracy_curve("test accuracy, as recorded", list(_accuracies(run, seen))),
        *reported_accuracy(training.series, "test"),
    ]
    if curves:
        yield Curves(title="Your training, epoch by epoch", curves=tuple(curves))
    counts = _counts(run, seen)
    if counts is not None:
        yield Confusion(
            title="What the test images were taken for after the last epoch",
            caption="Rows: the true digit. Columns: what your network said.",
            classes=tuple(str(digit) for digit in range(CLASSES)),
            counts=tuple(tuple(int(number) for number in row) for row in counts),
        )


def _accuracies(run: TrainingRun, seen: Tested) -> Iterator[float | None]:
    for passes in seen.epochs:
        found = hits(run.trace, passes[-1]) if passes else None
        yield found.accuracy if found is not None else None


def _counts(run: TrainingRun, seen: Tested) -> np.ndarray[tuple[int, int], np.dtype[np.int64]] | None:
    """(true digit, predicted digit), or None when the test set was never seen whole."""
    counts = np.zeros((CLASSES, CLASSES), dtype=np.int64)
    passes = seen.epochs[-1] if seen.epochs else ()
    for _, output, target in outputs_and_targets(run.trace, passes[-1]) if passes else ():
        digits = target.reshape(-1).astype(np.int64)
        usable = output.ndim == 2 and output.shape[1] == CLASSES and len(digits) == len(output)
        if not usable or not np.isin(digits, range(CLASSES)).all():
            return None
        np.add.at(counts, (digits, output.argmax(axis=1)), 1)
    return counts if counts.any() else None
