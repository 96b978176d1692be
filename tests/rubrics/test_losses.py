"""Losses that are computed by hand, by their values."""

from __future__ import annotations

import numpy as np
import pytest

from rubrics.losses import RIGHT_FOR_BINARY, RIGHT_FOR_CLASSES, WRONG_SIGN, LossSeen, classify_values, directed
from rubrics.trace import Floats

RNG = np.random.default_rng(4)
LOGITS: Floats = RNG.normal(size=(6, 3))
TARGETS: Floats = np.array([0.0, 2.0, 1.0, 1.0, 0.0, 2.0])


def cross_entropy(z: Floats, t: Floats) -> float:
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return float(-np.log(p[np.arange(len(z)), t.astype(int)]).mean())


@pytest.mark.parametrize(("sign", "ending"), [(1, ""), (-1, WRONG_SIGN)])
def test_a_loss_is_told_from_the_same_with_the_wrong_sign(sign: int, ending: str) -> None:
    seen = classify_values([(sign * cross_entropy(LOGITS, TARGETS), LOGITS, TARGETS)])
    assert seen is not None
    assert seen.form == RIGHT_FOR_CLASSES + ending


def test_a_binary_likelihood_that_is_made_small_has_the_wrong_sign() -> None:
    z, t = LOGITS[:, 0], (TARGETS > 0).astype(float)
    p = 1 / (1 + np.exp(-z))
    likelihood = float((t * np.log(p) + (1 - t) * np.log(1 - p)).mean())
    seen = classify_values([(likelihood, z[:, None], t)])
    assert seen is not None
    assert seen.form == RIGHT_FOR_BINARY + WRONG_SIGN


def test_batches_after_a_training_ran_away_say_nothing() -> None:
    lost = np.full_like(LOGITS, np.nan)
    seen = classify_values([(cross_entropy(LOGITS, TARGETS), LOGITS, TARGETS), (float("nan"), lost, TARGETS)])
    assert seen is not None
    assert seen.form == RIGHT_FOR_CLASSES
    assert classify_values([(float("nan"), lost, TARGETS)]) is None


def test_an_optimizer_that_maximises_turns_the_sign() -> None:
    right, wrong = LossSeen(RIGHT_FOR_CLASSES, 3, "seen"), LossSeen(RIGHT_FOR_CLASSES + WRONG_SIGN, 3, "seen")
    assert directed(right, maximised=False) is right
    for given, turned in ((right, wrong), (wrong, right)):
        found = directed(given, maximised=True)
        assert found is not None
        assert found.form == turned.form
    unknown = LossSeen("unknown", 3, "seen")
    assert directed(unknown, maximised=True) is unknown
    assert directed(None, maximised=True) is None
