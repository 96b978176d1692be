"""Makes one slip in every right notebook that it can be made in, and grades the results.

Usage: ``python -m tests.fidelity.everywhere [--assignment N]… [--each N] [--seed N] [--jobs N]``. The banks' faults are
made in a few notebooks each; this makes the commonest ones in all styles at once, by rules that look at the text alone.
A rule may hit something else than it is meant to, so what disagrees has to be read: this finds holes and proves
nothing.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.fidelity.__main__ import graded
from tests.fidelity.assignments import cases
from tests.fidelity.cases import Case, Label
from tests.fidelity.table import disagreements

PART = 2 / 3
"""What remains of a loop that lacks one of its steps."""


@dataclass(frozen=True)
class Slip:
    """A change of the text that makes a fault.

    Attributes:
        name: What it is called.
        pattern: What is changed, line by line.
        by: What takes its place; groups of the pattern may be used.
        lost: What it costs.
        once: Whether it is made only where the pattern occurs once.
        beside: Lines with this are left alone.
    """

    name: str
    pattern: str
    by: str
    lost: Mapping[str, Label]
    once: bool = False
    beside: str = r"(?!)"

    def made_in(self, case: Case) -> Case | None:
        """The notebook with the slip, or None where it cannot be made."""
        changed = [cell if cell.startswith("#md") else self._changed(cell) for cell in case.cells]
        places = sum(len(re.findall(self.pattern, line)) for cell in case.cells for line in self._lines(cell))
        if changed == list(case.cells) or (self.once and places != 1):
            return None
        name = f"{self.name} in {case.name}"
        return replace(case, name=name, cells=tuple(changed), lost=dict(self.lost), faults=len(self.lost))

    def _lines(self, cell: str) -> list[str]:
        return [] if cell.startswith("#md") else [line for line in cell.split("\n") if self._fits(line)]

    def _changed(self, cell: str) -> str:
        lines = [re.sub(self.pattern, self.by, line) if self._fits(line) else line for line in cell.split("\n")]
        return "\n".join(lines)

    def _fits(self, line: str) -> bool:
        return not line.lstrip().startswith("#") and not re.search(self.beside, line)


def _lost(criterion: str, part: float | None = None) -> dict[str, Label]:
    return {criterion: Label("not-met") if part is None else Label("partial", part)}


def _statement(call: str) -> str:
    return rf"^(\s*)\w+(?:\.\w+)*\.{call}\s*$"


_MAPS = "interp|zoom|upsample|cam|map|karte|heat"
SLIPS: dict[str, tuple[Slip, ...]] = {
    "1": (
        Slip("no evaluation mode", r"\.eval\(\)", "", _lost("1d.eval")),
        Slip("no batch", r"\.unsqueeze\((?:dim=)?0\)", "", _lost("1d.batch"), once=True, beside=_MAPS),
        Slip("another size", r"\(224, 224\)", "(256, 256)", _lost("1d.size"), beside=_MAPS),
        Slip("other statistics", r"0\.485", "0.585", _lost("1d.normalize", 0.5)),
        Slip("no clipping", r"\b(?:F|torch)\.relu\(", "(", _lost("1e.relu"), once=True, beside="self|forward"),
        Slip("no maximum", r"\s*/=?\s*\w+\.max\(\)", "", _lost("1e.normalize"), once=True),
        Slip("no weights", r"weights=[\w.\"']+", "weights=None", _lost("1c.pretrained"), once=True),
    ),
    "2": (
        Slip("gradients never zeroed", _statement(r"zero_grad\([\w=]*\)"), r"\1pass", _lost("2f.loop", PART)),
        Slip("no backward", _statement(r"backward\(\)"), r"\1pass", _lost("2f.loop", PART), once=True),
        Slip("no step", _statement(r"step\(\)"), r"\1pass", _lost("2f.loop", PART), once=True, beside="sched"),
        Slip("no activation", r"torch\.tanh\(", "(", _lost("2e.activation"), once=True),
        Slip("squared error", r"BCEWithLogitsLoss\(", "MSELoss(", _lost("2f.loss"), once=True),
        Slip("no capitals", r"\.lower\(\)", "", _lost("2c.case")),
    ),
    "3": (
        Slip("gradients never zeroed", _statement(r"zero_grad\([\w=]*\)"), r"\1pass", _lost("3e.loop", PART)),
        Slip("no backward", _statement(r"backward\(\)"), r"\1pass", _lost("3e.loop", PART), once=True),
        Slip("no step", _statement(r"step\(\)"), r"\1pass", _lost("3e.loop", PART), once=True, beside="sched"),
        Slip("not shuffled", "shuffle=True", "shuffle=False", _lost("3c.shuffle"), once=True),
        Slip("six epochs", r"range\(10\)", "range(6)", _lost("3e.epochs"), once=True),
        Slip("no evaluation mode", _statement(r"eval\(\)"), r"\1pass", _lost("3e.eval")),
        Slip("test set of the training", r"split=(['\"])test\1", r"split=\1train\1", _lost("3c.test"), once=True),
        Slip("argmax over the batch", r"argmax\((?:dim=)?1\)", "argmax(0)", _lost("3e.test-accuracy"), once=True),
        Slip("margin loss", r"nn\.CrossEntropyLoss\(\)", "nn.MultiMarginLoss()", _lost("3e.loss"), once=True),
        Slip("eleven classes", r"nn\.Linear\(([^,]+), ?10\)", r"nn.Linear(\1, 11)", _lost("3d.fc"), once=True),
        Slip("not on the GPU", r"\.to\((?:self\.)?(?:device|dev|DEVICE)\)", "", _lost("3e.gpu")),
    ),
}


def chosen(assignment: str, each: int | None, seed: int) -> Iterator[Case]:
    """The notebooks with a slip, so many of each."""
    right = [case for case in cases(assignment) if not case.faults]
    for slip in SLIPS[assignment]:
        made = [found for case in right if (found := slip.made_in(case)) is not None]
        if each is not None and len(made) > each:
            made = random.Random(f"{seed} {slip.name}").sample(made, each)
        yield from made


def main(arguments: Sequence[str] | None = None) -> None:
    """Grades them and prints what disagrees."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity.everywhere")
    parser.add_argument("--assignment", action="append", choices=sorted(SLIPS))
    parser.add_argument("--each", type=int, help="so many notebooks with each slip; all without it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(arguments)
    wanted = [case for one in given.assignment or sorted(SLIPS) for case in chosen(one, given.each, given.seed)]
    results = graded(wanted, given.jobs)
    agreeing = sum(not result.wrong and not result.broken for result in results)
    print("\n".join(disagreements(results)))
    print(f"{agreeing} of {len(results)} agree.")


if __name__ == "__main__":
    main()
