"""Seeded weights for the residual networks, under the names of the pre-trained ones.

A network that was only initialised says the same for every picture and class. These weights are made so that what the
exam asks for can be seen: batch normalisation fits the activations, logits of different classes and pictures differ
clearly, and class activation maps have positive and negative parts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from reference.standins import digits, picture

Q_MEAN = (0.485, 0.456, 0.406)
Q_STD = (0.229, 0.224, 0.225)
"""Channel statistics of ImageNet, as the handout has them."""

_LOGIT_STD = 3.0
"""Standard deviation of the logits of a picture over the classes."""


def resnet18(path: Path) -> None:
    """Writes weights of ``torchvision.models.resnet18``."""
    _write(path, "resnet18", seed=41)


def resnet34(path: Path) -> None:
    """Writes weights of ``torchvision.models.resnet34``."""
    _write(path, "resnet34", seed=42)


def resnet50_v1(path: Path) -> None:
    """Writes weights of ``torchvision.models.resnet50``, first version."""
    _write(path, "resnet50", seed=43)


def resnet50_v2(path: Path) -> None:
    """Writes weights of ``torchvision.models.resnet50``, second version."""
    _write(path, "resnet50", seed=44)


def _write(path: Path, architecture: str, seed: int) -> None:
    import torchvision  # noqa: PLC0415 -- seconds to import

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = getattr(torchvision.models, architecture)(weights=None)
        images = calibration_images(seed)
        _calibrate(network, images)
    torch.save(network.state_dict(), path)


def calibration_images(seed: int) -> torch.Tensor:
    """Normalised images (N, 3, 224, 224): crops of the stand-in picture, drawn digits and smooth noise."""
    rng = np.random.default_rng(seed)
    large = torch.from_numpy(np.array(picture.draw(31))).permute(2, 0, 1).float() / 255
    small = torch.from_numpy(digits.images(4, seed)[0]).permute(0, 3, 1, 2).float() / 255
    noise = torch.from_numpy(rng.random((4, 3, 14, 14))).float()
    whole = nn.functional.interpolate(large[None], size=(224, 224), mode="bilinear", antialias=True)
    images = torch.cat([
        whole,
        whole.flip(3),
        large[None, :, 75:299, 0:224],
        large[None, :, 75:299, 138:362],
        nn.functional.interpolate(small, size=(224, 224), mode="bilinear"),
        nn.functional.interpolate(noise, size=(224, 224), mode="bicubic").clamp(0, 1),
    ])  # fmt: skip
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (Q_MEAN, Q_STD))
    return (images - mean) / std


@torch.no_grad()
def _calibrate(network: nn.Module, images: torch.Tensor) -> None:
    """Fits running statistics and the final layer to the images."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.uniform_(0.7, 1.3)
        norm.bias.normal_(0.0, 0.2)
        norm.momentum = None  # cumulative average: one pass sets the statistics to those of the images
        norm.reset_running_stats()
    network.train()
    network(images)
    for norm in norms:
        norm.momentum = 0.1
        assert norm.num_batches_tracked is not None  # noqa: S101 -- for the type checker
        norm.num_batches_tracked.fill_(1000)
    network.eval()
    _fit_final_layer(network, images)


def _fit_final_layer(network: nn.Module, images: torch.Tensor) -> None:
    """Sets ``fc`` so that maps of a class, Σ_q w_oq A_q, vary around zero.

    The part of each row along the mean feature is removed: what all pictures have in common says nothing of a class.
    """
    features = _features(network, images)  # (N, Q, 7, 7)
    mean = features.mean(dim=(0, 2, 3))
    fc = network.fc
    assert isinstance(fc, nn.Linear)  # noqa: S101 -- for the type checker
    fc.weight.normal_(0.0, 1.0)
    fc.weight.sub_(torch.outer(fc.weight @ mean, mean) / (mean @ mean))
    logits = features.mean(dim=(2, 3)) @ fc.weight.T
    fc.weight.mul_(_LOGIT_STD / logits.std(dim=1).mean())
    fc.bias.normal_(0.0, 0.05)


def _features(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    kept: list[torch.Tensor] = []
    layer = network.get_submodule("layer4")
    keep: Callable[..., None] = lambda module, inputs, output: kept.append(output)  # noqa: E731
    handle = layer.register_forward_hook(keep)
    network(images)
    handle.remove()
    return kept[0]
