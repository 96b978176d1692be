"""The solution notebook earns full points, and the reference network follows the plan."""

from __future__ import annotations

from pathlib import Path

import nbformat
import torch

import reference
from reference.assignment3 import FEATURES, HouseNumberNetwork, accuracy, feature_map_shape, train_epoch
from tests.rubrics.assignment3.judging import judge

NOTEBOOK = Path(reference.__path__[0]) / "solutions" / "assignment3.ipynb"


def test_solution_notebook_earns_full_points() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [("#md " if cell.cell_type != "code" else "") + cell.source for cell in notebook.cells]
    assert {outcome.criterion: outcome.saw for outcome in judge(cells).values() if outcome.kind != "met"} == {}


def test_reference_network_has_the_sizes_of_the_assignment() -> None:
    assert feature_map_shape(32, 32) == (128, 8, 1)
    network = HouseNumberNetwork()
    assert network.features(torch.zeros(2, 3, 32, 32)).shape == (2, 128, 8, 1)
    assert network.classifier.weight.shape == (10, FEATURES)


def test_reference_training_learns_and_evaluates() -> None:
    torch.manual_seed(0)
    images, labels = torch.randn(24, 3, 32, 32), torch.arange(24) % 10
    network = HouseNumberNetwork(dropout=0.0)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    first, *_, last = [train_epoch(network, [(images, labels)], optimizer) for _ in range(12)]
    assert last < first
    assert not network.train().eval().training
    assert 0.0 <= accuracy(network, [(images, labels)]) <= 1.0
