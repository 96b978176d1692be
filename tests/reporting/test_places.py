"""The student's own line that a criterion was lost by."""

import pytest

from grader.notebook import Cell
from grader.reporting.places import excerpt_of
from grader.results import CriterionResult

CELLS = (
    Cell(0, "markdown", "encode(c)"),
    Cell(1, "code", "import torch\nfrom torch import one_hot\n# one_hot here\ndef encode(c):\n    return one_hot(c)"),
    Cell(3, "code", "\n".join(f"a_{number} = {number}" for number in range(40)) + "\nnames = Names(df)"),
    Cell(
        4, "code", "class Names(Dataset):\n    def __len__(self):\n        return 3\n\n    def pad(self):\n        pass"
    ),
)


def place(evidence: str = "", pattern: str = "", **where):
    found = excerpt_of(CriterionResult("2c.x", 0.0, 1.0, "not-met", "", evidence, **where), pattern, CELLS)
    return (found.cell, found.marked) if found else None


@pytest.mark.parametrize(
    ("evidence", "pattern", "wanted"),
    [
        ("cell 2: no code", "", (2, ())),
        ("line 5 of cell 2", "", (2, (5,))),
        ("`encode` in cell 2: D = 28", "", (2, (4,))),
        ("`encode` in cell 2: D = 28", r"one_hot\(", (2, (5,))),
        ("`names`: every item", "", (4, (41,))),
        ("`Names`, which was instantiated", r"\bpad", (5, (5,))),
        ("nothing is padded", r"\bpad", (5, (5,))),
        ("nothing", "one_hot", (2, (5,))),  # neither the import nor the comment
        ("nothing", "", None),
        ("nothing", "no such thing", None),
        ("cell 99 does not exist", "", None),
        ("cell 99999999999999999999", "", None),
        ("line 77 of cell 2", "", (2, ())),
        ("`a_3` and so on", "", (4, (4,))),
        ("the shape is `(1, 2)`", "", None),
    ],
)
def test_evidence_names_a_place(evidence, pattern, wanted):
    assert place(evidence, pattern) == wanted


def test_a_structured_place_comes_first():
    assert place("`encode` in cell 2", "pad", cell=3, line=2) == (4, (2,))
    assert place("`encode` in cell 2", "pad", cell=3) == (4, ())
    assert place("`encode` in cell 2", "pad", cell=77) is None


def test_distant_lines_are_joined_with_a_gap():
    found = excerpt_of(CriterionResult("2c.x", 0.0, 1.0, "not-met"), r"a_(?:2|30) =", CELLS)
    numbers = [line.number for line in found.lines]
    assert found.marked == (3, 31)
    assert numbers == [1, 2, 3, 4, 5, 6, 0, *range(28, 35)]


def test_a_huge_cell_is_left_alone():
    cells = (Cell(0, "code", "x = 1\n" * 100_000),)
    assert excerpt_of(CriterionResult("2c.x", 0.0, 1.0, "not-met", "", "`x` in cell 1"), "x", cells) is None


def test_long_lines_are_cut():
    cells = (Cell(0, "code", "x = '" + "a" * 5000 + "'"),)
    found = excerpt_of(CriterionResult("2c.x", 0.0, 1.0, "not-met", "", "cell 1"), "", cells)
    assert len(found.lines[0].text) == 240
