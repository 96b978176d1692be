"""The references of assignment 2 agree with each other and learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from reference.assignment2 import (
    CHARACTERS,
    D,
    ElmanNetwork,
    NameDataset,
    elman_states,
    encode_character,
    encode_name,
    predicted,
    train_epoch,
)


def test_every_character_has_a_code_of_its_own() -> None:
    codes = np.stack([encode_character(character) for character in CHARACTERS])
    assert np.array_equal(codes, np.eye(27))
    assert np.array_equal(encode_character("Q"), encode_character("q"))
    with pytest.raises(ValueError, match="substring"):
        encode_character("'")


def test_names_are_padded_behind() -> None:
    rows = encode_name("Jo-Ann", 9)
    assert rows.shape == (9, D)
    assert rows.argmax(axis=1)[:6].tolist() == [9, 14, 26, 0, 13, 13]
    assert not rows[6:].any()


def test_the_network_is_the_formula() -> None:
    torch.manual_seed(0)
    network = ElmanNetwork(hidden=5).double()
    x = torch.rand(3, 4, D, dtype=torch.float64)
    inner = network.input(x).detach().numpy()
    states = elman_states(inner, network.recurrent.weight.detach().numpy().T, np.tanh, np.zeros((3, 5)))
    wanted = states[:, -1] @ network.output.weight.detach().numpy().T + network.output.bias.detach().numpy()
    assert np.allclose(network(x).detach().numpy(), wanted)


@pytest.mark.parametrize(
    ("outputs", "threshold", "classes"),
    [
        ([[0.2], [-0.1]], 0.0, [1, 0]),
        ([0.7, 0.4], 0.5, [1, 0]),
        ([[2.0, 1.0], [0.0, 3.0]], 0.0, [0, 1]),
    ],
)
def test_decision(outputs: list, threshold: float, classes: list[int]) -> None:
    assert predicted(np.asarray(outputs), threshold).tolist() == classes


def test_training_learns_what_the_last_letter_tells() -> None:
    torch.manual_seed(0)
    names = [f"{stem}{end}" for stem in ("mari", "le", "jon", "kar-i", "Sam", "to") for end in "ao"] * 10
    data = NameDataset(names, ["F" if name.endswith("a") else "M" for name in names])
    network = ElmanNetwork(hidden=16)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    loader = DataLoader(data, batch_size=16, shuffle=True)
    accuracies = [train_epoch(network, loader, optimizer) for _ in range(8)]
    assert accuracies[-1] > 0.95
