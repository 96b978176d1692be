"""Question 1e: maps of some channels alone, sums over the wrong axes, and weights without a map that shows them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.probe.types import Array
from rubrics.assignment1.evidence import Seen
from rubrics.assignment1.images import FloatArray
from rubrics.assignment1.maps import Context, Family, explain

SOME = "channels"
"""The kind of channel weights of a map that sums right weights of its class, but not over all channels."""

SAME = 1 - 1e-6


def single_channels(context: Context) -> Family:
    """The hypotheses that a map is one weighted channel, for maps that nothing else explains."""
    flat = context.features.reshape(context.features.shape[0], -1)
    rows = np.concatenate([flat, -flat])
    return Family(context, [("channel", None)] * len(rows), rows, np.maximum(rows, 0))


def some_channels(context: Context, classes: Sequence[int]) -> Family:
    """The hypotheses that a map sums the first or the last channels alone, for some classes."""
    flat = context.features.reshape(context.features.shape[0], -1)
    kinds: list[tuple[str, int | None]] = []
    sums, clipped = [np.zeros((0, flat.shape[1]))], [np.zeros((0, flat.shape[1]))]
    rows = [] if context.right is None else [(o, context.right[o]) for o in classes]
    for o, right in rows:
        for weights, found in ((right, sums), (np.maximum(right, 0), clipped)):
            first = np.cumsum(weights[:, None] * flat, axis=0)
            found.append(np.concatenate([first[1:-1], first[-1] - first[:-2]]))
        kinds += [(SOME, o)] * len(sums[-1])
    return Family(context, kinds, np.concatenate(sums), np.concatenate(clipped))


class PartsOfSums:
    """Explains arrays by some channels alone.

    Attributes:
        families: The hypotheses.
    """

    def __init__(self, contexts: Sequence[Context], classes: Sequence[int]) -> None:
        """Prepares the hypotheses for the first contexts."""
        self.families = [build for one in contexts[:2] for build in (single_channels(one), some_channels(one, classes))]
        self.families = [one for one in self.families if one.kinds]
        self._channels = [context.features.reshape(len(context.features), -1) for context in contexts[:2]]

    def weighted(self, seen: Seen) -> bool:
        """Whether an array is no plain channel; that is no map."""
        values = seen.array.squeeze()
        if values.ndim != 2 or values.dtype.kind not in "biuf":
            return True
        flat = values.ravel().astype(np.float64)
        return not any(
            flat.size == channels.shape[1] and bool(np.isclose(flat, channels).all(1).any())
            for channels in self._channels
        )

    def occur(self, arrays: Sequence[Seen]) -> bool:
        """Whether one of the arrays is such a map; a few of the last ones are looked at."""
        sizes = {channels.shape[1] for channels in self._channels}
        fitting = [seen for seen in arrays if seen.array.size in sizes and self.weighted(seen)]
        return any(explain(seen.array, self.families) is not None for seen in reversed(fitting))


def shown_classes(contexts: Sequence[Context], replayed: Sequence[int]) -> list[int]:
    """Classes that a notebook shows (the first ones by logit), and those that functions were repeated for."""
    first = [int(o) for o in np.argsort(-contexts[0].logits)[:5]] if contexts else []
    return list(dict.fromkeys([*first, *replayed]))


def wrongly_summed(arrays: Sequence[Seen], contexts: Sequence[Context], classes: Sequence[int]) -> tuple[str, bool]:
    """Where something else than the channels of the weighted feature maps was summed, and whether it became [0, 1].

    Returns:
        What was seen, ``""`` for nothing; whether an array of that shape has a maximum of 1.
    """
    for context in contexts:
        if context.right is None or min(context.extent) < 2:
            continue
        for o in classes:
            sums = _wrong_sums(context.right[o], context.features)
            for seen in reversed(arrays):
                for saw, total in sums:
                    if _proportional(seen.array, total):
                        return saw.format(name=seen.name), any(_fills(other.array, total.shape) for other in arrays)
    return "", False


def averaged_over_channels(arrays: Sequence[Seen], contexts: Sequence[Context], classes: Sequence[int]) -> str:
    """Where the gradient was averaged (or summed) over the channels in place of the positions, or ``""``.

    The gradient of a logit is the same at all positions, so that such an average is the same number everywhere, and the
    number that remains of an average over both.
    """
    for context in contexts:
        if context.right is None:
            continue
        q, extent = context.features.shape[0], context.features.shape[1] * context.features.shape[2]
        means = np.array([context.right[o].mean() for o in classes])
        wanted = np.concatenate([means * factor for factor in (1, q, 1 / extent, q / extent)])
        for seen in reversed(arrays):
            values = seen.array.squeeze()
            fits = values.shape in (context.features.shape[1:], ())
            if not fits or values.dtype.kind != "f" or not np.isfinite(values).all():
                continue
            number, spread = float(values.mean()), float(np.ptp(values))
            if spread <= 1e-4 * abs(number) and (np.abs(wanted - number) <= 1e-3 * abs(number)).any():
                return f"`{seen.name}`"
    return ""


def _wrong_sums(weights: FloatArray, features: FloatArray) -> list[tuple[str, FloatArray]]:
    weighted = weights[:, None, None] * features
    over = "In `{name}` the weighted feature maps are summed over positions, not channels."
    mixed = "For `{name}` the values of the feature maps are reordered, which mixes channels and positions."
    scrambled = features.reshape(*features.shape[1:], -1) @ weights
    sums = [(over, weighted.sum(axis)) for axis in ((1, 2), 1, 2)]
    return [*sums, (mixed, scrambled), (mixed, scrambled.ravel())]


def _fills(array: Array, shape: tuple[int, ...]) -> bool:
    """Whether an array of a shape lies in [0, 1] and reaches 1."""
    if array.squeeze().shape != shape or array.dtype.kind != "f":
        return False
    return abs(float(array.max()) - 1) < 1e-3 and float(array.min()) > -1e-3


def _proportional(array: Array, wanted: FloatArray) -> bool:
    values = array.squeeze()
    if values.shape != wanted.shape or values.dtype.kind != "f" or not np.isfinite(values).all():
        return False
    ours, theirs = values.ravel().astype(np.float64), wanted.ravel()
    norm = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return norm > 0 and float(ours @ theirs) / norm > SAME


def wrong_weights(context: Context) -> tuple[str, int] | None:
    """Kind and class of channel weights among the notebook's vectors that are made of a class's weights wrongly."""
    kinds = {
        "absolute": np.abs(context.weight),
        "squared": context.weight**2,
        "negative": -context.weight,
        "weighted activations": context.weight * context.features.mean((1, 2)),
    }
    for vector in reversed([one for one in context.own_vectors if one.size == context.weight.shape[1]]):
        for kind, rows in kinds.items():
            norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(vector)
            likeness = (rows @ vector) / np.where(norms > 0, norms, np.inf)
            if likeness.max() > SAME:
                return kind, int(likeness.argmax())
    return None
