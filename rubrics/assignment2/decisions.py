"""Decision rules by which right predictions may be counted: the right one, and those of the usual mistakes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reference.assignment2 import predicted
from rubrics.trace import Floats

Rule = Callable[[Floats, Floats, bool], "int | None"]
"""Right predictions from output (B, O), (B, S, O) or (B), target (B), and whether outputs are probabilities."""


def _final(output: Floats) -> Floats:
    return output[:, -1] if output.ndim == 3 else output


def _decided(z: Floats, target: Floats, threshold: float) -> int:
    return int((predicted(z, threshold) == target).sum())


def _right(output: Floats, target: Floats, probability: bool) -> int | None:
    return _decided(_final(output), target, 0.5 if probability else 0.0)


def _half_of_logit(output: Floats, target: Floats, probability: bool) -> int | None:
    z = _final(output)
    return None if probability or z.reshape(len(z), -1).shape[1] > 1 else _decided(z, target, 0.5)


def _zero_of_probability(output: Floats, target: Floats, probability: bool) -> int | None:
    z = _final(output)
    return _decided(z, target, 0.0) if probability and z.reshape(len(z), -1).shape[1] == 1 else None


def _first_element(output: Floats, target: Floats, probability: bool) -> int | None:
    return _decided(output[:, 0], target, 0.5 if probability else 0.0) if output.ndim == 3 else None


def _mean_element(output: Floats, target: Floats, probability: bool) -> int | None:
    return _decided(output.mean(axis=1), target, 0.5 if probability else 0.0) if output.ndim == 3 else None


def _inverted(output: Floats, target: Floats, probability: bool) -> int | None:
    right = _right(output, target, probability)
    return None if right is None else len(target) - right


def _other_threshold(threshold: float) -> Rule:
    def rule(output: Floats, target: Floats, probability: bool) -> int | None:
        del probability
        z = _final(output)
        return _decided(z, target, threshold) if z.reshape(len(z), -1).shape[1] == 1 else None

    return rule


def _single_argmax(output: Floats, target: Floats, probability: bool) -> int | None:
    del probability
    z = _final(output)
    return int((target == 0).sum()) if z.reshape(len(z), -1).shape[1] == 1 else None


def _argmax_over_batch(output: Floats, target: Floats, probability: bool) -> int | None:
    del probability
    z = _final(output).reshape(len(output), -1)
    predicted = z.argmax(axis=0)
    if z.shape[1] == 1:
        return None
    if len(predicted) == len(target):  # as many names as classes: they are compared one by one
        return int((predicted == target).sum())
    return int((predicted[:, None] == target[None, :]).sum())


def _argmax_over_batch_in_turn(output: Floats, target: Floats, probability: bool) -> int | None:
    """A loop over the predictions compares each with the target at its place, so only as many names as classes."""
    del probability
    z = _final(output).reshape(len(output), -1)
    predicted = z.argmax(axis=0)
    common = min(len(predicted), len(target))
    return int((predicted[:common] == target[:common]).sum()) if z.shape[1] > 1 else None


def _compared(values: Callable[[Floats], Floats]) -> Rule:
    """What is made of a single output is compared with the target as it is."""

    def rule(output: Floats, target: Floats, probability: bool) -> int | None:
        del probability
        z = _final(output).reshape(len(output), -1)
        return int((values(z[:, 0]) == target).sum()) if z.shape[1] == 1 else None

    return rule


def _logit_only(rule: Rule) -> Rule:
    """A rule that is right, or means nothing, for probabilities."""
    return lambda output, target, probability: None if probability else rule(output, target, probability)


_TINY = (3e-8, 6e-8, 9e-8, 1.2e-7, 1.8e-7)


def may_tie(output: Floats) -> bool:
    """Whether an output has a number near enough to 0 for a rule of ``TIES`` to differ from the right one."""
    return bool((np.abs(output) <= max(_TINY)).any())


RIGHT = "the final element decides"
TIES: dict[str, Rule] = {
    f"a probability of 0.5 in single precision, of logits down to {side * tiny:g}": _logit_only(
        _other_threshold(side * tiny)
    )
    for side in (-1.0, 1.0)
    for tiny in _TINY
}
"""Right rules, too: the probability of a logit that is nearly 0 is 0.5 for the notebook, be it above or below."""
RULES: dict[str, Rule] = {
    RIGHT: _right,
    "a logit is compared with 0.5": _half_of_logit,
    "a probability is compared with 0": _zero_of_probability,
    "the first element decides": _first_element,
    "the mean over the elements decides": _mean_element,
    "the classes are swapped": _inverted,
    "argmax of a single output is always 0": _single_argmax,
    "argmax runs over the batch": _argmax_over_batch,
    "argmax runs over the batch, of which only the first names are compared": _argmax_over_batch_in_turn,
    "the output is compared with 1": _other_threshold(1.0),
    "the output is compared with -0.5": _other_threshold(-0.5),
    "the output is compared with -1": _other_threshold(-1.0),
    "a logit is rounded": _logit_only(_compared(np.round)),
    "a logit is cut to a whole number": _logit_only(_compared(np.trunc)),
    "the sign, which is never 0, is compared with 0 and 1": _logit_only(_compared(np.sign)),
    "the output itself is compared with the target": _compared(lambda z: z),
    "the prediction is always 1": _compared(np.ones_like),
}
