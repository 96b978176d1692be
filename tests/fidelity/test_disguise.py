"""A notebook that is written anew, doing the same, gets the same marks."""

from __future__ import annotations

import random

import pytest

from tests.fidelity.__main__ import in_disguise
from tests.fidelity.assignments import cases
from tests.fidelity.disguise import joined, renamed, split, translated, without_headings
from tests.fidelity.judging import Judged, judge

CELLS = [
    "#md 2(e)",
    "import torch\nbreadth = 3  # columns\n\n@torch.no_grad()\ndef summed(figures):\n    return figures.sum()\n",
    "total = summed(torch.ones(2, breadth))\nprint(f'loss {total}', 'epoch')\n",
]
DRAWN = 8


def run(cells: list[str]) -> object:
    namespace: dict[str, object] = {}
    for cell in cells:
        if not cell.startswith("#md"):
            exec(compile(cell, "cell", "exec"), namespace)
    return next(float(value) for value in namespace.values() if hasattr(value, "item"))


@pytest.mark.parametrize("disguise", [renamed, split, joined, without_headings, translated])
def test_disguises_change_the_text_and_not_the_result(disguise) -> None:
    changed = disguise(CELLS, random.Random(3))
    assert changed != CELLS
    assert run(changed) == run(CELLS) == 6.0


def test_renaming_leaves_no_name_of_the_notebook() -> None:
    text = "\n".join(renamed(CELLS, random.Random(1)))
    assert not any(name in text for name in ("breadth", "summed", "figures", "total"))
    assert "torch.no_grad" in text


def test_headings_comments_and_words_go() -> None:
    assert not any("2(e)" in cell or "columns" in cell for cell in without_headings(CELLS, random.Random(1)))
    german = "\n".join(translated(CELLS, random.Random(1)))
    assert "Verlust" in german
    assert "Epoche" in german
    assert "columns" not in german


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("assignment", ["1", "2", "3"])
def test_notebooks_in_disguise_get_the_same_marks(assignment: str) -> None:
    found = [case for case in cases(assignment) if " + " not in case.name]
    for case in random.Random(7).sample(found, DRAWN):
        rewritten = judge(in_disguise(case, seed=4))
        assert not rewritten.broken, case.name
        if rewritten.wrong:  # a notebook that is known to be misjudged is so in disguise, too
            assert marks(judge(case)) == marks(rewritten), case.name


def marks(result: Judged) -> dict[str, str]:
    return {verdict.criterion: verdict.got for verdict in result.verdicts}
