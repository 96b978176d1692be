"""Measures how far right and wrong computations of the course's quantities lie from the reference; writes tolerances.

Usage: ``python -m reference.calibrate rubrics/tolerances.toml [--seeds N]``. What is accepted ends halfway, on a
logarithmic scale, between the largest difference of a right computation and the smallest one of a faulty
computation. From there halfway to that fault, a person decides. Reduced precision is measured as well, for the record:
it may lie in that zone.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from reference import assignment1, assignment2, assignment3
from reference.standins import networks

FloatArray = npt.NDArray[np.float64]
Difference = tuple[str, float]
"""Way of computing and difference; a way begins with ``right:``, ``reduced:`` or ``fault:``."""

LAYERS = "layer4"
NAMES, LETTERS, HIDDEN = 32, 4, 32
BATCHES = 400


def relative(seen: npt.ArrayLike, wanted: npt.ArrayLike) -> float:
    """Largest difference over the largest value."""
    a, b = (np.asarray(value, dtype=np.float64) for value in (seen, wanted))
    return float(np.abs(a - b).max() / np.abs(b).max())


def unlikeness(seen: FloatArray, wanted: FloatArray) -> float:
    """1 − cosine, which does not see a positive factor."""
    a, b = seen.ravel(), wanted.ravel()
    return max(0.0, 1 - float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))


# --- quantities -------------------------------------------------------------------------------------------------


def elements(network: nn.Module, seed: int) -> Iterator[Difference]:
    """Logits and feature maps of a ResNet-18 for a batch of pictures, in ways that are all right."""
    images = torch.randn(3, 3, assignment1.INPUT_SIZE, assignment1.INPUT_SIZE, generator=_generator(seed))
    wanted = assignment1.run(network, images)

    def compared(name: str, seen: assignment1.Elements) -> Iterator[Difference]:
        yield name, relative(seen.logits.float(), wanted.logits)
        yield name, relative(seen.features.float(), wanted.features)

    yield from compared("right: double precision", assignment1.run(copy.deepcopy(network).double(), images.double()))
    yield from compared("right: channels last", assignment1.run(network, images.to(memory_format=torch.channels_last)))
    single = assignment1.run(network, images[:1])
    yield "right: one image at a time", relative(single.logits, wanted.logits[:1])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        yield from compared("reduced: mixed precision", assignment1.run(network, images))
    yield from compared("fault: training mode", assignment1.run(network, images, training=True))
    yield from compared("fault: other normalization", assignment1.run(network, images * 0.45 + 0.1))
    yield "fault: probabilities", relative(wanted.logits.softmax(1), wanted.logits)


def states(seed: int) -> Iterator[Difference]:
    """Logits of an Elman network: as written out, by ``nn.RNN``, in double precision."""
    torch.manual_seed(seed)
    network = assignment2.ElmanNetwork(assignment2.D, HIDDEN)
    names = torch.eye(assignment2.D)[torch.randint(assignment2.D, (NAMES, LETTERS))]
    double = copy.deepcopy(network).double()
    with torch.no_grad():
        seen, wanted = network(names), double(names.double())
        inner = double.input(names.double()).numpy()
        by_numpy = assignment2.elman_states(
            inner, double.recurrent.weight.numpy().T, np.tanh, np.zeros((NAMES, HIDDEN))
        )
        recurrent = nn.RNN(assignment2.D, HIDDEN, batch_first=True)
        recurrent.load_state_dict(
            {
                "weight_ih_l0": network.input.weight,
                "weight_hh_l0": network.recurrent.weight,
                "bias_ih_l0": network.input.bias,
                "bias_hh_l0": torch.zeros(HIDDEN),
            }
        )
        fused = network.output(recurrent(names)[0][:, -1])
        yield "right: single precision", relative(seen, wanted)
        yield "right: nn.RNN", relative(fused, wanted)
        yield "right: numpy", relative(double.output(torch.from_numpy(by_numpy[:, -1])), wanted)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            yield "reduced: mixed precision", relative(network(names).float(), wanted)
        yield "fault: without the first element", relative(network(names[:, 1:]), wanted)
        yield "fault: other order", relative(network(names.flip(1)), wanted)
        yield "fault: state of the neighbour", relative(network(names.roll(1, 0)), wanted)
        linear = assignment2.elman_states(
            inner, double.recurrent.weight.numpy().T, lambda a: a, np.zeros((NAMES, HIDDEN))
        )
        yield "fault: no activation", relative(double.output(torch.from_numpy(linear[:, -1])), wanted)


def maps(network: nn.Module, seed: int) -> Iterator[Difference]:
    """Grad-CAM maps: closed form, by autograd, in single precision; not clipped, so that every pixel counts."""
    images = torch.randn(1, 3, assignment1.INPUT_SIZE, assignment1.INPUT_SIZE, generator=_generator(seed))
    found = assignment1.run(network, images)
    o = int(found.logits.argmax())
    features = found.features[0]
    weight = _final_weight(network)
    wanted = np.tensordot(weight[o].double().numpy(), features.double().numpy(), axes=1)
    by_autograd = torch.from_numpy(assignment1.channel_weights(network, found, LAYERS, o)).float()
    yield "right: single precision", unlikeness(torch.einsum("q,qkm->km", weight[o], features).double().numpy(), wanted)
    yield "right: autograd", unlikeness((by_autograd[:, None, None] * features).sum(0).double().numpy(), wanted)
    yield (
        "right: mean over channels",
        unlikeness((weight[o][:, None, None] * features).mean(0).double().numpy(), wanted),
    )
    half = (weight[o][:, None, None].half() * features.half()).float().sum(0)
    yield "reduced: half precision", unlikeness(half.double().numpy(), wanted)
    for name, faulty in _faulty_weights(weight, found.logits[0], o):
        yield f"fault: {name}", unlikeness(torch.einsum("q,qkm->km", faulty, features).double().numpy(), wanted)


def _faulty_weights(weight: torch.Tensor, logits: torch.Tensor, o: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Channel weights that are not those of the logit of class ``o``."""
    probabilities = logits.softmax(0)
    yield "gradient of the probability", weight[o] - probabilities @ weight
    yield "another class", weight[int(logits.topk(2).indices[1])]
    yield "absolute weights", weight[o].abs()
    yield "all classes", weight.sum(0)
    yield "equal weights", torch.ones_like(weight[o])


def rounded_maps(network: nn.Module, seed: int) -> Iterator[Difference]:
    """Maps that were made 8-bit grey values."""
    images = torch.randn(1, 3, assignment1.INPUT_SIZE, assignment1.INPUT_SIZE, generator=_generator(seed))
    found = assignment1.run(network, images)
    weight = _final_weight(network).double().numpy()
    for o in found.logits[0].topk(5).indices.tolist():
        exact = assignment1.grad_cam(found.features[0].double().numpy(), weight, o)
        if exact.max() > 0:
            yield "right: rounded to 8 bits", unlikeness(np.round(exact * 255) / 255, exact)
            yield "right: cut to 8 bits", unlikeness(np.floor(exact * 255) / 255, exact)
            for name, faulty in _faulty_weights(torch.from_numpy(weight), found.logits[0].double(), o):
                other = assignment1.grad_cam(found.features[0].double().numpy(), faulty[None].numpy(), 0)
                if other.max() > 0:
                    yield f"fault: {name}", unlikeness(np.round(other * 255) / 255, exact)


def averages(seed: int) -> Iterator[Difference]:
    """Averages of the losses of an epoch, as notebooks add them up."""
    torch.manual_seed(seed)
    network = assignment3.HouseNumberNetwork()
    losses = []
    with torch.no_grad():
        for _ in range(BATCHES):
            logits = network(torch.rand(4, 3, 32, 32))
            losses.append(nn.functional.cross_entropy(logits, torch.randint(assignment3.CLASSES, (4,))))
    values = torch.stack(losses)
    wanted = values.double().mean().numpy()
    total = torch.zeros(())
    for value in losses:
        total = total + value
    yield "right: added in single precision", relative((total / BATCHES).double().numpy(), wanted)
    yield "right: mean of a tensor", relative(values.mean().double().numpy(), wanted)
    yield "right: each rounded to 4 digits", relative(np.mean([round(float(v), 4) for v in losses]), wanted)
    yield "reduced: each rounded to 3 digits", relative(np.mean([round(float(v), 3) for v in losses]), wanted)
    yield "reduced: half precision", relative(values.half().double().mean().numpy(), wanted)
    yield "fault: one batch too many", relative(values.double().sum().numpy() / (BATCHES + 1), wanted)
    yield "fault: first batch left out", relative(values[1:].double().sum().numpy() / BATCHES, wanted)
    yield "fault: last batch", relative(values[-1].double().numpy(), wanted)


# --- the file ---------------------------------------------------------------------------------------------------


def extremes(seeds: int, measure: Callable[[int], Iterator[Difference]]) -> dict[str, float]:
    """Over all seeds, the largest difference of each way, and the median one of a fault.

    The smallest one of a fault would be useless: now and then a fault changes nothing, and then it is none.
    """
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        for name, difference in measure(seed):
            found.setdefault(name, []).append(difference)
    return {name: float(np.median(seen)) if name.startswith("fault") else max(seen) for name, seen in found.items()}


def halfway(a: float, b: float) -> float:
    """The geometric mean, to one digit."""
    return float(f"{math.sqrt(a * b):.0e}")


def entry(name: str, text: str, found: dict[str, float]) -> str:
    """A quantity's part of the file."""
    right = max(difference for way, difference in found.items() if way.startswith("right"))
    fault = min(difference for way, difference in found.items() if way.startswith("fault"))
    accept = halfway(right, fault)
    seen = "\n".join(f'"{way}" = {difference:.2g}' for way, difference in found.items())
    return f"[{name}]\n# {text}\naccept = {accept:g}\nborder = {halfway(accept, fault):g}\n\n[{name}.seen]\n{seen}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the file."""
    parser = argparse.ArgumentParser(prog="python -m reference.calibrate")
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "resnet18.pth"
        networks.resnet18(checkpoint)
        network = assignment1.load_resnet(str(checkpoint))
    quantities: dict[str, tuple[str, Callable[[int], Iterator[Difference]]]] = {
        "elements": ("Logits and feature maps: difference over the largest value.", lambda s: elements(network, s)),
        "states": ("Results of recurrent networks: difference over the largest value.", states),
        "maps": ("Class activation maps: 1 - cosine.", lambda s: maps(network, s)),
        "rounded_maps": ("Class activation maps of 8 bits: 1 - cosine.", lambda s: rounded_maps(network, s)),
        "averages": ("Average losses of an epoch: difference over the value.", averages),
    }
    head = (
        f"# Written by `python -m reference.calibrate rubrics/tolerances.toml --seeds {given.seeds}`; not by hand.\n"
        "# Up to `accept`, a value is right; from there up to `border`, a person decides. See the module's text.\n"
    )
    parts = [entry(name, text, extremes(given.seeds, measure)) for name, (text, measure) in quantities.items()]
    given.file.write_text("\n".join([head, *parts]), encoding="utf-8")
    return 0


def _final_weight(network: nn.Module) -> torch.Tensor:
    return network.get_parameter("fc.weight").detach()


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


if __name__ == "__main__":
    sys.exit(main())
