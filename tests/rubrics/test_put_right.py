"""What puts right the slips that end a training."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from rubrics.put_right import STAND_INS, put_right, wants_more_outputs

OUT_OF_BOUNDS = "IndexError: Target 1 is out of bounds."


@pytest.mark.parametrize("made", ["nn.CrossEntropyLoss()", "torch.nn.CrossEntropyLoss(reduction='mean')"])
def test_a_cross_entropy_of_one_output_becomes_a_binary_one(made: str) -> None:
    assert wants_more_outputs(OUT_OF_BOUNDS)
    space: dict[str, object] = {}
    exec(STAND_INS + put_right(f"loss = {made}", OUT_OF_BOUNDS), space)
    loss = space["loss"]
    assert callable(loss)
    z, t = torch.tensor([[0.3], [-1.2]]), torch.tensor([1, 0])
    wanted = functional.binary_cross_entropy_with_logits(z[:, 0], t.float())
    assert float(loss(z, t)) == pytest.approx(float(wanted))
    z = torch.randn(4, 2)
    t = torch.tensor([1, 0, 0, 1])
    assert float(loss(z, t)) == pytest.approx(float(functional.cross_entropy(z, t)))


def test_the_function_is_put_right_and_others_stay() -> None:
    source = "J = F.cross_entropy(z, t) + F.binary_cross_entropy(p, y)"
    assert put_right(source, OUT_OF_BOUNDS) == "J = probe_binary(z, t) + F.binary_cross_entropy(p, y)"
    assert put_right(source, "IndexError: Target 7 is out of bounds.") == source
