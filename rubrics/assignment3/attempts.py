"""Ways to run a training again: with small data, another loss, or something plain in place of the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.probe import expr
from grader.probe.expr import Expr
from grader.probe.types import Array
from grader.scoring import Student
from reference.assignment3 import CLASSES, IMAGE_SHAPE
from rubrics.assignment3.classified import as_it_learns
from rubrics.assignment3.completing import completed_cells
from rubrics.assignment3.loading import look_at_data, sizes
from rubrics.assignment3.objects import Objects, Roles, objects, roles
from rubrics.assignment3.probing import Network

LARGE = 5_000
"""Data sets beyond this size are replaced by small ones when a training is run again."""

STUB_SIZES = {"train": 96, "test": 60}
"""Samples of the small data: they tell its two loaders apart."""
STUB_BATCH = 16


@dataclass(frozen=True)
class Attempt:
    """A way to run cells again.

    Attributes:
        title: What is changed, for evidence.
        names: Names to put in place.
        data: Whether small data stand in for the notebook's.
        loss: Whether cross-entropy stands in for the loss.
        stub: Whether something plain stands in for the network.
        floats: Whether images are converted to float tensors.
        sources: Texts of the cells where these are changed; empty for the cells as they are.
    """

    title: str
    names: Mapping[str, Expr] = field(default_factory=dict)
    data: bool = False
    loss: bool = False
    stub: bool = False
    floats: bool = False
    sources: tuple[str, ...] = ()


def all_attempts(student: Student, sources: Sequence[str], network: Network | None) -> Iterator[Attempt]:
    """The ways to run cells again, those that put in the least first."""
    found, role = student.find(objects), student.find(roles)
    yield from _of_logits(sources, network)
    yield from _of_completed(sources, found, role, network)
    yield from _with_stand_ins(student, found, role, network)


def _of_logits(sources: Sequence[str], network: Network | None) -> list[Attempt]:
    """An attempt for a network that returns classes, if it is one."""
    if network is None or network.strict.whole or network.strict.error:
        return []
    one = network.candidate
    changed = as_it_learns(sources, one.source, one.class_name, one.names)
    return [Attempt("with logits in place of classes", sources=tuple(changed))] if changed else []


def _of_completed(sources: Sequence[str], found: Objects, role: Roles, network: Network | None) -> list[Attempt]:
    """An attempt with the calls that classes of networks lack, if that kept the network from being made."""
    whole = completed_cells(found, sources) if network is not None and network.candidate.slip else []
    small = dict(_small_data(found, role)) if _large(role) else {}
    title = "with `super().__init__()` put in"
    return [Attempt(title, small, data=bool(small), sources=tuple(whole))] if whole else []


def _with_stand_ins(student: Student, found: Objects, role: Roles, network: Network | None) -> Iterator[Attempt]:
    small = dict(_small_data(found, role)) if _large(role) else {}
    data = dict(_small_data(found, role))
    losses = {str(name): _right_loss() for entry in found.entries("losses") for name in entry.get("names") or ()}
    stub = dict(_stub_names(student, network))
    if student.lost("3c.tensor") and not small:
        yield Attempt("with images as float tensors", floats=True)
    yield Attempt("with a final layer that fits", small, data=bool(small))
    if losses:
        yield Attempt("with cross-entropy in place of the loss", {**small, **losses}, data=bool(small), loss=True)
    if stub:
        yield Attempt("with a plain network in place", {**small, **stub}, data=bool(small), stub=True)
    if data and not small:
        yield Attempt("with plain data in place", data, data=True)
    if stub and data:
        yield Attempt("with plain data and a plain network in place", {**data, **stub}, data=True, stub=True)
    if stub and losses:
        everything = {**data, **stub, **losses}
        yield Attempt("with data, network and loss in place", everything, data=bool(data), loss=True, stub=True)


def _large(role: Roles) -> bool:
    return any(
        loader is not None and loader.dataset is not None and (loader.dataset.length or 0) > LARGE
        for loader in (role.train, role.test)
    )


def _right_loss() -> Expr:
    return expr.call(expr.importing("torch.nn.CrossEntropyLoss"))


def stub_network() -> Expr:
    """A linear layer that takes images (B, 3, 32, 32)."""
    return expr.linear_stub(int(np.prod(IMAGE_SHAPE)), CLASSES)


def _stub_names(student: Student, network: Network | None) -> Iterator[tuple[str, Expr]]:
    """The network's names, and its class as a factory that ignores its arguments."""
    if network is None:
        return
    for name in network.candidate.names:
        yield name, stub_network()
    if network.candidate.class_name and network.candidate.source:
        made = expr.call(expr.importing("unittest.mock.Mock"), [], {"return_value": stub_network()})
        yield network.candidate.class_name, made


def _small_data(found: Objects, role: Roles) -> Iterator[tuple[str, Expr]]:
    for name, loader in (("train", role.train), ("test", role.test)):
        made = stub_loader(name)
        for known in loader.names if loader is not None else ():
            yield known, made
        # also beside a loader with a name: accuracies are divided by the length of the data set
        if loader is not None and loader.dataset is not None:
            for known in loader.dataset.names:
                yield known, expr.tensor_dataset(f"{name}_images", f"{name}_labels")


def stub_loader(name: str) -> Expr:
    """A loader of small random data: ``train`` or ``test``."""
    data = expr.tensor_dataset(f"{name}_images", f"{name}_labels")
    return expr.loader(data, STUB_BATCH, shuffle=name == "train")


def stub_data(student: Student) -> dict[str, Array]:
    """Small random images and labels, of the size that the notebook's images have."""
    height, width = max(sizes(student.find(look_at_data)), default=IMAGE_SHAPE[1:])
    generator = student.rng("stub data")
    data: dict[str, Array] = {}
    for name, count in STUB_SIZES.items():
        shape = (count, IMAGE_SHAPE[0], min(height, 256), min(width, 256))
        data[f"{name}_images"] = generator.standard_normal(shape).astype(np.float32)
        data[f"{name}_labels"] = generator.integers(0, CLASSES, count)
    return data
