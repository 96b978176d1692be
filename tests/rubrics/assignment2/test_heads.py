"""The search for what explains a network's outputs: what it finds, and that it ends."""

from __future__ import annotations

import numpy as np
import pytest

from rubrics.assignment2 import heads
from rubrics.assignment2.elman import ELEMENTWISE, FIRST_ONCE, Params

D, K = 5, 6


def _layer(rng: np.random.Generator, name: str, into: int, out: int) -> dict[str, np.ndarray]:
    return {f"{name}.weight": rng.normal(size=(out, into)) * 0.4, f"{name}.bias": rng.normal(size=out) * 0.1}


def _network(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {**_layer(rng, "w1", D, K), **_layer(rng, "wr", K, K), **_layer(rng, "w2", K, 1)}


def _states(params: Params, x: np.ndarray, back: np.ndarray) -> np.ndarray:
    h = np.zeros((len(x), K))
    for s in range(x.shape[1]):
        h = np.tanh(x[:, s] @ params["w1.weight"].T + params["w1.bias"] + h @ back)
    return h


def test_the_mean_of_the_units_is_no_output_layer() -> None:
    rng = np.random.default_rng(1)
    params = _network(rng)
    x = rng.normal(size=(9, 4, D))
    params["wr.bias"] = np.zeros(K)
    states = _states(params, x, params["wr.weight"].T)
    found = heads.fit(params, x, [states.mean(axis=1, keepdims=True)])
    assert found is not None
    assert found.names == ("w1.weight", "wr.weight", "")


def test_a_state_that_is_weighted_unit_by_unit_has_no_matrix() -> None:
    rng = np.random.default_rng(2)
    params = {**_network(rng), "r": rng.normal(size=K)}
    x = rng.normal(size=(9, 4, D))
    states = _states(params, x, np.diag(params["r"]))
    found = heads.fit(params, x, [states @ params["w2.weight"].T + params["w2.bias"]])
    assert found is not None
    assert found.recurrence == ELEMENTWISE


def test_an_input_that_only_the_first_step_has_is_told_from_a_loop_that_ends_early() -> None:
    rng = np.random.default_rng(4)
    params = _network(rng)
    x = rng.normal(size=(9, 4, D))
    h = np.tanh(x[:, 0] @ params["w1.weight"].T + params["w1.bias"])
    for _ in range(3):
        h = np.tanh(h @ params["wr.weight"].T + params["wr.bias"])
    found = heads.fit(params, x, [h @ params["w2.weight"].T + params["w2.bias"]])
    assert found is not None
    assert found.recurrence == FIRST_ONCE


def test_the_search_ends_after_so_many_hypotheses(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    params = _network(rng)
    for number in range(4):
        params |= _layer(rng, f"more{number}", K, K)
    tried = []
    seen = heads.OutputLayers.giving

    def counting(self: heads.OutputLayers, shape: tuple[int, ...], numbers: int) -> object:
        tried.append(shape)
        return seen(self, shape, numbers)

    monkeypatch.setattr(heads.OutputLayers, "giving", counting)
    monkeypatch.setattr(heads, "_MOST_TRIED", 300)
    monkeypatch.setattr(heads, "_MOST_DEEP", 300)
    assert heads.fit(params, rng.normal(size=(9, 4, D)), [rng.normal(size=(9, 1))]) is None
    assert 300 < len(tried) < 3000
