"""The SVHN data sets, loaders and networks of a notebook, found by what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.probe.types import Answer, Request
from grader.scoring import Student
from rubrics.assignment3.archive import recognised
from rubrics.source import CellSource, cells_that_train, parsed_cells
from rubrics.trace import Trace, whole_trace

IMAGE_SIZE = 32
"""Height and width of an SVHN image."""


@dataclass(frozen=True)
class Dataset:
    """A data set.

    Attributes:
        obj: Its number.
        splits: SVHN splits that it draws from, through subsets and wrappers.
        direct: Whether it is torchvision's SVHN itself (or a subclass).
        length: Number of items, where known.
        download: Whether it was asked to download; None for wrappers and where unknown.
        transform: Text of its transform.
        names: Global names.
    """

    obj: int
    splits: frozenset[str]
    direct: bool
    length: int | None
    download: bool | None
    transform: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Loader:
    """A loader. Attributes: its number, data set, batch size, and whether and how often it is iterated."""

    obj: int
    dataset: Dataset | None
    batch_size: int | None
    shuffle: bool
    sampler: str
    length: int | None
    iterations: int
    names: tuple[str, ...]

    @property
    def title(self) -> str:
        """Its name for evidence."""
        return f"`{self.names[0]}`" if self.names else "a loader without a global name"


@dataclass
class Objects:
    """The inventory of a notebook as far as assignment 3 needs it."""

    answer: Answer
    datasets: list[Dataset] = field(default_factory=list)
    loaders: list[Loader] = field(default_factory=list)
    cells: list[CellSource] = field(default_factory=list)

    def entries(self, key: str) -> list[Mapping[str, Any]]:
        """The inventory's entries of a kind."""
        return [entry for entry in self.answer.data.get(key) or () if isinstance(entry, Mapping)]

    def of_split(self, split: str) -> list[Dataset]:
        """The data sets that draw from a split."""
        return [dataset for dataset in self.datasets if split in dataset.splits]

    def loader(self, obj: int | None) -> Loader | None:
        """A loader by its number."""
        return next((loader for loader in self.loaders if loader.obj == obj), None)


def objects(student: Student) -> Objects:
    """Takes the inventory; use it with ``student.find``."""
    answer = student.ask(Request("inventory", timeout_s=120))
    found = Objects(answer, cells=parsed_cells(student.notebook))
    raw = {int(entry["obj"]): entry for entry in found.entries("datasets") if isinstance(entry.get("obj"), int)}
    found.datasets = recognised(student, [_dataset(obj, entry, raw) for obj, entry in raw.items()])
    by_obj = {dataset.obj: dataset for dataset in found.datasets}
    found.loaders = [_loader(entry, by_obj) for entry in found.entries("loaders")]
    return found


def _dataset(obj: int, entry: Mapping[str, Any], raw: Mapping[int, Mapping[str, Any]]) -> Dataset:
    download = entry.get("download")
    return Dataset(
        obj=obj,
        splits=frozenset(_splits(obj, raw, 0)),
        direct=_is_svhn(entry),
        length=entry.get("length") if isinstance(entry.get("length"), int) else None,
        download=download if isinstance(download, bool) else None,
        transform=str(entry.get("transform") or ""),
        names=tuple(str(name) for name in entry.get("names") or ()),
    )


def _is_svhn(entry: Mapping[str, Any]) -> bool:
    return any(str(name).endswith(".SVHN") and "torchvision" in str(name) for name in entry.get("mro") or ())


def _splits(obj: int, raw: Mapping[int, Mapping[str, Any]], depth: int) -> Iterator[str]:
    entry = raw.get(obj)
    if entry is None or depth > 6:
        return
    if _is_svhn(entry) and isinstance(entry.get("split"), str):
        yield entry["split"]
        return
    for inner in _inner(entry):
        yield from _splits(inner, raw, depth + 1)


def _inner(entry: Mapping[str, Any]) -> Iterator[int]:
    """The data sets that one is made of: by torch's attributes, or by any attribute of a class of the notebook."""
    if isinstance(entry.get("dataset"), int):
        yield entry["dataset"]
    for part in entry.get("datasets") or ():
        if isinstance(part, int):
            yield part
    attributes = entry.get("attrs")
    for described in attributes.values() if isinstance(attributes, Mapping) else ():
        if isinstance(described, Mapping) and described.get("kind") == "dataset" and isinstance(described["obj"], int):
            yield described["obj"]


def _loader(entry: Mapping[str, Any], datasets: Mapping[int, Dataset]) -> Loader:
    size = entry.get("batch_size")
    return Loader(
        obj=int(entry["obj"]),
        dataset=datasets.get(int(entry.get("dataset") or 0)),
        batch_size=size if isinstance(size, int) else None,
        shuffle=bool(entry.get("shuffle")),
        sampler=str(entry.get("sampler") or ""),
        length=entry.get("length") if isinstance(entry.get("length"), int) else None,
        iterations=int(entry.get("iterations") or 0),
        names=tuple(str(name) for name in entry.get("names") or ()),
    )


@dataclass(frozen=True)
class Roles:
    """Which loader trains and which one tests, by what was done with them."""

    train: Loader | None
    test: Loader | None
    swapped: bool = False


def roles(student: Student) -> Roles:
    """Assigns loaders to their roles; use it with ``student.find``."""
    found = student.find(objects)
    trace = student.find(whole_trace)
    learned, tested = _used(trace)
    crashed = not learned
    if crashed:
        learned = _failed_with(student, found, trace)
        tested -= learned
    trains = [loader for loader in found.loaders if loader.obj in learned]
    over_train = [loader for loader in found.loaders if loader.dataset and "train" in loader.dataset.splits]
    over_test = [loader for loader in found.loaders if loader.dataset and "test" in loader.dataset.splits]
    train = _best([loader for loader in trains if loader in over_train] or trains or _marked(over_train))
    test = _best([loader for loader in over_test if loader.obj in tested] or [x for x in over_test if x != train])
    if train is None and crashed:  # what was taken for the training set is no training split
        train = _best([loader for loader in found.loaders if loader.shuffle and loader.dataset in found.datasets])
        test = test if test != train else _best([loader for loader in over_test if loader != train])
    if train is None:
        return Roles(None, test)
    swapped = train in over_test and train not in over_train
    if swapped:
        others = [loader for loader in over_train if loader.obj in tested] or over_train
        return Roles(train, _best(others) or test, swapped=bool(others))
    if test is None:
        left = [loader for loader in found.loaders if loader != train]
        test = _best([loader for loader in left if loader.obj in tested])
        if crashed:  # the training failed before anything could be tested
            named = [loader for loader in left if any("test" in name.lower() for name in loader.names)]
            test = test or _best(named or (left if len(left) == 1 else []))
    return Roles(train, test)


def _used(trace: Trace) -> tuple[set[int], set[int]]:
    """Loaders whose batches were learned from, and those that were only looked at by a network."""
    batches: Counter[int] = Counter()
    learned: Counter[int] = Counter()
    seen: set[int] = set()
    current: int | None = None
    fresh = False
    for event in trace.events:
        if event.kind == "batch":
            current, fresh = int(event.get("loader") or 0), True
            batches[current] += 1
        elif event.kind == "cell" or (event.kind == "iter" and event.get("end")):
            current = None
        elif current is not None and event.kind == "forward":
            seen.add(current)
        elif current is not None and event.kind in {"backward", "step"} and fresh:
            # once a batch: batches cut by hand may follow a single one of a loader
            learned[current] += 1
            fresh = False
    trained = {loader for loader, count in learned.items() if count > 0.2 * batches[loader]}
    by_hand = {loader for loader in trained if batches[loader] == 1 and len(trace.of("backward", "step")) > 3}
    return trained - by_hand, seen - trained


def _failed_with(student: Student, found: Objects, trace: Trace) -> set[int]:
    """The loader whose first batch a training failed with."""
    training = {cell.cell.index for cell in cells_that_train(found.cells)}
    failed = [cell.index for cell in student.notebook.code_cells if cell.status == "error" and cell.index in training]
    delivered = [int(event.get("loader") or 0) for event in trace.of("batch") if event.cell in failed[:1]]
    return set(delivered[-1:])


def _marked(loaders: Sequence[Loader]) -> list[Loader]:
    """Without a training, the loader for it is the one that shuffles or is not named as validation."""
    shuffling = [loader for loader in loaders if loader.shuffle]
    named = [loader for loader in loaders if any("train" in name.lower() for name in loader.names)]
    return named or shuffling or list(loaders)


def _best(loaders: Sequence[Loader]) -> Loader | None:
    return max(loaders, key=lambda loader: (loader.iterations, loader.length or 0, loader.obj), default=None)
