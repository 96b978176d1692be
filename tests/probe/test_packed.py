"""Values of small tensors in one array: what was packed before is not packed again, what was changed is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grader.probe.kernel_side.packed import FEW, Packed


def test_a_view_of_what_was_packed_has_the_same_place() -> None:
    packed = Packed()
    logits = torch.randn(5, 1)
    first = packed.add(logits)
    for view in (logits, logits.squeeze(1), logits.reshape(-1), logits.unsqueeze(0)):
        place = packed.add(view)
        assert place is not None
        assert first is not None
        assert place["at"] == first["at"]
        assert place["shape"] == list(view.shape)
        assert np.array_equal(packed.values(place), view.numpy())
    assert len(packed.whole()) == 5


@pytest.mark.parametrize("size", [2, FEW])
def test_what_was_changed_or_is_ordered_otherwise_is_packed_again(size: int) -> None:
    packed = Packed()
    table = torch.randn(size, 3)
    before = table.clone()
    first = packed.add(table)
    turned = packed.add(table.T)
    part = packed.add(table[:, 0])
    table.sigmoid_()
    changed = packed.add(table)
    assert first is not None
    assert turned is not None
    assert part is not None
    assert changed is not None
    for place, wanted in ((first, before), (turned, before.T), (part, before[:, 0]), (changed, before.sigmoid())):
        assert np.array_equal(packed.values(place), wanted.numpy())


def test_a_tensor_at_the_address_of_one_that_is_gone_is_packed() -> None:
    packed = Packed()
    for number in range(20):
        place = packed.add(torch.full((4,), float(number)))
        assert place is not None
        assert packed.values(place).tolist() == [number] * 4


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64, torch.bool, torch.uint8])
@pytest.mark.parametrize("size", [FEW, FEW + 1])
def test_every_kind_of_number_becomes_float32(dtype: torch.dtype, size: int) -> None:
    packed = Packed()
    numbers = torch.arange(size).remainder(7).to(dtype)
    place = packed.add(numbers)
    assert place is not None
    assert packed.values(place).dtype == np.float32
    assert np.array_equal(packed.values(place), numbers.float().numpy())


def test_inference_tensors_are_packed_each_time() -> None:
    packed = Packed()
    with torch.inference_mode():
        numbers = torch.ones(3)
        packed.add(numbers)
        numbers.zero_()
        place = packed.add(numbers)
    assert place is not None
    assert packed.values(place).tolist() == [0, 0, 0]


@pytest.mark.parametrize("size", [2, 2 * FEW])
def test_values_inside_of_a_function_of_torch_func_are_kept(size: int) -> None:
    packed = Packed()
    places = []

    def loss(weight: torch.Tensor) -> torch.Tensor:
        products = weight * 3
        places.append(packed.add(products))
        return products.sum()

    torch.func.grad(loss)(torch.ones(size))
    assert places[0] is not None
    assert packed.values(places[0]).tolist() == [3.0] * size
