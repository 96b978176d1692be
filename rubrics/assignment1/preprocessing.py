"""Question 1d: a picture becomes the network's input, and its elements are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from grader.probe import expr
from grader.probe.types import Array, Request
from grader.probe.value import step_values
from grader.scoring import Outcome, Student, carried, met, not_met, partial, review
from reference.assignment1 import IMAGENET_MEAN, IMAGENET_STD, INPUT_SIZE
from rubrics.assignment1.cores import preferred_core
from rubrics.assignment1.evidence import ImageCall, Seen, cell_label, entries, gather, is_channel_first, whole
from rubrics.assignment1.held import saved_arrays
from rubrics.assignment1.images import Fit, fit_picture, pictures
from rubrics.assignment1.network import matches, recorded_runs
from rubrics.assignment1.source import Code, read_code

BLOCKED = {
    "URLError",
    "HTTPError",
    "ConnectionError",
    "FileNotFoundError",
    "UnidentifiedImageError",
    "gaierror",
    "StdinNotImplementedError",
}

MAX_TRIES = 6


@dataclass(frozen=True, eq=False)
class Input:
    """The preprocessed image as far as it is known.

    Attributes:
        images: (B, 3, H, W) or (3, H, W).
        fit: How it relates to the picture, None when no picture resembles it.
        call: The call that fed it to the network, None when it was never fed.
        where: For the report.
    """

    images: Array
    fit: Fit | None
    call: ImageCall | None
    where: str


def network_input(student: Student) -> Input | None:
    """The image that the notebook feeds to its network, or would; use it through ``student.find``."""
    for search in (_fed, _prepared, _transformed):
        found = next(iter(search(student)), None)
        if found is not None:
            return found
    return None


def _fed(student: Student) -> list[Input]:
    evidence, known = student.find(gather), {id(run.call): run.images for run in student.find(recorded_runs)}
    candidates: list[Input] = []
    for call in evidence.calls:
        if call.images is None:
            continue
        images = known.get(id(call), call.images)
        fit = fit_picture(images, student.find(pictures))
        if fit is not None or _smooth(images):
            candidates.append(Input(images, fit, call, f"The input of the call in {cell_label(call.cell)}"))
    if not candidates:
        return []
    fitting = [found for found in candidates if found.fit is not None] or candidates
    working = [found for found in fitting if found.call is not None and not found.call.error] or fitting
    cells = sorted({_cell_of(found) for found in working})
    # An attempt whose results a later cell replaced does not count.
    lasting = [cell for cell in cells[:MAX_TRIES] if len(cells) > 1 and _lasts(student, working, cell)]
    first = lasting[0] if lasting else cells[0]
    in_first = [found for found in working if _cell_of(found) == first or (found.call and found.call.cell is None)]
    return [max(in_first or working, key=lambda found: found.call.serial if found.call else 0)]


def _cell_of(given: Input) -> int:
    return given.call.cell if given.call is not None and given.call.cell is not None else 10**6


def _lasts(student: Student, inputs: Sequence[Input], cell: int) -> bool:
    """Whether results of a cell's calls can still be read when the notebook has ended."""
    ends = [seen for seen in student.find(gather).seen if seen.origin == "held"] + list(student.find(saved_arrays))
    calls = [given.call for given in inputs if given.call is not None and _cell_of(given) == cell]
    return any(_holds_result(student, call, seen) for call in calls for seen in ends)


def _smooth(images: Array) -> bool:
    """Whether neighbouring pixels resemble each other, as in photographs and unlike noise."""
    plane = images.reshape(-1, *images.shape[-2:])[0].astype(np.float64)
    left, right = plane[:, :-1].ravel(), plane[:, 1:].ravel()
    if left.std() < 1e-9 or right.std() < 1e-9:
        return False
    return bool(np.corrcoef(left, right)[0, 1] > 0.7)


def _prepared(student: Student) -> Iterator[Input]:
    """Float tensors that look like the picture but were never fed: batches and normalized ones first, then the last."""
    evidence = student.find(gather)
    found: list[Seen] = [
        seen
        for seen in (*evidence.seen, *student.find(saved_arrays))
        if is_channel_first(seen.array) and seen.array.dtype.kind == "f" and seen.origin != "shown"
    ]
    known = [
        (seen, fit) for seen in found[-12:] if (fit := fit_picture(seen.array, student.find(pictures))) is not None
    ]
    known.reverse()
    # What is made ready for the network is more than what is drawn in the end.
    known.sort(key=lambda pair: (pair[0].array.ndim == 4, scaling(pair[1])[0] == "imagenet"), reverse=True)
    for seen, fit in known:
        yield Input(seen.array, fit, None, f"`{seen.name}` ({cell_label(seen.cell)})")


def _transformed(student: Student) -> Iterator[Input]:
    """What the notebook's transforms and functions make of a picture."""
    evidence, known = student.find(gather), student.find(pictures)
    if not known:
        return
    targets: list[tuple[str, int]] = []
    for name, value in evidence.globals():
        types = [str(kind) for kind in value.data.get("mro") or []]
        if value.obj is not None and any("transforms" in kind for kind in types) and value.kind in ("object", "module"):
            targets.append((name, value.obj))
    for function in evidence.functions:
        number = whole(function.get("obj"))
        required = [part for part in entries(function, "params") if part.get("default") is None]
        if number is not None and len(required) == 1 and not function.get("is_method"):
            targets.append((str(function.get("name")), number))
    if not targets:
        return
    steps = [
        {"slot": f"transform{at}", "expr": expr.call(expr.obj(number), [expr.image("picture")])}
        for at, (_, number) in enumerate(targets[:8])
    ]
    values = step_values(student.ask(Request("evaluate", {"steps": steps}, {"picture": known[-1]}, timeout_s=60)))
    for (name, _), result in zip(targets, values.values(), strict=False):
        for array in result.arrays() if result is not None else []:
            if is_channel_first(array) and array.dtype.kind == "f":
                yield Input(array, fit_picture(array, known), None, f"The result of `{name}` for a picture")


def extraction(student: Student) -> Iterable[Outcome]:
    """Outcomes of 1d."""
    given = student.find(network_input)
    code = student.find(read_code)
    if given is None:
        yield from _nothing(student, code)
        return
    yield _size(given)
    yield _normalize(given)
    yield _batch(given, code)
    yield _eval(student, given, code)
    yield _extract(student, given)


def _nothing(student: Student, code: Code) -> Iterator[Outcome]:
    criteria = ("1d.size", "1d.normalize", "1d.batch", "1d.eval", "1d.extract")
    blocked = [cell for cell in student.notebook.code_cells if cell.error_name in BLOCKED]
    tries = code.calls_any("Resize", "Normalize", "ToTensor", "CenterCrop", "open", "imread", "to_tensor", "transforms")
    for criterion in criteria:
        if blocked and tries:
            yield review(
                criterion,
                f"Cell {blocked[0].index + 1} could not load its picture here ({blocked[0].error_name}), "
                "and nothing else shows the preprocessing.",
            )
        else:
            yield not_met(criterion, "No image was preprocessed or fed to a network.")


def _size(given: Input) -> Outcome:
    height, width = given.images.shape[-2:]
    saw = f"{given.where} is {height}×{width}."
    if (height, width) == (INPUT_SIZE, INPUT_SIZE):
        return met("1d.size", saw)
    return not_met("1d.size", saw)


def _normalize(given: Input) -> Outcome:
    criterion = "1d.normalize"
    if given.fit is None:
        return _normalize_by_range(given)
    kind, saw = scaling(given.fit)
    if kind == "imagenet":
        return met(criterion, saw)
    if kind in ("scaled", "other"):
        return partial(criterion, 0.5, saw)
    return not_met(criterion, saw)


def scaling(fit: Fit) -> tuple[str, str]:
    """What became of the pixels: ``imagenet``, ``scaled``, ``other``, ``unscaled`` or ``raw``; and a sentence."""
    mean, std = np.array(IMAGENET_MEAN), np.array(IMAGENET_STD)
    slopes = np.where(np.abs(fit.slopes) > 1e-12, fit.slopes, 1e-12)
    found_std = 1 / (255 * slopes)
    found_mean = -fit.offsets * found_std
    loose = 1.0 if fit.quality > 0.985 else 2.5
    if (np.abs(found_std / std - 1) < 0.045 * loose).all() and (np.abs(found_mean - mean) < 0.03 * loose).all():
        return "imagenet", "The values are scaled to [0, 1] and normalized with the ImageNet statistics."
    numbers = f"mean {_numbers(found_mean)}, standard deviation {_numbers(found_std)}"
    if (np.abs(found_std - 1) < 0.06 * loose).all() and (np.abs(found_mean) < 0.06 * loose).all():
        return "scaled", "The values are scaled to [0, 1], but not normalized."
    if (np.abs(slopes * std - 1) < 0.1 * loose).all():
        return (
            "unscaled",
            "Mean and standard deviation were applied to values from 0 to 255, without scaling them to [0, 1].",
        )
    if (found_std > 0.04).all() and (found_std < 2.1).all():
        return "other", f"The values are scaled, but normalized with other statistics: {numbers}."
    return "raw", f"The values are neither scaled to [0, 1] nor normalized with the ImageNet statistics ({numbers})."


def _numbers(values: Array) -> str:
    return "(" + ", ".join(f"{value:.3g}" for value in values) + ")"


def _normalize_by_range(given: Input) -> Outcome:
    criterion = "1d.normalize"
    image = given.images.reshape(-1, *given.images.shape[-3:])[0].astype(np.float64)
    low, high = float(image.min()), float(image.max())
    undone = image * np.array(IMAGENET_STD)[:, None, None] + np.array(IMAGENET_MEAN)[:, None, None]
    steps = np.abs(undone * 255 - np.round(undone * 255))
    if steps.max() < 0.02 and undone.min() > -0.01 and undone.max() < 1.01:
        return met(criterion, "Undoing the ImageNet normalization gives whole pixel values.")
    if low >= 0 and high > 2:
        return not_met(criterion, f"The values lie between {low:.3g} and {high:.3g}.")
    if low >= 0 and high <= 1:
        return partial(criterion, 0.5, f"The values lie between {low:.3g} and {high:.3g}: scaled, but not normalized.")
    return review(
        criterion, f"The values lie between {low:.3g} and {high:.3g}; the picture they come from is not known."
    )


def _batch(given: Input, code: Code) -> Outcome:
    criterion, shape = "1d.batch", list(given.images.shape)
    call = given.call
    if call is not None and call.images is not None and call.images.ndim == 3 and call.error:
        return not_met(criterion, f"The network was given {list(call.images.shape)}: {call.error}")
    if given.images.ndim == 4 or call is not None:
        return met(criterion, f"The network is given a batch of shape {shape if len(shape) == 4 else [1, *shape]}.")
    if code.calls_any("unsqueeze", "unsqueeze_", "expand_dims", "stack") or code.indexes_with_none():
        return met(criterion, "A batch dimension is added in the source; the image was never fed to the network.")
    return not_met(criterion, f"The preprocessed image has the shape {shape}.")


def _eval(student: Student, given: Input, code: Code) -> Outcome:
    criterion = "1d.eval"
    if given.call is not None:
        if given.call.norm_training:
            return not_met(criterion, f"In {cell_label(given.call.cell)} the batch-norm layers are in training mode.")
        return met(criterion, "The network is in evaluation mode when the image is fed.")
    core = student.find(preferred_core)
    if core is not None:
        entry = student.find(gather).modules[core.module]
        if not entry.get("training") and code.calls_any("eval", "train"):
            return met(criterion, "The network is in evaluation mode.")
    return not_met(criterion, "The network was not put into evaluation mode.")


def _extract(student: Student, given: Input) -> Outcome:
    criterion, call = "1d.extract", given.call
    if call is None:
        return not_met(criterion, "The preprocessed image was not fed to the network.")
    if call.error:
        source = "1d" if call.images is not None and call.images.ndim == 3 else "1c"
        return carried(
            criterion, source, f"The image is fed to the network in {cell_label(call.cell)}, which fails: {call.error}"
        )
    kept = _kept(student, call)
    if kept:
        return met(
            criterion, f"The image is fed to the network in {cell_label(call.cell)}; results are kept in {kept}."
        )
    return not_met(
        criterion, f"The image is fed to the network in {cell_label(call.cell)}, but its results are not kept."
    )


def _holds_result(student: Student, call: ImageCall, seen: Seen) -> bool:
    """Whether an array is what a call returned, or an element that the network computed in it."""
    outputs = [array for array in call.outputs if array.size == seen.array.size > 1]
    if any(np.allclose(array.ravel(), seen.array.ravel(), rtol=1e-3, atol=1e-4) for array in outputs):
        return True
    found = [run.elements for run in student.find(recorded_runs) if run.call is call]
    return any(matches(seen.array, part) for elements in found for part in (elements.features, elements.logits))


def _kept(student: Student, call: ImageCall) -> str:
    evidence = student.find(gather)
    for seen in (*evidence.seen, *student.find(saved_arrays)):
        inside = (seen.function or "").rpartition(".")[2] == "forward"  # of the network, whose results may be dropped
        passing = inside or seen.origin in ("input", "output", "argument", "shown")
        if not passing and _holds_result(student, call, seen):
            return f"`{seen.name}`"
    for function, record in evidence.records():
        # A large result may have been used up within the function that asked for it.
        if (
            call.function is not None
            and str(function.get("name")) == call.function.replace(".<locals>", "")
            and record.get("locals")
        ):
            return f"`{function.get('name')}`"
    return ""
