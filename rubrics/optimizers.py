"""Which parameters of a network no optimizer holds, and which way they are moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]


def left_out(modules: Sequence[Entry], network: int | None, optimizers: Sequence[Entry]) -> list[str]:
    """Trainable parameters of a network that none of some optimizers holds; empty when they hold nothing of it.

    Args:
        modules: The inventory's modules.
        network: Number of the network.
        optimizers: The inventory's entries of the optimizers.
    """
    module = next((entry for entry in modules if entry.get("obj") == network), None)
    if module is None:
        return []
    parts = [part for entry in optimizers for part in entry.get("parameters") or ()]
    held = {str(part.get("name")) for part in parts if part.get("module") == network}
    wanted = [str(part.get("name")) for part in module.get("parameters") or () if part.get("requires_grad")]
    lacking = [name for name in wanted if name not in held] if held else []
    # layers that were called by themselves, to find a size, own their parameters
    layers = {entry.get("obj") for entry in modules if network in (entry.get("parents") or ())}
    return lacking if sum(part.get("module") in layers for part in parts) < len(lacking) else []


def maximising(optimizers: Sequence[Entry]) -> bool:
    """Whether one of the inventory's optimizers goes up the gradient (``maximize=True``)."""
    return any(group.get("maximize") is True for entry in optimizers for group in entry.get("groups") or ())
