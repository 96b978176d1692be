"""Question 1e: what its criteria are judged on."""

from __future__ import annotations

import ast
import functools
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from grader.scoring import Student
from rubrics.assignment1.channels import averaged_over_channels, wrongly_summed
from rubrics.assignment1.evidence import Evidence, Seen, cell_label, entries, gather, whole
from rubrics.assignment1.maptrail import SeenMap, Trail, trail
from rubrics.assignment1.network import delivered, matches, recorded_runs
from rubrics.assignment1.source import Code, last_name, parse, read_code
from rubrics.assignment1.written import Written, read_source

_IMAGE_ASKED = re.compile(r"index \d+ is out of bounds for (dimension|axis) 0 with size 1$")
"""What ``logits[o]`` says where the logits are those of a batch of one."""
SIZE_FAULTS = ("must match", "broadcast", "size of tensor", "shapes (")


@dataclass(frozen=True, eq=False)
class Work:
    """What 1e is judged on.

    Attributes:
        trail: What the code made.
        maps: All explained maps, the notebook's own and the replays'.
        written: What its source says.
        code: The parsed notebook.
        unrun: Whether the code that makes the map failed, was never called, or had no right feature map to work on.
        lacking: Whether it had no right feature map.
        idle: What the source says of failed cells and functions that were never called, None when there are none.
        probabilities: Whether the network returns probabilities where logits were asked for.
        image_asked: The cell in which a class was looked up among the images of the batch, or ``""``.
    """

    trail: Trail
    maps: list[SeenMap]
    written: Written
    code: Code
    unrun: bool
    lacking: bool
    idle: Written | None
    probabilities: bool
    image_asked: str

    @functools.cached_property
    def elsewhere(self) -> tuple[str, bool]:
        """Where something else than the channels was summed, as ``wrongly_summed`` says it."""
        return wrongly_summed(self._arrays, self.trail.contexts, self.trail.classes)

    @functools.cached_property
    def averaged(self) -> str:
        """Where the gradient was averaged over the channels, or ``""``."""
        seen = averaged_over_channels(self._arrays, self.trail.contexts, self.trail.classes)
        return seen or ("the source" if self.written.averages else "")

    @property
    def _arrays(self) -> list[Seen]:
        return [*self.trail.arrays, *(seen for replay, _ in self.trail.replays for seen in replay.seen)]

    @property
    def explained(self) -> list[SeenMap]:
        """The maps that a hypothesis reproduces."""
        return [entry for entry in self.maps if entry.explained is not None]


def work(student: Student) -> Work:
    """Puts together what 1e is judged on; use it through ``student.find``."""
    found, code, evidence = student.find(trail), student.find(read_code), student.find(gather)
    sources = [str(function.get("source")) for function in evidence.functions]
    mapping = [
        str(function.get("name")).rpartition(".")[2]
        for function, source in zip(evidence.functions, sources, strict=True)
        if read_source(code, [source]).steps >= 2
    ]
    written = read_source(code, sources) if mapping else read_source(code, [])
    if not written.enlarging and any(calls.enlarging for calls in _calling(code, set(mapping))):
        written = replace(written, enlarging=True)
    failed = any(cell.error_name for cell in student.notebook.code_cells)
    played = any(replay.ok for replay, _ in found.replays)
    missing = not student.find(delivered).features
    idle = _idle(student, code)
    maps = _of_last_versions(evidence, found.all_maps())
    unrun = failed or not played or missing
    return Work(found, maps, written, code, unrun, missing, idle, _softmaxed(student), _image_asked(student))


def _of_last_versions(evidence: Evidence, maps: list[SeenMap]) -> list[SeenMap]:
    """The maps without those of functions that a later cell defined anew, where the last version made maps, too."""
    last: dict[str, int] = {}
    for function in evidence.functions:
        name, cell = str(function.get("name")), whole(function.get("cell"))
        if cell is not None and not function.get("is_method"):
            last[name] = max(cell, last.get(name, cell))
    working = {
        entry.seen.function
        for entry in maps
        if entry.explained is not None
        and entry.seen.function in last
        and entry.seen.origin == "sighting"
        and entry.seen.cell == last[entry.seen.function]
    }
    replaced = {
        (str(function.get("name")), whole(record.get("cell")))
        for function, record in evidence.records()
        if str(function.get("name")) in working and function.get("cell") != last[str(function.get("name"))]
    }
    return [
        entry
        for entry in maps
        if entry.seen.function not in working
        or entry.seen.origin not in ("sighting", "local", "returned")
        or entry.seen.cell == last[entry.seen.function]
        or (entry.seen.origin != "sighting" and (entry.seen.function, entry.seen.cell) not in replaced)
    ]


def _calling(code: Code, names: set[str]) -> Iterator[Written]:
    """What stands beside the calls of functions, at the top level of the cells."""
    for _, tree in code.trees:
        top = [node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        called = {last_name(part.func) for node in top for part in ast.walk(node) if isinstance(part, ast.Call)}
        if called & names:
            yield read_source(code, ["\n".join(ast.unparse(node) for node in top)])


def _image_asked(student: Student) -> str:
    cells = (cell for cell in student.notebook.code_cells if _IMAGE_ASKED.search(cell.error_message))
    return "" if student.lost("1d.batch") else next((cell_label(cell.index, cell.error_line) for cell in cells), "")


def _softmaxed(student: Student) -> bool:
    runs = student.find(recorded_runs)
    return any(matches(array, run.elements.logits.softmax(1)) for run in runs for array in run.call.outputs)


def _idle(student: Student, code: Code) -> Written | None:
    """Reads the code that was not run, or not to its end, for a reason other than sizes that do not fit."""
    sources = [
        cell.source
        for cell in student.notebook.code_cells
        if cell.error_name and not any(text in cell.error_message for text in SIZE_FAULTS)
    ]
    functions = student.find(gather).functions
    last = {str(function.get("name")): at for at, function in enumerate(functions)}
    sources += [
        str(function.get("source"))
        for at, function in enumerate(functions)
        if not entries(function, "calls") and not function.get("is_method") and not _yields(function)
        if last[str(function.get("name"))] == at  # an earlier version was replaced
    ]
    return read_source(code, sources) if sources else None


def _yields(function: Mapping[str, Any]) -> bool:
    """Whether a function is a generator, whose calls are not recorded."""
    tree = parse(textwrap.dedent(str(function.get("source"))))
    return tree is not None and any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(tree))


def place(entry: SeenMap) -> str:
    """Where a map was seen, for the report."""
    where = (
        cell_label(entry.seen.cell, entry.seen.line)
        if entry.seen.cell is not None
        else (f"`{entry.seen.function}`" if entry.seen.function else "the notebook")
    )
    return f"`{entry.seen.name}` in {where}" if entry.seen.name not in ("return",) else f"the result in {where}"
