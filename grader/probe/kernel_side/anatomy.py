"""What networks are made of, looked up once and not in every batch.

A walk through a network's parts takes longer than all else that the recorder does in a training step. What is known of
a network holds until any module gets a part or parameter, or a pass over a loader or a cell begins: what a
notebook takes out of a network, or puts past torch's methods into one, is seen then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

from .describe import was_moved


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A network's parts.

    Attributes:
        module: The network.
        parameters: Its parameters.
        identities: The parameters' ``id``.
        norms: Its batch-norm and dropout layers.
        parameters_moved: Whether any parameter was on a GPU, real or redirected, when this was looked up.
    """

    module: nn.Module
    parameters: tuple[nn.Parameter, ...]
    identities: frozenset[int]
    norms: tuple[nn.Module, ...]
    parameters_moved: bool

    def left_out(self, held: Collection[int]) -> int:
        """How many trainable matrices, and whatever else has several dimensions, are not among some objects' ``id``."""
        matrices = (parameter for parameter in self.parameters if parameter.requires_grad and parameter.ndim > 1)
        return sum(id(parameter) not in held for parameter in matrices)

    def flags(self) -> tuple[bool, bool]:
        """Training mode of the network, and of any batch-norm or dropout layer in it."""
        return bool(self.module.training), any(part.training for part in self.norms)

    def moved(self) -> bool:
        """Whether the network went to a GPU; a look at one parameter, since ``to`` takes all of them along."""
        if self.parameters_moved or "_grader_moved" in self.module.__dict__:
            return True
        return bool(self.parameters) and was_moved(self.parameters[0])


class Anatomies:
    """What is known of networks at the moment.

    Attributes:
        generation: Counts how often everything known was forgotten.
    """

    def __init__(self) -> None:
        self.generation = 0
        self._known: dict[int, Anatomy] = {}
        register_module_module_registration_hook(self._registered)
        register_module_parameter_registration_hook(self._registered)

    def of(self, module: nn.Module) -> Anatomy:
        """The anatomy of a network."""
        known = self._known.get(id(module))
        if known is None or known.module is not module:
            known = self._known[id(module)] = _anatomy(module)
        return known

    def forget(self) -> None:
        """Looks networks up anew from now on."""
        self._known.clear()
        self.generation += 1

    def _registered(self, *_: Any) -> None:
        self.forget()


def _anatomy(module: nn.Module) -> Anatomy:
    parameters = tuple(module.parameters())
    return Anatomy(
        module,
        parameters,
        frozenset(map(id, parameters)),
        tuple(part for part in module.modules() if isinstance(part, (_BatchNorm, _DropoutNd))),
        any(was_moved(parameter) for parameter in parameters),
    )


def layer_type(part: nn.Module) -> str:
    """Name of a part's class; where the notebook's own class has the name of a layer, that of what it derives from."""
    kind = type(part)
    if kind.__module__.startswith("torch") or not hasattr(nn, kind.__name__):
        return kind.__name__
    return next(base.__name__ for base in kind.__mro__ if base.__module__.startswith("torch"))


def module_moved(module: nn.Module) -> bool:
    """Whether a module, or its parameters, went to a GPU, real or redirected."""
    return _anatomy(module).moved()


def any_gradient(parameters: Sequence[torch.Tensor]) -> bool:
    """Whether the first or last gradients are non-zero; a sample, since this runs in every step.

    The last is looked at first: usually that of a few biases, and rarely zero.
    """
    last = parameters[-1].grad if parameters else None
    if last is not None and _nonzero(last):
        return True
    held = [gradient for parameter in parameters if (gradient := parameter.grad) is not None]
    return any(_nonzero(gradient) for gradient in (*held[:-3:-1], *held[:2]))


FEW = 64
"""Numbers that are read sooner than an operation on them is called."""


def _nonzero(gradient: torch.Tensor) -> bool:
    values = gradient._values() if gradient.is_sparse else gradient
    if values.numel() == 1:
        return bool(values.item())
    if values.ndim == 1 and len(values) <= FEW:
        return any(values.tolist())
    return bool(values.count_nonzero())  # several times as fast as ``any`` for numbers
