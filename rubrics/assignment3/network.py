"""Question 3d: the convolutional network."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from grader.probe import expr
from grader.probe.types import Request
from grader.scoring import Outcome, Student, carried, met, not_met, partial, review
from reference.assignment3 import CLASSES, FEATURES, IMAGE_SHAPE, PLAN
from rubrics.assignment3.design import Layer
from rubrics.assignment3.loading import look_at_data, sizes
from rubrics.assignment3.objects import IMAGE_SIZE, objects
from rubrics.assignment3.probing import BATCH, Network, find_network, fresh_images, pass_images
from rubrics.assignment3.regularization import regularization

CRITERIA = ("convolutions", "padding", "pooling", "activation", "fc", "forward", "regularization")
_RESHAPE = re.compile(r"shape '\[([^]]*)\]' is invalid")
_NO_ROOM = "Output size is too small"
"""What a pooling says that is wider than its map."""
_SIZE_FAULT = re.compile(
    r"shapes cannot be multiplied|invalid for input of size|size mismatch|Kernel size can't be greater|"
    r"Calculated padded input size|Output size is too small|non-positive|more than 1 value per channel|"
    r"expected input\[|channels",
    re.IGNORECASE,
)


def convolutional_network(student: Student) -> Iterator[Outcome]:
    """Three 5×5 convolutions padded vertically, two poolings, non-linearities, 1024 → 10, regularization."""
    network = student.find(find_network)
    if network is None or not network.layers:
        yield from _absent(network)
        return
    convolutions = _convolutions(network)
    padding, pooling = _padding(network), _pooling(network)
    body = [outcome.criterion for outcome in (convolutions, padding, pooling) if outcome.kind == "not-met"]
    fc = _fc(student, network, body)
    charged = [outcome.criterion for outcome in (convolutions, padding, pooling, fc) if outcome.kind == "not-met"]
    yield convolutions
    yield padding
    yield pooling
    yield _activation(network)
    yield fc
    yield _forward(student, network, charged)
    yield regularization(student, network)


def _absent(network: Network | None) -> Iterator[Outcome]:
    if network is None:
        for name in CRITERIA:
            yield not_met(f"3d.{name}", "No network was found.")
        return
    reason = network.strict.error or "no layer was seen"
    for name in CRITERIA:
        yield review(f"3d.{name}", f"{network.candidate.title} could not be examined: {reason}")


# --- convolutions, padding, pooling ----------------------------------------------------------------------------


def _body(network: Network) -> list[Layer]:
    """The convolutions, without one that stands for the final layer."""
    found = network.of("conv")
    if len(found) > 1 and found[-1].weight[0] == CLASSES and not network.of("linear"):
        return found[:-1]
    return found


def _convolutions(network: Network) -> Outcome:
    criterion = "3d.convolutions"
    found = _body(network)
    saw = "Convolutions seen: " + (", ".join(_conv_text(layer) for layer in found) or "none") + "."
    wanted = [(layer.out_channels, layer.in_channels, *layer.kernel) for layer in PLAN]
    weights = [layer.weight for layer in found]
    plain = all(layer.stride == (1, 1) and layer.dense for layer in found)
    if weights != wanted and plain and network.strict.error and _twice(network, weights, wanted):
        return met(criterion, f"{saw} The right ones are there, but one is applied twice.")
    return met(criterion, saw) if weights == wanted and plain else not_met(criterion, saw)


def _twice(network: Network, weights: Sequence[tuple[int, ...]], wanted: Sequence[tuple[int, ...]]) -> bool:
    """Whether the network holds the right convolutions, and its pass applies one of them twice in place of another."""
    configs = [part.get("config") or {} for part in network.candidate.tree if part.get("type") == "Conv2d"]
    held = [(one.get("out_channels"), one.get("in_channels"), *(one.get("kernel_size") or ())) for one in configs]
    return sorted(map(str, held)) == sorted(map(str, wanted)) and len(set(weights)) < len(weights)


def _conv_text(layer: Layer) -> str:
    out, given, *kernel = layer.weight
    size = "×".join(str(part) for part in kernel)
    text = f"{given} → {out} channels, {size}"
    if layer.stride != (1, 1):
        text += f", stride {layer.stride}"
    return text if layer.dense else text + ", grouped or dilated"


def _padding(network: Network) -> Outcome:
    criterion = "3d.padding"
    found = _body(network)
    if not found:
        return not_met(criterion, "There is no convolution.")
    saw = "Padding (rows, columns): " + ", ".join(_padding_text(layer) for layer in found) + "."
    return met(criterion, saw) if all(map(_well_padded, found)) else not_met(criterion, saw)


def _padding_text(layer: Layer) -> str:
    top, bottom, left, right = layer.padding
    rows = str(top) if top == bottom else f"{top}+{bottom}"
    return f"({rows}, {left if left == right else f'{left}+{right}'})"


def _well_padded(layer: Layer) -> bool:
    # a kernel of another height is a fault of its own: the padding that keeps the height is then right
    height = layer.weight[2] if len(layer.weight) == 4 else 5
    return layer.padding in {(2, 2, 0, 0), (height // 2, height // 2, 0, 0)}


def _segments(network: Network) -> list[list[Layer]]:
    """The layers behind each convolution, up to the next one or the first linear layer."""
    segments: list[list[Layer]] = []
    body = _body(network)
    for layer in network.layers:
        if layer.kind == "conv":
            if len(segments) == len(body):
                break
            segments.append([])
        elif layer.kind == "linear" and segments:
            break
        elif segments:
            segments[-1].append(layer)
    return segments


def _pooling(network: Network) -> Outcome:
    criterion = "3d.pooling"
    segments = _segments(network)
    if not segments:
        return not_met(criterion, "There is no convolution to pool after.")
    pools = [[layer for layer in segment if layer.kind == "pool"] for segment in segments]
    saw = "Pooling: " + "; ".join(
        f"after convolution {at}: {', '.join(map(_pool_text, found)) or 'none'}" for at, found in enumerate(pools, 1)
    )
    if _NO_ROOM in network.strict.error and len(segments) == len(PLAN):
        return not_met(criterion, f"{saw}; a further one finds no room: {network.strict.error}.")
    first = all(len(found) == 1 and _is_right_pool(found[0]) for found in pools[:2])
    rest = not any(pools[2:])
    return met(criterion, saw + ".") if first and rest and len(pools) >= 2 else not_met(criterion, saw + ".")


def _pool_text(layer: Layer) -> str:
    kind = "maximum" if layer.maximum else "average"
    text = f"{kind} {layer.kernel[0]}×{layer.kernel[1]}"
    return text if layer.stride == layer.kernel else f"{text} with stride {layer.stride[0]}×{layer.stride[1]}"


def _is_right_pool(layer: Layer) -> bool:
    return layer.maximum and layer.kernel == (2, 2) and layer.stride == (2, 2) and layer.padding == (0, 0, 0, 0)


def _activation(network: Network) -> Outcome:
    criterion = "3d.activation"
    segments = _segments(network)
    with_one = [at for at, segment in enumerate(segments, 1) if any(layer.kind == "activation" for layer in segment)]
    if not segments:
        return not_met(criterion, "There is no convolution.")
    names = sorted({layer.name for segment in segments for layer in segment if layer.kind == "activation"})
    if len(with_one) == len(segments):
        return met(criterion, f"Every convolution is followed by a non-linearity: {', '.join(names)}.")
    if not with_one:
        return not_met(criterion, "No convolution is followed by a non-linearity.")
    lacking = [str(at) for at in range(1, len(segments) + 1) if at not in with_one]
    return partial(criterion, 0.5, f"No non-linearity follows convolution {', '.join(lacking)}.")


# --- the final layer ------------------------------------------------------------------------------------------


def _fc(student: Student, network: Network, charged: Sequence[str]) -> Outcome:
    criterion = "3d.fc"
    linears = network.of("linear") or _unreached(student, network)
    convolutions = network.of("conv")
    if not linears and len(convolutions) > len(_body(network)):
        return _fc_as_convolution(convolutions[-1])
    if not linears and charged and _half_made(student, network):
        return carried(criterion, "3d", "The fully connected layer could not be made with the maps of this network.")
    if not linears:
        return not_met(criterion, "There is no fully connected layer.")
    outputs, inputs = linears[-1].weight
    saw = "Fully connected: " + ", ".join(f"{layer.weight[1]} → {layer.weight[0]}" for layer in linears) + "."
    if len(linears) > 1 or outputs != CLASSES:
        return not_met(criterion, saw)
    if inputs == FEATURES:
        return met(criterion, saw)
    return _other_size(student, network, inputs, charged)


def _unreached(student: Student, network: Network) -> list[Layer]:
    """A final layer of plain parameters that a failing forward did not get to, by the shape of its matrix."""
    if network.strict.shape is not None or network.mended.shape is not None:
        return []
    for entry in student.find(objects).entries("modules"):
        if entry.get("obj") == network.candidate.obj:
            shapes = [tuple(one.get("shape") or ()) for one in entry.get("parameters") or ()]
            found = [shape for shape in shapes if len(shape) == 2 and CLASSES in shape]
            return [Layer("linear", "matrix", (CLASSES, max(shape))) for shape in found]
    return []


def _half_made(student: Student, network: Network) -> bool:
    """Whether making the network failed with sizes that do not fit (a pass that finds the size of its map)."""
    messages = [f"{cell.error_name}: {cell.error_message}" for cell in student.notebook.code_cells]
    return network.strict.error_type == "AttributeError" and any(map(_SIZE_FAULT.search, messages))


def _fc_as_convolution(layer: Layer) -> Outcome:
    out, given, height, width = layer.weight
    saw = f"A convolution {given} → {out} of {height}×{width} stands for the fully connected layer."
    return met("3d.fc", saw) if given * height * width == FEATURES else not_met("3d.fc", saw)


def _other_size(student: Student, network: Network, inputs: int, charged: Sequence[str]) -> Outcome:
    """A size that follows from an earlier fault is right."""
    criterion = "3d.fc"
    saw = f"Fully connected: {inputs} → {CLASSES}."
    if network.strict.whole or inputs == _map_size(network):
        return carried(criterion, "3d", f"{saw} It follows from the size of this network's own feature map.")
    if student.lost("3c.size") and _fits_scaled(student, network):
        return carried(criterion, "3c", f"{saw} It fits the images as they were scaled in 3(c).")
    if len(charged) > 1 and inputs in _mended_map_sizes(network, charged):
        return carried(criterion, "3d", f"{saw} It follows from the faults that are charged already.")
    if inputs in own_map_sizes(student):
        return carried(criterion, "3a", f"{saw} It follows from the feature map named in 3(a).")
    last = _map_size(network)
    return not_met(criterion, f"{saw} The feature map has {last} elements." if last else saw)


def _fits_scaled(student: Student, network: Network) -> bool:
    for height, width in sizes(student.find(look_at_data)):
        if (height, width) == IMAGE_SHAPE[1:] or not 8 <= height <= 512 or not 8 <= width <= 512:
            continue
        images = fresh_images(student, height, width)
        if pass_images(student, network.candidate, images, lenient=False).whole:
            return True
    return False


def _map_size(network: Network) -> int | None:
    """Number of elements of an image's last feature map: as it ran, else as its layers would make it."""
    maps = [layer.shape_out for layer in network.layers if len(layer.shape_out) == 4]
    return math.prod(maps[-1][1:]) if maps else _computed_map_size(network.layers)


def _computed_map_size(layers: Sequence[Layer]) -> int | None:
    """Elements of the map that an image becomes; None without convolutions or when it shrinks to nothing."""
    channels, height, width = 0, IMAGE_SIZE, IMAGE_SIZE
    for layer in layers:
        if layer.kind not in {"conv", "pool"}:
            continue
        rows, columns = layer.weight[2:4] if layer.kind == "conv" else layer.kernel
        channels = layer.weight[0] if layer.kind == "conv" else channels
        top, bottom, left, right = layer.padding
        height = (height + top + bottom - rows) // max(layer.stride[0], 1) + 1
        width = (width + left + right - columns) // max(layer.stride[1], 1) + 1
    return channels * height * width if channels and height > 0 and width > 0 else None


def _mended_map_sizes(network: Network, charged: Sequence[str]) -> set[int]:
    """Elements of the last map if only some of the faults had been made: one may hide what the other one leads to."""
    mended = {
        "3d.convolutions": _with_right_kernels,
        "3d.padding": _with_right_padding,
        "3d.pooling": _with_right_pools,
    }
    found = {_computed_map_size(mended[criterion](network)) for criterion in charged}
    return {size for size in found if size is not None}


def _with_right_kernels(network: Network) -> list[Layer]:
    return [
        replace(layer, weight=(*layer.weight[:2], 5, 5), stride=(1, 1)) if layer.kind == "conv" else layer
        for layer in network.layers
    ]


def _with_right_padding(network: Network) -> list[Layer]:
    return [replace(layer, padding=(2, 2, 0, 0)) if layer.kind == "conv" else layer for layer in network.layers]


def _with_right_pools(network: Network) -> list[Layer]:
    right = Layer("pool", "max_pool2d", kernel=(2, 2), stride=(2, 2))
    found: list[Layer] = []
    for layer in (layer for layer in network.layers if layer.kind == "conv"):
        found += [layer, right] if len(found) < 4 else [layer]
    return found


def own_map_sizes(student: Student) -> set[int]:
    """Sizes of the feature maps named in the answer to 3(a), when the right one is not among them."""
    text = student.answers.get("3a")
    found = set()
    for triple in re.findall(r"(\d+)\s*[x×X*,]\s*(\d+)\s*[x×X*,]\s*(\d+)", str(text or "")):
        found.add(int(triple[0]) * int(triple[1]) * int(triple[2]))
    return set() if FEATURES in found else found - {3 * IMAGE_SIZE * IMAGE_SIZE}


# --- forward --------------------------------------------------------------------------------------------------


def _forward(student: Student, network: Network, charged: Sequence[str]) -> Outcome:
    criterion = "3d.forward"
    strict, mended = network.strict, network.mended
    if network.candidate.slip:
        return not_met(criterion, f"{network.candidate.slip}.")
    if strict.whole and strict.finite:
        if network.candidate.obj is None and not network.candidate.arguments and not _independent(student, network):
            return not_met(criterion, "The result does not depend on the images.")
        return met(criterion, f"{BATCH}×3×32×32 becomes {BATCH}×{CLASSES}.")
    saw = strict.error or f"{BATCH}×3×32×32 becomes {_shape_text(strict.shape)}."
    if strict.whole:
        return not_met(criterion, "The logits are not finite.")
    fc_is_right = "3d.fc" not in charged
    if mended.whole and mended.resized:
        fits = charged or student.lost("3c.size") or fc_is_right
        source = "3c" if not charged and student.lost("3c.size") else "3d"
        if fits:
            return carried(criterion, source, f"{saw} With a fitting final layer it becomes {BATCH}×{CLASSES}.")
    ends_without_result = mended.shape is None and not mended.error
    explained = _explained(network, saw) or _half_made(student, network)
    if charged and explained and not ends_without_result:
        return carried(criterion, "3d", f"{saw} That follows from a size that is charged already.")
    if _fits_scaled(student, network):
        return carried(criterion, "3c", f"{saw} The network fits the images as they were scaled in 3(c).")
    return not_met(criterion, saw)


def _shape_text(shape: tuple[int, ...] | None) -> str:
    return "×".join(str(size) for size in shape) if shape else "nothing"


def _explained(network: Network, saw: str) -> bool:
    """Whether a failure is one of sizes that do not fit, or a wrong number of rows or classes."""
    shape = network.strict.shape
    if shape is not None:
        return len(shape) == 2
    reshaped = _RESHAPE.search(saw)
    if reshaped is not None:
        # a reshape that fits neither the wanted map nor the final layer is a fault of its own
        wanted = math.prod(int(size) for size in re.findall(r"(?<![-\d])\d+", reshaped.group(1))[-1:] or ["0"])
        final = {layer.weight[1] for layer in network.layers if layer.kind == "linear" and len(layer.weight) > 1}
        return wanted in {FEATURES, *final}
    return bool(_SIZE_FAULT.search(saw) or _SIZE_FAULT.search(network.mended.error))


def _independent(student: Student, network: Network) -> bool:
    """Whether different images give different logits (only asked of functions, which may return constants)."""
    target = network.candidate.called
    steps = [
        {"slot": "a", "expr": expr.call(target, [expr.tensor("images")]), "seed": 3},
        {"slot": "b", "expr": expr.call(target, [expr.tensor("others")]), "seed": 3},
    ]
    if network.candidate.class_name:
        return True
    images = fresh_images(student)
    answer = student.ask(Request("evaluate", {"steps": steps}, {"images": images, "others": images[::-1].copy()}))
    found = [array for array in answer.tensors.values() if array.shape == (BATCH, CLASSES)]
    return len(found) < 2 or bool((found[0] != found[1]).any())


__all__ = ["convolutional_network", "objects"]
