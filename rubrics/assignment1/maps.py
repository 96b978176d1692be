"""Which computation explains a map? Channel weights × clipping, tried against what the notebook's code handled.

A map is compared up to a positive factor, so a constant such as 1/(KM) or p(1−p) is never a fault.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch

from grader.probe.types import Array
from rubrics.tolerances import tolerance

FloatArray = npt.NDArray[np.float64]
EXACT = 1 - tolerance("maps").accept
COARSE = 1 - tolerance("rounded_maps").accept
ENLARGED = 0.992

RIGHT = "logit"
"""The kind of channel weights that earns the points: proportional to the spatial mean of ∂z_o/∂A."""

FORMS = ("raw", "relu", "weights", "shifted", "shifted-relu", "abs", "shifted-weights")
"""What may become of the weighted sum, in order of simplicity."""

WEIGHT_TITLES = {
    "logit": "the gradient of the logit of class {o}",
    "probability": "the gradient of the softmax probability of class {o}, not of its logit",
    "log-probability": "the gradient of the logarithm of the probability of class {o}, not of its logit",
    "loss": "the gradient of the loss for class {o}, not of its logit",
    "all": "the sum of the weights of all classes",
    "ones": "equal weights for all channels",
    "activations": "the means of the feature maps themselves, not of the gradient",
    "weighted activations": "the weights of class {o} times the means of the feature maps",
    "absolute": "the absolute values of the weights of class {o}",
    "squared": "the squared weights of class {o}",
    "negative": "the negative weights of class {o}",
    "logits": "a value that is not the gradient",
    "channel": "one channel alone",
    "channels": "the gradient of the logit of class {o}, for some of the channels",
    "seen": "other values than the gradient of the logit",
    "saliency": "the gradient with respect to the input image",
}


@dataclass(frozen=True, eq=False)
class Context:
    """Feature maps of one image with all that weights can be made of.

    Attributes:
        features: (Q, K, M).
        weight: (O, Q) of the final layer.
        logits: (O,).
        right: Channel weights of each class that earn the points, (O, Q); ``weight`` for ``layer4``.
        title: Which feature maps these are.
        own_vectors: (Q,) vectors that the notebook handled, for weights that no hypothesis knows.
    """

    features: FloatArray
    weight: FloatArray
    logits: FloatArray
    right: FloatArray | None
    title: str
    own_vectors: tuple[FloatArray, ...] = ()

    @property
    def extent(self) -> tuple[int, int]:
        """(K, M)."""
        return int(self.features.shape[1]), int(self.features.shape[2])


@dataclass(frozen=True, eq=False)
class Explained:
    """How a map came about.

    Attributes:
        kind: Of the channel weights, a key of ``WEIGHT_TITLES``.
        o: Class, None where the weights do not depend on one.
        form: ``raw``, ``relu``, ``shifted`` (moved instead of clipped), ``shifted-relu``, ``abs``, ``weights`` (weights
            clipped).
        ambiguous: Whether clipping does not show: the sum has no negative value, so that ``raw`` and ``relu`` look
            alike, or no positive one, of which clipping leaves nothing.
        scale: Factor between the map divided by its maximum and what was seen (1 when it was normalized).
        base: The map divided by its maximum, (K, M).
        context: What it was computed from.
        wrapped: Whether the values overflowed when they were cut to one byte.
    """

    kind: str
    o: int | None
    form: str
    ambiguous: bool
    scale: float
    base: FloatArray
    context: Context = field(repr=False)
    wrapped: bool = False

    def weights_sentence(self) -> str:
        """The channel weights in words."""
        return WEIGHT_TITLES[self.kind].format(o=self.o)


@dataclass(frozen=True, eq=False)
class Family:
    """Weighted sums of one context: a row a hypothesis.

    Attributes:
        kinds: Kind and class of each row.
        sums: (N, K·M) weighted sums.
        clipped: (N, K·M) weighted sums with clipped weights.
    """

    context: Context
    kinds: list[tuple[str, int | None]]
    sums: FloatArray
    clipped: FloatArray
    _units: dict[str, FloatArray] = field(default_factory=dict, repr=False)

    def rows(self, form: str) -> FloatArray:
        """The maps in one of the ``FORMS``, before any normalization."""
        plain = form.removeprefix("shifted-")
        if plain == "relu":
            return np.maximum(self.sums, 0)
        if plain == "abs":
            return np.abs(self.sums)
        return self.clipped if plain == "weights" else self.sums

    def units(self, form: str) -> FloatArray:
        """The same with length 1, moved to mean 0 for the shifted forms."""
        if form not in self._units:
            rows = self.rows(form)
            if form.startswith("shifted"):
                rows = rows - rows.mean(1, keepdims=True)
            norms = np.linalg.norm(rows, axis=1, keepdims=True)
            self._units[form] = rows / np.where(norms > 1e-12, norms, np.inf)
        return self._units[form]


def family(context: Context) -> Family:
    """All hypotheses about the channel weights of a context."""
    flat = context.features.reshape(context.features.shape[0], -1)
    classes = range(context.weight.shape[0])
    means = flat.mean(1)
    blocks: list[tuple[list[tuple[str, int | None]], FloatArray]] = []
    if context.right is not None:
        blocks.append(([("logit", o) for o in classes], context.right))
    if context.weight.shape[1] == flat.shape[0]:
        weight, z = context.weight, context.logits
        p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        centred = weight - p @ weight
        top = [int(o) for o in np.argsort(-z)[:5]]
        blocks += [
            ([("log-probability", o) for o in classes], centred),
            ([("loss", o) for o in classes], -centred),
            ([("negative", o) for o in classes], -weight),
            ([("weighted activations", o) for o in classes], weight * means),
            ([("absolute", o) for o in classes], np.abs(weight)),
            ([("squared", o) for o in classes], weight**2),
            ([("all", None), ("loss", None), ("all", None)], np.stack([weight.sum(0), -(weight.sum(0)), p @ weight])),
            ([("all", None) for _ in top], np.stack([(np.abs(weight)).sum(0) for _ in top])),
        ]
    ones = np.ones(flat.shape[0])
    rest = [ones, means, flat.max(1), means / max(np.linalg.norm(means), 1e-12), -ones]
    blocks.append(([("ones", None), *[("activations", None)] * 3, ("ones", None)], np.stack(rest)))
    fitting = _unclipped([vector for vector in context.own_vectors if vector.size == flat.shape[0]], blocks)
    if fitting:
        blocks.append(([("seen", None)] * len(fitting), np.stack(fitting)))
    kinds = [kind for names, _ in blocks for kind in names]
    rows = np.concatenate([block for _, block in blocks])
    return Family(context, kinds, rows @ flat, np.maximum(rows, 0) @ flat)


def _unclipped(
    vectors: Sequence[FloatArray], blocks: Sequence[tuple[list[tuple[str, int | None]], FloatArray]]
) -> list[FloatArray]:
    """The vectors without those that are a row (or another vector) with its negative values cut off.

    Those are explained by what they were made of and the form ``weights``.
    """
    if not vectors:
        return []
    rows = np.concatenate([*(block for _, block in blocks), np.stack(vectors)])
    clipped = np.maximum(rows[(rows < 0).any(1)], 0)
    clipped = clipped / np.maximum(np.linalg.norm(clipped, axis=1, keepdims=True), 1e-30)
    likeness = clipped @ np.stack(vectors).T / np.maximum(np.linalg.norm(vectors, axis=1), 1e-30)
    best = likeness.max(0, initial=0.0)
    return [vector for vector, value in zip(vectors, best, strict=True) if vector.min() < 0 or value < 1 - 1e-7]


def explain(array: Array, families: Sequence[Family]) -> Explained | None:
    """The hypothesis that reproduces a map of the feature maps' extent, or None."""
    values = np.asarray(array, dtype=np.float64).ravel()
    coarse = array.dtype.kind in "iu" or _is_quantized(values)
    threshold = COARSE if coarse else EXACT
    for candidates in families:
        k, m = candidates.context.extent
        if values.size == k * m and values.std() > 1e-12:
            found = _best(values, candidates, threshold)
            if found is not None:
                return found
    return None


def _is_quantized(values: FloatArray) -> bool:
    scaled = values * 255
    return bool(values.max() <= 1.001 and values.min() >= -0.001 and np.abs(scaled - np.round(scaled)).max() < 1e-3)


def _best(values: FloatArray, candidates: Family, threshold: float) -> Explained | None:
    """The first form, in order of simplicity, in which a row of the family reproduces the values."""
    straight = values / max(float(np.linalg.norm(values)), 1e-30)
    centred = values - values.mean()
    centred = centred / max(float(np.linalg.norm(centred)), 1e-30)
    trials = [(form, candidates.units(form) @ (centred if form.startswith("shifted") else straight)) for form in FORMS]
    best = max(float(likeness.max()) for _, likeness in trials)
    if best < threshold:
        return None
    # What is as good as the best is told apart by plausibility: forms and rows are ordered by it.
    tie = 1e-8 if threshold == EXACT else 1e-5
    form, row = next(
        (form, int(np.argmax(likeness >= best - tie))) for form, likeness in trials if likeness.max() >= best - tie
    )
    return _explained(values, candidates, row, form, candidates.rows(form)[row])


def _likeness(values: FloatArray, rows: FloatArray, *, centred: bool) -> FloatArray:
    ours = values - values.mean() if centred else values
    theirs = rows - rows.mean(1, keepdims=True) if centred else rows
    norms = np.linalg.norm(theirs, axis=1) * np.linalg.norm(ours)
    result: FloatArray = (theirs @ ours) / np.where(norms > 1e-12, norms, np.inf)
    return result


def _explained(values: FloatArray, candidates: Family, row: int, form: str, explained: FloatArray) -> Explained:
    kind, o = candidates.kinds[row]
    sums = candidates.sums[row]
    low, high = float(explained.min()), float(explained.max())
    if form.startswith("shifted"):
        base = (explained - low) / max(high - low, 1e-12)
        scale = (
            float(values.max() - values.min()) if abs(values.min()) < 0.02 * max(values.max(), 1e-12) else float("nan")
        )
    else:
        base = explained / (high if high > 0 else 1.0)
        scale = float(values.max()) if high > 0 else float("nan")
    k, m = candidates.context.extent
    ambiguous = bool((sums >= 0).all()) and form in ("raw", "relu", "shifted", "shifted-relu", "abs")
    ambiguous = ambiguous or (form == "raw" and bool((sums <= 0).all()))
    return Explained(kind, o, form, ambiguous, scale, base.reshape(k, m), candidates.context)


def explain_overflow(array: Array, known: Sequence[tuple[FloatArray, Explained]]) -> Explained | None:
    """An explained map times 255 (or as it is) that overflowed one byte.

    Args:
        array: (K, M) whole numbers.
        known: Explained maps and their values.
    """
    values = np.asarray(array).astype(np.int64)
    for plane, explained in known:
        for factor in (255, 1):
            if (
                plane.size == values.size
                and (np.trunc(plane.ravel() * factor).astype(np.int64) % 256 == values.ravel()).all()
            ):
                base = values.reshape(plane.shape) / max(int(values.max()), 1)
                return replace(explained, base=base, wrapped=True)
    return None


def enlargements(base: FloatArray, size: tuple[int, int]) -> Mapping[str, FloatArray]:
    """A map brought to (height, width) in the usual ways."""
    tensor = torch.from_numpy(np.ascontiguousarray(base))[None, None]
    found: dict[str, FloatArray] = {}
    for mode, aligned in (
        ("bilinear", False),
        ("bilinear", True),
        ("bicubic", False),
        ("bicubic", True),
        ("nearest", None),
    ):
        large = torch.nn.functional.interpolate(tensor, size=size, mode=mode, align_corners=aligned)
        found[f"{mode}, aligned" if aligned else mode] = large[0, 0].numpy()
    return found


def explain_enlarged(array: Array, families: Sequence[Family], known: Sequence[Explained]) -> Explained | None:
    """The hypothesis that reproduces an enlarged map (H, W), or None.

    Args:
        array: (H, W).
        families: Hypotheses about the small map.
        known: Small maps that were explained already; they are tried first.
    """
    values = np.asarray(array, dtype=np.float64)
    if values.std() < 1e-9 or not np.isfinite(values).all():
        return None
    tries = list(known[-12:]) or nearest_maps(values, families)
    best, quality = None, ENLARGED
    for small in tries:
        for enlarged in enlargements(small.base, (values.shape[0], values.shape[1])).values():
            unclear = small.ambiguous
            forms = [(small.form, enlarged)]
            if small.form == "raw":
                # Clipping that would change next to nothing cannot be told from its absence.
                few = float((enlarged < -0.01 * np.abs(enlarged).max()).mean()) < 0.01
                unclear = unclear or few
                forms += [("shifted", enlarged), *([] if few else [("relu", np.maximum(enlarged, 0))])]
            for form, candidate in forms:
                moved = form.startswith("shifted")
                likeness = float(_likeness(values.ravel(), candidate.ravel()[None], centred=moved)[0])
                if likeness > quality + (2e-4 if form != small.form else 1e-9):
                    quality = likeness
                    ours, theirs = (
                        (values.std(), candidate.std())
                        if moved
                        else (np.linalg.norm(values), np.linalg.norm(candidate))
                    )
                    scale = float(ours / theirs)
                    if small.wrapped:
                        scale = small.scale
                    elif abs(values.max() - 1) < 5e-3 or abs(values.max() - 255) < 1.01:
                        scale = float(values.max())
                    best = Explained(small.kind, small.o, form, unclear, scale, small.base, small.context)
    return best


def nearest_maps(values: FloatArray, families: Sequence[Family]) -> list[Explained]:
    """The small maps whose enlargement resembles a large one most, when no small map was seen."""
    found: list[tuple[float, Explained]] = []
    for candidates in families:
        k, m = candidates.context.extent
        small = (
            torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(values)[None, None], (k, m))[0, 0].numpy().ravel()
        )
        for form, rows in (
            ("relu", np.maximum(candidates.sums, 0)),
            ("raw", candidates.sums),
            ("weights", candidates.clipped),
        ):
            blurred = _blur(rows, (k, m), (values.shape[0], values.shape[1]))
            likeness = _likeness(small, blurred, centred=False)
            for row in np.argsort(-likeness)[:3]:
                found.append((float(likeness[row]), _explained(rows[row], candidates, int(row), form, rows[row])))
    return [explained for _, explained in sorted(found, key=lambda pair: -pair[0])[:9]]


def _blur(rows: FloatArray, extent: tuple[int, int], size: tuple[int, int]) -> FloatArray:
    """What enlarging and averaging back does to each row: one axis after the other."""
    planes = rows.reshape(-1, *extent)
    down, across = _blur_matrix(extent[0], size[0]), _blur_matrix(extent[1], size[1])
    result: FloatArray = (down.T @ planes @ across).reshape(rows.shape)
    return result


@functools.lru_cache(maxsize=32)
def _blur_matrix(count: int, size: int) -> FloatArray:
    """(count, count): what becomes of a unit at each place of an axis."""
    unit = torch.eye(count, dtype=torch.float64)[:, None]
    large = torch.nn.functional.interpolate(unit, size=size, mode="linear", align_corners=False)
    matrix: FloatArray = torch.nn.functional.adaptive_avg_pool1d(large, count)[:, 0].numpy()
    return matrix
