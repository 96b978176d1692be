"""Reference for assignment 3: the house-number network, its training and its evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader

CLASSES = 10
"""Digits 0 to 9."""

IMAGE_SHAPE = (3, 32, 32)
"""Channels, height and width of an SVHN image."""

EPOCHS = 10
"""Epochs of training that the assignment asks for."""

FEATURES = 1024
"""Size of the flattened last feature map, 128×8×1."""


@dataclass(frozen=True)
class ConvolutionPlan:
    """A convolution of the assignment, and the maximum pooling behind it.

    Attributes:
        in_channels: Channels of its input.
        out_channels: Channels of its output.
        kernel: Height and width of its kernel.
        padding: Rows and columns of padding on either side.
        pool: Size and stride of the maximum pooling behind it; 1 for none.
    """

    in_channels: int
    out_channels: int
    kernel: tuple[int, int] = (5, 5)
    padding: tuple[int, int] = (2, 0)
    pool: int = 1


PLAN = (
    ConvolutionPlan(3, 32, pool=2),
    ConvolutionPlan(32, 64, pool=2),
    ConvolutionPlan(64, 128),
)
"""3×32×32 → 32×32×28 → 32×16×14 → 64×16×10 → 64×8×5 → 128×8×1."""


def feature_map_shape(height: int, width: int, plan: tuple[ConvolutionPlan, ...] = PLAN) -> tuple[int, int, int]:
    """Channels, height and width of the last feature map for an image of that size.

    Raises:
        ValueError: The image is too small for the kernels.
    """
    for layer in plan:
        height = (height + 2 * layer.padding[0] - layer.kernel[0] + 1) // layer.pool
        width = (width + 2 * layer.padding[1] - layer.kernel[1] + 1) // layer.pool
        if height < 1 or width < 1:
            message = f"expected an image that {len(plan)} convolutions fit in, got a map of {height}×{width}"
            raise ValueError(message)
    return plan[-1].out_channels, height, width


class HouseNumberNetwork(nn.Module):
    """Three convolutions with ReLU, pooling and dropout, and a linear layer.

    Input: images (B, 3, 32, 32) float. Output: logits (B, 10), unnormalised.
    """

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for layer in PLAN:
            layers += [nn.Conv2d(layer.in_channels, layer.out_channels, layer.kernel, padding=layer.padding), nn.ReLU()]
            if layer.pool > 1:
                layers.append(nn.MaxPool2d(layer.pool))
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(FEATURES, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch of images."""
        logits: torch.Tensor = self.classifier(self.dropout(self.features(images).flatten(1)))
        return logits


Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]


def train_epoch(network: nn.Module, batches: Batches, optimizer: torch.optim.Optimizer) -> float:
    """Trains on every batch once.

    Args:
        network: (B, 3, 32, 32) → logits (B, 10).
        batches: Images (B, 3, 32, 32) and labels (B).
        optimizer: Over the network's parameters.

    Returns:
        The average loss over the samples.
    """
    criterion = nn.CrossEntropyLoss()
    network.train()
    total, samples = 0.0, 0
    for images, labels in batches:
        optimizer.zero_grad()
        loss = criterion(network(images), labels)
        loss.backward()
        optimizer.step()
        total += float(loss.detach()) * len(labels)
        samples += len(labels)
    return total / max(1, samples)


@torch.no_grad()
def accuracy(network: nn.Module, batches: Batches) -> float:
    """Share of images whose largest logit is that of their label, in evaluation mode."""
    network.eval()
    right = samples = 0
    for images, labels in batches:
        right += int((network(images).argmax(dim=1) == labels).sum())
        samples += len(labels)
    return right / max(1, samples)


def train(
    network: nn.Module,
    train_batches: DataLoader[tuple[torch.Tensor, torch.Tensor]],
    test_batches: DataLoader[tuple[torch.Tensor, torch.Tensor]],
    epochs: int = EPOCHS,
) -> list[tuple[float, float]]:
    """Trains with Adam and weight decay.

    Returns:
        Average training loss and test accuracy, an epoch each.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-4)
    return [(train_epoch(network, train_batches, optimizer), accuracy(network, test_batches)) for _ in range(epochs)]
