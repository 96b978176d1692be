from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import loadmat
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.data import PreparedAssets
from reference.standins import digits, names, picture


def _tensors(path: str) -> TensorDataset:
    archive = loadmat(path)
    images = torch.from_numpy(archive["X"].transpose(3, 2, 0, 1).copy()).float() / 255
    labels = torch.from_numpy(archive["y"].astype(np.int64)).squeeze(1) % 10
    return TensorDataset(images, labels)


def test_digit_archives_have_the_format_of_svhn(prepared: PreparedAssets) -> None:
    for name, count in (("svhn_train", 600), ("svhn_test", 200), ("svhn_extra", 100)):
        archive = loadmat(prepared.path(name))
        assert archive["X"].shape == (32, 32, 3, count)
        assert archive["X"].dtype == np.uint8
        assert archive["y"].shape == (count, 1)
        assert set(archive["y"].ravel()) == set(range(1, 11))


def test_a_small_network_learns_the_digits(prepared: PreparedAssets) -> None:
    train, test = _tensors(prepared.path("svhn_train")), _tensors(prepared.path("svhn_test"))
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=(2, 0)), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=(2, 0)), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 5, padding=(2, 0)), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(5):
        for images, labels in DataLoader(train, 64, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
    images, labels = test.tensors
    with torch.no_grad():
        assert (network(images).argmax(1) == labels).float().mean() > 0.6


def test_names_have_the_format_of_the_uci_set(prepared: PreparedAssets) -> None:
    with Path(prepared.path("names")).open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    given = [row[0] for row in rows]
    assert header == ["Name", "Gender", "Count", "Probability"]
    assert len(rows) >= 1000
    assert len({name.lower() for name in given}) == len(rows)
    assert {row[1] for row in rows} == {"F", "M"}
    assert all(re.fullmatch(r"[A-Z][a-z]*(-[A-Z][a-z]*)*", name) for name in given)
    assert sum("-" in name for name in given) > 40
    assert max(map(len, given)) > 15
    assert sum(float(row[3]) for row in rows) == pytest.approx(1)
    assert [int(row[2]) for row in rows] == sorted((int(row[2]) for row in rows), reverse=True)


def test_picture_is_rgb_and_not_square(prepared: PreparedAssets) -> None:
    assert prepared.array("picture").shape == (375, 500, 3)


@pytest.mark.parametrize("make", [digits.test, names.table, picture.meadow])
def test_standins_are_the_same_every_time(make: object, tmp_path: Path) -> None:
    first, second = tmp_path / "a.mat", tmp_path / "b.mat"
    make(first)
    make(second)
    assert first.read_bytes() == second.read_bytes()


def test_class_activation_maps_of_the_weights_have_both_signs(prepared: PreparedAssets) -> None:
    import torchvision

    network = torchvision.models.resnet18()
    network.load_state_dict(torch.load(prepared.path("resnet18"), weights_only=True))
    network.eval()
    preprocess = torchvision.models.ResNet18_Weights.DEFAULT.transforms()
    image = preprocess(torch.from_numpy(prepared.array("picture").copy()).permute(2, 0, 1))[None]
    kept: list[torch.Tensor] = []
    network.layer4.register_forward_hook(lambda module, inputs, output: kept.append(output[0]))
    with torch.no_grad():
        logits = network(image)[0]
    maps = torch.einsum("oq,qkm->okm", network.fc.weight.detach(), kept[0])
    assert logits.std() > 1
    assert logits.max() > 3
    assert ((maps.amin((1, 2)) < 0) & (maps.amax((1, 2)) > 0)).float().mean() > 0.95
    assert 0.1 < (kept[0] == 0).float().mean() < 0.8
