"""What the arrays of 1e are made of, where no notebook is needed to see it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from rubrics.assignment1.channels import SOME, PartsOfSums, averaged_over_channels, wrong_weights, wrongly_summed
from rubrics.assignment1.evidence import Seen
from rubrics.assignment1.maps import Context, explain, family, nearest_maps
from rubrics.assignment1.overlay import Picture, judge
from rubrics.assignment1.planes import as_plane
from rubrics.assignment1.source import Code, named_statistics, parse
from rubrics.assignment1.written import read_source

CHANNELS, CLASSES = 64, 10


def made_up(*vectors: np.ndarray) -> Context:
    rng = np.random.default_rng(3)
    features, weight = rng.random((CHANNELS, 7, 7)), rng.normal(size=(CLASSES, CHANNELS))
    return Context(features, weight, rng.normal(size=CLASSES), weight, "layer4", vectors)


def seen(array: np.ndarray, name: str = "m") -> Seen:
    return Seen(array, name, 0, None, 1, "sighting")


@pytest.mark.parametrize("chosen", [slice(0, 10), slice(10, None)])
def test_a_sum_of_some_channels_is_known_from_the_whole_sum(chosen: slice) -> None:
    context = made_up()
    part = np.tensordot(context.weight[4][chosen], context.features[chosen], 1)
    parts = PartsOfSums([context], [1, 4])
    assert parts.occur([seen(part)])
    explained = explain(np.maximum(part, 0), parts.families)
    assert explained is not None
    assert (explained.kind, explained.o, explained.form) == (SOME, 4, "relu")
    whole = np.tensordot(context.weight[4], context.features, 1)
    assert explain(whole, parts.families) is None


def test_a_plain_channel_is_no_map() -> None:
    context = made_up()
    parts = PartsOfSums([context], [1])
    assert not parts.weighted(seen(context.features[5]))
    assert parts.weighted(seen(-2 * context.features[5]))


@pytest.mark.parametrize("axes", [(1, 2), 1, 2])
def test_sums_over_positions_are_found(axes: int | tuple[int, int]) -> None:
    context = made_up()
    weighted = context.weight[2][:, None, None] * context.features
    total = weighted.sum(axes)
    saw, reaches_one = wrongly_summed([seen(total, "total")], [context], [2])
    assert "`total`" in saw
    assert "positions, not channels" in saw
    assert not reaches_one
    clipped = np.maximum(total, 0)
    assert wrongly_summed([seen(total), seen(clipped / clipped.max())], [context], [2])[1]
    assert wrongly_summed([seen(weighted.sum(0), "total")], [context], [2]) == ("", False)


def test_feature_maps_that_are_reshaped_instead_of_turned_are_found() -> None:
    context = made_up()
    q, k, m = context.features.shape
    mixed = context.features.reshape(k * m, q) @ context.weight[2]
    for total in (mixed, mixed.reshape(k, m)):
        assert "reordered" in wrongly_summed([seen(total, "total")], [context], [2])[0]


def test_weights_that_are_made_wrongly_are_found() -> None:
    weight = made_up().weight
    assert wrong_weights(made_up(3 * np.abs(weight[6]))) == ("absolute", 6)
    assert wrong_weights(made_up(-weight[6])) == ("negative", 6)
    assert wrong_weights(made_up(weight[6])) is None


def test_the_small_map_behind_an_enlarged_one_is_found() -> None:
    context = made_up()
    small = np.maximum(np.tensordot(context.weight[7], context.features, 1), 0)
    large = torch.nn.functional.interpolate(torch.from_numpy(small)[None, None], size=(224, 160), mode="bilinear")
    best = nearest_maps(large[0, 0].numpy(), [family(context)])[0]
    assert (best.kind, best.o) == ("logit", 7)


def test_the_first_of_several_maps_counts() -> None:
    maps = np.random.default_rng(0).random((4, 7, 7))
    plane = as_plane(maps, {(7, 7)}, {49})
    assert plane is not None
    assert (plane == maps[0]).all()
    assert as_plane(np.zeros((4, 6, 7)), {(7, 7)}, {49}) is None


@pytest.mark.parametrize(
    ("weights", "gradient"),
    [
        ("net.fc.weight[o]", "right"),
        ("net.fc.weight.detach()[o][:, None, None]", "right"),
        ("net.fc.weight.T[:, o]", "right"),
        ("net.fc.weight.T[o]", "wrong"),
        ("net.fc.weight.t().detach()[o]", "wrong"),
        ("net.fc.weight[:, o]", "wrong"),
    ],
)
def test_a_class_has_a_row_of_the_weights(weights: str, gradient: str) -> None:
    source = f"def cam(o):\n    return torch.einsum('q,qkm->km', {weights}, A)\n"
    assert read_source(Code(), [source]).gradient == gradient


def picture_and_map() -> tuple[Picture, np.ndarray]:
    rng = np.random.default_rng(7)
    coarse = torch.from_numpy(np.stack([rng.random((9, 9)) for _ in range(4)]))[None]
    unit, plane = np.split(torch.nn.functional.interpolate(coarse, size=(64, 64), mode="bicubic")[0].numpy(), [3])
    unit, plane = np.clip(np.moveaxis(unit, 0, -1), 0.05, 1), np.clip(plane[0], 0, None)
    return Picture(unit, (unit - 0.45) / 0.22, (64, 64)), plane / plane.max()


@pytest.mark.parametrize("of_map", [np.sqrt, lambda m: np.exp(m) / np.exp(m).sum(), lambda m: 1 / (1 + np.exp(-5 * m))])
def test_a_picture_times_what_grows_with_the_map_is_a_product(of_map: Callable[[np.ndarray], np.ndarray]) -> None:
    picture, plane = picture_and_map()
    found = judge(seen(picture.unit * of_map(plane)[..., None]), [plane], [picture])
    assert found is not None
    assert found.kind == "product"


def test_a_blend_is_no_product() -> None:
    picture, plane = picture_and_map()
    found = judge(seen(0.5 * picture.unit + 0.5 * plane[..., None]), [plane], [picture])
    assert found is not None
    assert found.kind == "blend"


def test_weights_that_a_function_is_given_are_the_gradient() -> None:
    source = "def cam(maps, rows, o):\n    for q, w in enumerate(rows[o]):\n        total = total + w * maps[q]\n"
    given = parse(f"{source}W = net.fc.weight.detach()\ncam(maps, W, 3)\n")
    assert given is not None
    assert read_source(Code([(0, given)]), [source]).gradient == "right"
    assert read_source(Code(), [source]).gradient == "absent"


@pytest.mark.parametrize(
    ("assigned", "state"),
    [("net.fc.weight", "wrong"), ("net.fc.weight.detach().T", "right"), ("net.fc.weight.t()", "right")],
)
def test_a_column_belongs_to_no_class_unless_the_matrix_was_turned(assigned: str, state: str) -> None:
    source = "def cam(o):\n    alpha = W[:, o]\n    return (alpha[:, None, None] * A[0]).sum(0)\n"
    given = parse(f"W = {assigned}\n{source}")
    assert given is not None
    assert read_source(Code([(1, given)]), [source]).gradient == state


@pytest.mark.parametrize(
    ("mean", "state"), [("A.grad.mean()", "wrong"), ("torch.mean(A.grad)", "wrong"), ("A.grad.mean((2, 3))", "right")]
)
def test_a_gradient_averaged_to_one_number_is_wrong(mean: str, state: str) -> None:
    source = f"def cam(o):\n    net(x)[0, o].backward()\n    return ({mean} * A).sum(1)\n"
    assert read_source(Code(), [source]).gradient == state


def test_a_gradient_averaged_to_one_number_is_found() -> None:
    context = made_up()
    number = np.float32(context.weight[2].mean() / 49)
    assert averaged_over_channels([seen(np.array(number), "alpha")], [context], [2]) == "`alpha`"
    assert averaged_over_channels([seen(np.array(2 * number), "alpha")], [context], [2]) == ""


@pytest.mark.parametrize(
    ("line", "averages"),
    [("a = g.mean()", True), ("a = torch.mean(g)", True), ("a = g.mean((2, 3))", False), ("a = h.mean()", False)],
)
def test_the_source_tells_a_gradient_averaged_to_one_number(line: str, averages: bool) -> None:
    source = f"def cam(o):\n    g = torch.autograd.grad(z[0, o], A)[0]\n    {line}\n    return (a * A).sum(1)"
    assert read_source(Code([]), [source]).averages is averages


def test_a_sum_without_a_positive_value_says_nothing_of_clipping() -> None:
    context = made_up()
    explained = explain(-context.features.sum(0), [family(context)])
    assert explained is not None
    assert (explained.kind, explained.form, explained.ambiguous) == ("ones", "raw", True)


def test_statistics_are_neighbouring_lists_of_three() -> None:
    tree = parse("a = T.Normalize([0.5, 0.4, 0.3], (0.2, 0.25, 0.3))\nb = [1, 2, 3]")
    assert tree is not None
    assert named_statistics(Code([(0, tree)])) == [((0.5, 0.4, 0.3), (0.2, 0.25, 0.3))]
