"""The recurrent network of 2(e) as it was seen: how to reach it, what was sent, what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.probe.expr import Expr
from rubrics.assignment2.elman import Matrix
from rubrics.assignment2.heads import Fit

_GATED = {"LSTM", "LSTMCell", "GRU", "GRUCell"}
_OTHER = {"TransformerEncoder", "TransformerEncoderLayer", "MultiheadAttention", "Conv1d", "Conv2d", "Transformer"}


@dataclass(frozen=True)
class Mended:
    """A matrix that got another size, so that a network that fails could be examined.

    Attributes:
        name: Of the parameter.
        was: Its shape.
        shape: The shape with which the network works.
        fault: How the network fails without.
    """

    name: str
    was: tuple[int, ...]
    shape: tuple[int, ...]
    fault: str

    @property
    def text(self) -> str:
        """The change in words."""
        was, now = ("×".join(map(str, shape)) for shape in (self.was, self.shape))
        return f"`{self.name}` is {was}, and a batch B×S×D fails with {self.fault}; with {now} it works"


@dataclass(frozen=True)
class Slip:
    """What was put right in a forward that fails.

    Attributes:
        criterion: Which criterion it costs; ``""`` where that depends on the part's role.
        part: Name of the part that is concerned, or ``""``.
        text: What is wrong.
    """

    criterion: str
    part: str
    text: str


@dataclass(frozen=True)
class Network:
    """The network that 2(e) is judged by.

    Attributes:
        expr: How to reach it.
        how: What it is, for evidence.
        tree: Its modules, as the inventory lists them.
        layout: How inputs are laid out: ``batch`` (B×S×D), ``step`` (B×D with a hidden state), ``single`` (S×D), or
            ``""`` when no input was accepted.
        width: D.
        x: The input (B, S, D) that was sent, whatever the layout.
        outputs: What came back, floating arrays in order.
        again: The same for a second call with the same input.
        start: Hidden state that was sent, (B, K), or None.
        params: Parameters and other held tensors by name.
        fit: What reproduces the outputs, or None.
        kept: Whether a state kept from the call before explains the second call.
        fault: Exception of the last attempt, or ``""``.
        constructed: Whether it was made for the examination.
        obj: Number of the module, or None.
        cell: Where its class is defined.
        integers: Whether it takes index numbers.
        plain: What may hold its parameters, by name, where it is no ``nn.Module``.
        wavering: Whether two calls with the same short input disagreed, which long ones may hide.
        mended: What had to be changed before it could be examined, or None.
        slip: What had to be put right in its source, or None.
        sized: Size of the only batches that it takes, 0 when it takes any.
        mixing: Whether a sample of a batch of short inputs changed the results of others, which long ones may hide.
    """

    expr: Expr
    how: str
    tree: tuple[Mapping[str, Any], ...] = ()
    layout: str = ""
    width: int = 27
    x: Matrix | None = None
    outputs: tuple[Matrix, ...] = ()
    again: tuple[Matrix, ...] = ()
    start: Matrix | None = None
    params: Mapping[str, Matrix] = field(default_factory=dict)
    fit: Fit | None = None
    kept: bool = False
    fault: str = ""
    constructed: bool = False
    obj: int | None = None
    cell: int | None = None
    integers: bool = False
    plain: tuple[tuple[str, Expr], ...] = ()
    wavering: bool = False
    mixing: bool = False
    mended: Mended | None = None
    slip: Slip | None = None
    sized: int = 0

    @property
    def types(self) -> set[str]:
        """Types of its modules."""
        return {str(part.get("type")) for part in self.tree}

    @property
    def gated(self) -> bool:
        """Whether it is an LSTM or GRU."""
        return bool(self.types & _GATED)

    @property
    def foreign(self) -> bool:
        """Whether it contains layers that are no part of a recurrent network."""
        return bool(self.types & _OTHER)

    @property
    def steady(self) -> bool:
        """Whether two calls with the same input agree."""
        return len(self.outputs) == len(self.again) and all(
            a.shape == b.shape and np.allclose(a, b, rtol=1e-3, atol=1e-4)
            for a, b in zip(self.outputs, self.again, strict=True)
        )
