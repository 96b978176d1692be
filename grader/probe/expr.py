"""Expressions: how the host names objects and computations in the kernel, as JSON data.

An expression is a dictionary with one key, its operator. ``kernel_side.expressions`` evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Expr = dict[str, Any]


def var(name: str) -> Expr:
    """A global name of the notebook."""
    return {"var": name}


def obj(ident: int) -> Expr:
    """An object that the recorder or an earlier answer has given a number."""
    return {"obj": ident}


def slot(name: str) -> Expr:
    """The result of an earlier step of the same request."""
    return {"slot": name}


def value(data: Any) -> Expr:
    """A literal: JSON data as it is."""
    return {"value": data}


def tensor(name: str) -> Expr:
    """A ``torch.Tensor`` made of the request's array of that name."""
    return {"tensor": name}


def array(name: str) -> Expr:
    """A ``numpy.ndarray`` made of the request's array of that name."""
    return {"array": name}


def image(name: str) -> Expr:
    """A ``PIL.Image`` made of the request's uint8 array (H, W, 3)."""
    return {"image": name}


def attr(target: Expr, name: str) -> Expr:
    """``target.name``."""
    return {"attr": [target, name]}


def item(target: Expr, key: Expr) -> Expr:
    """``target[key]``."""
    return {"item": [target, key]}


def call(target: Expr, args: Sequence[Expr] = (), kwargs: Mapping[str, Expr] | None = None) -> Expr:
    """``target(*args, **kwargs)``."""
    return {"call": [target, list(args), dict(kwargs or {})]}


def importing(dotted: str) -> Expr:
    """A public object of an installed package or of builtins, e.g. ``"builtins.len"`` or ``"copy.deepcopy"``."""
    return {"import": dotted}


def sequence(kind: str, items: Sequence[Expr]) -> Expr:
    """A ``list`` or ``tuple`` of expressions."""
    return {kind: list(items)}


def tensor_dataset(*names: str) -> Expr:
    """A ``torch.utils.data.TensorDataset`` over the request's arrays of those names."""
    return {"tensor_dataset": list(names)}


def loader(dataset: Expr, batch_size: int, *, shuffle: bool = False) -> Expr:
    """A ``torch.utils.data.DataLoader`` over a data set."""
    return {"loader": [dataset, batch_size, shuffle]}


def linear_stub(in_features: int, out_features: int) -> Expr:
    """A plain network that flattens its input and applies one linear layer.

    It stands in for a broken network, so that a training loop can be examined; it tells nothing of the answer.
    """
    return {"linear_stub": [in_features, out_features]}
