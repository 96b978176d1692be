"""Networks that return classes: how their source is put right, and what counts as a right prediction."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rubrics.assignment3.classified import decided, with_logits

CLASS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)
    def forward(self, x):
        z = self.fc(x)
        {end}
"""
ENDS = (
    "return torch.argmax(z, dim=1)",
    "return z.argmax(-1)",
    "return z.max(1)[1]",
    "return torch.max(input=z, dim=1).indices",
    "_, k = torch.max(z, 1)\n        return k",
    "return z.softmax(1).argmax(1)",
)


@pytest.mark.parametrize("end", ENDS)
def test_logits_come_where_it_learns_and_classes_elsewhere(end: str) -> None:
    space: dict[str, object] = {"nn": nn, "torch": torch}
    exec(with_logits(CLASS.format(end=end), "Net"), space)
    kind = space["Net"]
    assert isinstance(kind, type)
    network = kind()
    x = torch.randn(5, 3)
    assert network(x).shape == (5, 4)
    assert network(x).requires_grad
    with torch.no_grad():
        assert torch.equal(network(x), network.fc(x).argmax(1).float())


@pytest.mark.parametrize("source", [CLASS.format(end="return z"), "x = (", "y = net(x).argmax(1)"])
def test_what_returns_no_classes_is_left_as_it_is(source: str) -> None:
    assert with_logits(source, "Net") == ""


def test_classes_are_compared_as_they_are() -> None:
    target = np.array([1.0, 0.0, 2.0])
    assert decided(np.array([1.0, 1.0, 2.0]), target) == 2
    assert decided(np.eye(3)[[1, 1, 2]], target) == 2
