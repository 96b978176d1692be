"""Numbers in what a notebook prints."""

import pytest

from rubrics.reported import Number, Series, numbers_in


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("epoch 1: loss 0.25", [("epoch", 1), (": loss", 0.25)]),
        ("epoch 1:   0%|          | 0/25 [00:00<?, ?it/s, acc=0.403]", [("epoch", 1), (": , acc=", 0.403)]),
        ("epoch 1:  84%|####9 | 21/25 [00:00<00:00, 70.1it/s, acc=0.5]", [("epoch", 1), (": , acc=", 0.5)]),
        ("acc 45%", [("acc", 45)]),
    ],
)
def test_what_progress_bars_count_reports_nothing(line: str, found: list[tuple[str, float]]) -> None:
    assert [(label, number.value) for label, number in numbers_in(line)] == found


def series(label: str, *values: float, unit: float = 1, percent: bool = False) -> Series:
    return Series(label, "printed", tuple(Number(value, unit, percent) for value in values))


def test_zeros_are_no_share_of_one() -> None:
    assert not series("accuracy", 0, 0, 0).fits([0.2, 0.3, 0.4], (1.0, 100.0))
    assert series("accuracy", 20, 30, 40).fits([0.2, 0.3, 0.4], (1.0, 100.0))
    assert series("accuracy", 0, 0).fits([0.0, 0.0], (1.0, 100.0))


def test_a_count_of_epochs_is_no_accuracy() -> None:
    assert not series("accuracy in epoch", 1, 2, 3).fits([0.9, 1.8, 2.7], (1.0, 100.0))
    assert series("accuracy", 1, 2, 3, percent=True).fits([0.01, 0.02, 0.03], (1.0, 100.0))
