"""Notebooks that hold something else than a solution: no rubric may break, and nothing is earned by chance."""

from __future__ import annotations

import pytest

from tests.rubrics.assignment2.test_assignment2 import judge

IMPORTS = "import torch\nimport torch.nn as nn\nfrom torch.utils.data import Dataset, DataLoader, TensorDataset"

OTHER_ASSIGNMENT = [
    IMPORTS,
    """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 5)
        self.fc = nn.Linear(4 * 28 * 28, 10)
    def forward(self, x):
        return self.fc(torch.flatten(torch.relu(self.conv(x)), 1))
net = Net()""",
    """loader = DataLoader(TensorDataset(torch.randn(64, 3, 32, 32), torch.randint(0, 10, (64,))), 16)
optimizer = torch.optim.SGD(net.parameters(), 0.1)
for epoch in range(2):
    correct = 0
    for x, t in loader:
        optimizer.zero_grad()
        z = net(x)
        nn.CrossEntropyLoss()(z, t).backward()
        optimizer.step()
        correct += (z.argmax(1) == t).sum().item()
    print(epoch, correct / 64)""",
]

ODD_OBJECTS = [
    IMPORTS,
    """class Odd:
    def __len__(self):
        raise RuntimeError("len")
    def __eq__(self, other):
        raise RuntimeError("eq")
    def __repr__(self):
        raise RuntimeError("repr")
    def __getattr__(self, name):
        raise RuntimeError(name)
odd, nothing, table, nested, share = Odd(), torch.zeros(0, 27), {}, [[]], float("nan")
class Negative(Dataset):
    def __len__(self):
        return -5
    def __getitem__(self, at):
        return None
class Endless(Dataset):
    def __len__(self):
        return "a"
    def __getitem__(self, at):
        raise StopIteration
negative, endless = Negative(), Endless()""",
]

NOTHING = {
    "no cells": [],
    "markdown alone": ["#md # Solution", "#md nothing"],
    "syntax errors": ["def f(:\n  pass", "class A(nn.Module)\n  x", "for x in :"],
    "another assignment": OTHER_ASSIGNMENT,
    "odd objects": ODD_OBJECTS,
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_no_solution_earns_nothing(name: str) -> None:
    outcomes = judge(NOTHING[name])
    assert {
        criterion: str(outcome.kind) for criterion, outcome in outcomes.items() if str(outcome.kind) != "not-met"
    } == {}
