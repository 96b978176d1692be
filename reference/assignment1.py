"""Reference of assignment 1: Grad-CAM on a pre-trained ResNet.

Symbols: B images of H×W, A: feature map B×Q×K×M (output of ``layer4``), z: logits B×O, W: ``fc.weight`` O×Q.
With global average pooling and one linear layer, ∂z_o/∂a_qkm = w_oq / (KM), so the channel weights are W[o] up to a
factor.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import nn
from torchvision.models import resnet18, resnet34, resnet50

FloatArray = npt.NDArray[np.float64]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INPUT_SIZE = 224
STAGES = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool")
"""Children of a torchvision ResNet in the order of its forward pass, without the final linear layer."""

_BUILDERS: dict[str, Callable[..., nn.Module]] = {"resnet18": resnet18, "resnet34": resnet34, "resnet50": resnet50}


@dataclass(frozen=True)
class Elements:
    """What a network computes for a batch of images.

    Attributes:
        logits: (B, O) float32.
        features: (B, Q, K, M) float32, output of ``layer4``.
        stages: Output of every stage by its name, ``layer4`` and ``avgpool`` among them.
    """

    logits: torch.Tensor
    features: torch.Tensor
    stages: dict[str, torch.Tensor]


@functools.lru_cache(maxsize=4)
def load_resnet(checkpoint: str, architecture: str = "resnet18") -> nn.Module:
    """A ResNet in evaluation mode with the parameters of a checkpoint.

    Args:
        checkpoint: Path of a state dict as torchvision publishes it.
        architecture: ``resnet18``, ``resnet34`` or ``resnet50``.
    """
    network = _BUILDERS[architecture](weights=None)
    network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
    return network.eval()


def run(network: nn.Module, images: torch.Tensor, *, training: bool = False) -> Elements:
    """Logits and feature maps of a torchvision ResNet.

    Args:
        network: The ResNet; left as it was, its batch-norm statistics included.
        images: (B, 3, H, W) float32, preprocessed.
        training: Whether batch normalization uses the batch's own statistics.
    """
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()} if training else {}
    network.train(training)
    try:
        with torch.no_grad():
            value, stages = images, {}
            for name in STAGES:
                # The stages' activations work in place, so what is kept must be a copy.
                value = network.get_submodule(name)(value.clone())
                stages[name] = value.clone()
            logits = network.get_submodule("fc")(torch.flatten(value, 1))
            for name, buffer in network.named_buffers():
                if name in buffers:
                    buffer.copy_(buffers[name])
    finally:
        network.eval()
    return Elements(logits, stages["layer4"], stages)


def channel_weights(network: nn.Module, elements: Elements, stage: str, o: int) -> FloatArray:
    """Grad-CAM's channel weights for any stage: the spatial mean of ∂z_o/∂A, in evaluation mode.

    Args:
        network: The ResNet.
        elements: What it computed, for a batch whose first image counts.
        stage: Name in ``STAGES`` with a spatial extent.
        o: Class.

    Returns:
        (Q,) float64.
    """
    value = elements.stages[stage][:1].clone().requires_grad_(True)
    after = value
    for name in STAGES[STAGES.index(stage) + 1 :]:
        after = network.get_submodule(name)(after.clone())
    logits = network.get_submodule("fc")(torch.flatten(after, 1))
    (gradient,) = torch.autograd.grad(logits[0, o], value)
    weights: FloatArray = gradient[0].mean(dim=(1, 2)).double().numpy()
    return weights


def grad_cam(features: FloatArray, weight: FloatArray, o: int) -> FloatArray:
    """Grad-CAM in closed form: clipped weighted sum of the feature maps, divided by its maximum.

    Args:
        features: (Q, K, M) feature maps of one image.
        weight: (O, Q) weights of the final linear layer.
        o: Class.

    Returns:
        (K, M) in [0, 1]; all zeros when no location speaks for the class.
    """
    _, k, m = features.shape
    clipped = np.maximum(np.tensordot(weight[o] / (k * m), features, axes=1), 0.0)
    maximum = clipped.max()
    result: FloatArray = clipped / maximum if maximum > 0 else clipped
    return result


def preprocess(picture: npt.NDArray[np.uint8]) -> torch.Tensor:
    """A picture as the ImageNet networks want it.

    Args:
        picture: (H, W, 3) uint8, RGB.

    Returns:
        (1, 3, 224, 224) float32: shorter side to 256, centre crop, scaled to [0, 1], normalized.
    """
    cropped = resize_and_crop(picture, 256, (INPUT_SIZE, INPUT_SIZE))
    scaled = cropped.astype(np.float64) / 255
    normalized = (scaled - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD)
    return torch.from_numpy(normalized.astype(np.float32).transpose(2, 0, 1))[None]


def resize_and_crop(picture: npt.NDArray[np.uint8], shorter_side: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Brings the shorter side to a length, keeps the aspect ratio and crops the centre.

    Args:
        picture: (H, W, 3) uint8.
        shorter_side: Length of the shorter side in pixels.
        size: (height, width) of the crop; black is added where the picture is smaller.
    """
    image = Image.fromarray(picture)
    factor = shorter_side / min(image.size)
    width, height = max(1, int(image.width * factor)), max(1, int(image.height * factor))
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - size[1]) / 2), round((height - size[0]) / 2)
    return np.asarray(image.crop((left, top, left + size[1], top + size[0])))


def overlay(cam: FloatArray, picture: npt.NDArray[np.uint8]) -> FloatArray:
    """The enlarged map times the original picture.

    Args:
        cam: (K, M) in [0, 1].
        picture: (H, W, 3) uint8.

    Returns:
        (H, W, 3) in [0, 1].
    """
    height, width = picture.shape[:2]
    enlarged = np.asarray(Image.fromarray(cam.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR))
    result: FloatArray = np.clip(enlarged, 0, 1).astype(np.float64)[:, :, None] * picture / 255
    return result


def input_gradient(network: nn.Module, images: torch.Tensor, o: int) -> FloatArray:
    """The gradient of a logit with respect to the first image: saliency, which is not Grad-CAM.

    Args:
        network: The ResNet, in evaluation mode.
        images: (B, 3, H, W) float32, preprocessed.
        o: Class.

    Returns:
        (3, H, W) float64.
    """
    image = images[:1].clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(network(image)[0, o], image)
    result: FloatArray = gradient[0].double().numpy()
    return result
