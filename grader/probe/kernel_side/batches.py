"""What the tensors of a batch are: where its labels are, and what kind of numbers a network gives for it."""

from __future__ import annotations

import torch


def label_place(tensors: list[torch.Tensor]) -> int:
    """Which tensor of a first batch has the labels.

    What has the fewest dimensions; among these the fewest different values, but more than one; among these the last.
    """
    least = min((thing.ndim for thing in tensors), default=0)
    small = [place for place, thing in enumerate(tensors) if thing.ndim == least]
    if len(small) < 2:
        return small[0] if small else 0
    kinds = {place: len(torch.unique(tensors[place])) for place in small}
    return min(reversed(small), key=lambda place: kinds[place] if kinds[place] > 1 else float("inf"))


def nature(logits: torch.Tensor) -> str:
    """Whether rows look like logits, probabilities or log-probabilities."""
    with torch.no_grad():
        values = logits.detach()
        if not values.is_floating_point() or values.numel() == 0:
            return "logits"
        if values.ndim >= 2 and values.shape[1] > 1:
            if bool((values >= 0).all()) and bool((values.sum(1) - 1).abs().max() < 1e-3):
                return "probabilities"
            if bool((values <= 0).all()) and bool((values.exp().sum(1) - 1).abs().max() < 1e-3):
                return "log-probabilities"
            return "logits"
        return "probabilities" if bool(((values >= 0) & (values <= 1)).all()) else "logits"
