"""What the notebook's network delivers for the images that went through it: logits and feature maps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torchvision.transforms.functional import center_crop, normalize, resize

from grader.probe.types import Array
from grader.scoring import Student
from reference.assignment1 import IMAGENET_MEAN, IMAGENET_STD, INPUT_SIZE, Elements
from rubrics.assignment1.cores import StudentNetwork, find_cores, rebuild
from rubrics.assignment1.evidence import ImageCall, Seen, cell_label, entries, gather
from rubrics.assignment1.held import saved_arrays
from rubrics.assignment1.source import Statistics, named_statistics, read_code
from rubrics.tolerances import tolerance

MAX_RUNS = 6
WIDTHS = (512, 2048)


@dataclass(frozen=True, eq=False)
class Run:
    """An image that went through the student's network, and what the reference computes for it.

    Attributes:
        call: The recorded call.
        images: (B, 3, H, W) as the ResNet itself saw them.
        elements: The reference's results, in the mode of the call.
        inside: How the module changed its input before the ResNet, ``""`` when it did not.
    """

    call: ImageCall
    images: Array
    elements: Elements
    inside: str


@dataclass
class Delivered:
    """Where the elements were found.

    Attributes:
        logits: Places at which the original logits were seen.
        features: Places at which the feature map was returned or saved.
        lost: Places at which the feature map was seen, but where no later code can read it.
        near_logits: Places at which something was seen that is close to the logits (as of half precision), not equal.
        near_features: The same for the feature map.
        probed: Whether a probe, and not the notebook's own run, showed it.
        own: Whether it is the feature map of a network that computes something else than the pre-trained one.
    """

    logits: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    near_logits: list[str] = field(default_factory=list)
    near_features: list[str] = field(default_factory=list)
    probed: bool = False
    own: bool = False


def matches(array: Array, wanted: torch.Tensor) -> bool:
    """Whether an array holds the values of a batch, or of its first item, in any layout of the axes."""
    return _difference(array, wanted) <= tolerance("elements").accept


def _difference(array: Array, wanted: torch.Tensor) -> float:
    """Largest difference over the largest value; infinite when the sizes differ."""
    target, found = wanted.detach().double().numpy(), math.inf
    for reference in (target, target[0]):
        if array.size == reference.size and array.size > 1:
            values = array.astype(np.float64)
            layouts = [values.ravel()]
            if reference.ndim >= 3 and values.ndim >= 3 and values.shape[-1] == reference.shape[-3]:
                layouts.append(np.moveaxis(values, -1, -3).ravel())
            scale = max(float(np.abs(reference).max()), 1e-6)
            found = min([found, *(float(np.abs(layout - reference.ravel()).max()) / scale for layout in layouts)])
    return found


def inside_variants(images: Array, statistics: Sequence[Statistics] = ()) -> Iterator[tuple[str, Array]]:
    """What a network may do to its input before the first convolution.

    Args:
        images: (B, 3, H, W).
        statistics: Means and standard deviations that the notebook names, beside those of ImageNet.
    """
    batch = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
    yield "", batch.numpy()
    yield "normalizes", normalize(batch, IMAGENET_MEAN, IMAGENET_STD).numpy()
    yield "scales and normalizes", normalize(batch / 255, IMAGENET_MEAN, IMAGENET_STD).numpy()
    yield "scales", (batch / 255).numpy()
    for mean, deviation in statistics:
        yield "normalizes", normalize(batch, list(mean), list(deviation)).numpy()
    if batch.shape[-2:] != (INPUT_SIZE, INPUT_SIZE):
        scales = [batch, batch / 255] if float(batch.max()) > 2 else [batch]
        for small in (small for scaled in scales for small in _resized(scaled)):
            yield "resizes", small.numpy()
            yield "resizes and normalizes", normalize(small, IMAGENET_MEAN, IMAGENET_STD).numpy()


def _resized(batch: torch.Tensor) -> Iterator[torch.Tensor]:
    """A batch brought to the network's input size in the usual ways."""
    size = [INPUT_SIZE, INPUT_SIZE]
    for antialias in (True, False):
        yield torch.nn.functional.interpolate(batch, size=size, mode="bilinear", antialias=antialias)
    for side in (256, INPUT_SIZE):
        yield center_crop(resize(batch, [side], antialias=True), size)


def recorded_runs(student: Student) -> list[Run]:
    """The notebook's own calls with images; use it through ``student.find``."""
    evidence, network = student.find(gather), student.find(rebuild)
    if network is None:
        return []
    ours = {core.module for core in student.find(find_cores)}
    statistics = named_statistics(student.find(read_code))
    candidates = {number for number, entry in evidence.modules.items() if number in ours or _takes_images(entry)}
    runs: list[Run] = []
    known: dict[tuple[bytes, bool], tuple[Array, Elements, str]] = {}
    for call in evidence.calls:
        if call.images is None or call.images.shape[-1] > 2_000 or call.module not in candidates:
            continue
        images = call.images if call.images.ndim == 4 else call.images[None]
        key = (images.astype(np.float32).tobytes(), call.norm_training)
        if key not in known:
            if len(known) >= MAX_RUNS:
                continue
            known[key] = _effective(network, inside_variants(images, statistics), call, evidence.seen)
        runs.append(Run(call, *known[key]))
    return runs


def _takes_images(entry: object) -> bool:
    tree = entries(entry, "tree") if isinstance(entry, dict) else []
    return any(isinstance(part.get("config"), dict) and part["config"].get("in_channels") == 3 for part in tree)


def _effective(
    network: StudentNetwork, variants: Iterator[tuple[str, Array]], call: ImageCall, seen: Sequence[Seen]
) -> tuple[Array, Elements, str]:
    """The variant that explains what was seen, or the first, which is the input as it is."""
    arrays = [*call.outputs, *(entry.array for entry in seen)]
    first: tuple[Array, Elements, str] | None = None
    for title, variant in variants:
        elements = network.run(variant, training=call.norm_training)
        if any(matches(array, stage) for array in arrays for stage in (elements.logits, *elements.stages.values())):
            return variant, elements, title
        first = first or (variant, elements, title)
    assert first is not None  # noqa: S101 - the input itself is a variant
    return first


def delivered(student: Student) -> Delivered:
    """What the notebook's own run shows; use it through ``student.find``."""
    evidence, found = student.find(gather), Delivered()
    scopes, returned = _calling_functions(student), _returned(student)
    for run in student.find(recorded_runs):
        wanted = run.elements
        for array in run.call.outputs:
            _note(found, array, wanted, f"the call in {cell_label(run.call.cell)}")
        softmaxed = any(matches(array, wanted.logits.softmax(1)) for array in run.call.outputs)
        for seen in (*evidence.seen, *student.find(saved_arrays)):
            if matches(seen.array, wanted.logits):
                if softmaxed and seen.origin == "output":
                    continue  # the final layer was called once more by itself
                if _hands_on(seen, returned, wanted.logits, run) and (
                    seen.origin in ("held", "output") or seen.function is None or plain(seen.function) in scopes
                ):
                    found.logits.append(_place(seen))
            elif not matches(seen.array, wanted.features):
                _note_near(found, seen.array, wanted, _place(seen))
            else:
                kept = _readable(seen, scopes) and _hands_on(seen, returned, wanted.features, run)
                (found.features if kept else found.lost).append(_place(seen))
    if not (found.features or found.lost or found.logits):
        found.features += [_place(seen) for seen in student.find(behind_own_logits)]
        found.own = bool(found.features)
    return found


def behind_own_logits(student: Student) -> list[Seen]:
    """Feature maps that the final layer turns into what the network returns, where that are not the original logits.

    A ``forward`` that leaves out a step before ``layer4`` has another output of it, and it may be right to keep that.
    Use it through ``student.find``.
    """
    network = student.find(rebuild)
    if network is None or not network.fc_known:
        return []
    arrays = [*student.find(gather).seen, *student.find(saved_arrays)]
    maps = [seen for seen in arrays if seen.array.ndim == 4 and seen.array.shape[1:] == (network.weight.shape[1], 7, 7)]
    found = []
    for run in student.find(recorded_runs):
        for seen in (seen for seen in maps if len(seen.array) == len(run.images)):
            own = network.network.get_submodule("fc")(torch.from_numpy(seen.array.astype(np.float32)).mean((2, 3)))
            found += [seen] if any(matches(array, own) for array in run.call.outputs) else []
    return found


def _returned(student: Student) -> dict[str, list[Array]]:
    """What the functions that walk through the network layer by layer return."""
    evidence = student.find(gather)
    found: dict[str, list[Array]] = {}
    for function, record in evidence.records():
        arrays = evidence.value(record.get("returned")).arrays()
        found.setdefault(plain(str(function.get("name"))), []).extend(arrays)
    return found


def _hands_on(seen: Seen, returned: dict[str, list[Array]], wanted: torch.Tensor, run: Run) -> bool:
    """Whether a function that delivers one of the elements also delivers this one, and does not drop it."""
    if seen.origin == "held" or seen.function is None:
        return True
    arrays = returned.get(plain(seen.function), [])
    elements = (run.elements.logits, run.elements.features)
    delivers = any(matches(array, element) for array in arrays for element in elements)
    return not delivers or any(matches(array, wanted) for array in arrays)


def _note(found: Delivered, array: Array, wanted: Elements, place: str) -> None:
    if matches(array, wanted.logits):
        found.logits.append(place)
    elif matches(array, wanted.features):
        found.features.append(place)
    else:
        _note_near(found, array, wanted, place)


def _note_near(found: Delivered, array: Array, wanted: Elements, place: str) -> None:
    bounds = tolerance("elements")
    if bounds.unclear(_difference(array, wanted.logits)):
        found.near_logits.append(place)
    elif bounds.unclear(_difference(array, wanted.features)):
        found.near_features.append(place)


def _place(seen: Seen) -> str:
    where = f"`{seen.name}`" if seen.name not in ("return", "output", "input") else "a result"
    return f"{where} ({cell_label(seen.cell)})" if seen.cell is not None else where


def _calling_functions(student: Student) -> dict[str, bool]:
    """Functions that call the network themselves → whether they hand on more than the logits."""
    evidence = student.find(gather)
    names = {plain(str(call.get("in_function"))) for call in entries(evidence.data, "calls") if call.get("in_function")}
    logits = {run.elements.logits.numel() for run in student.find(recorded_runs)}
    more: dict[str, bool] = {}
    for function, record in evidence.records():
        name = plain(str(function.get("name")))
        if name in names:
            arrays = evidence.value(record.get("returned")).arrays()
            more[name] = more.get(name, False) or any(array.size not in logits and array.size > 1 for array in arrays)
            more[name] |= evidence.value(record.get("returned")).kind in ("none", "object", "function", "int")
    return more


def plain(name: str) -> str:
    """A qualified name without its ``<locals>`` parts."""
    return name.replace(".<locals>", "")


def _readable(seen: Seen, scopes: dict[str, bool]) -> bool:
    if seen.origin in ("held", "output"):
        return True
    if seen.function is None:
        return seen.origin in ("sighting", "shown", "input")
    if seen.origin == "input":
        return False
    return seen.origin in ("sighting", "returned", "local") and scopes.get(plain(seen.function), False)
