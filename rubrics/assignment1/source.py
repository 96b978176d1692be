"""What the notebook's source says, where its behaviour cannot show it."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader.scoring import Student, parsing
from reference.assignment1 import IMAGENET_MEAN, IMAGENET_STD

Statistics = tuple[tuple[float, float, float], tuple[float, float, float]]
IMAGENET = (tuple(IMAGENET_MEAN), tuple(IMAGENET_STD))
MAX_STATISTICS = 3


@dataclass
class Code:
    """The notebook's code cells, parsed.

    Attributes:
        trees: Syntax trees of the cells that parse, with the cells' indices.
    """

    trees: list[tuple[int, ast.Module]] = field(default_factory=list)

    def walk(self) -> Iterator[tuple[int, ast.AST]]:
        """All nodes of all cells."""
        for index, tree in self.trees:
            for node in ast.walk(tree):
                yield index, node

    def bindings(self) -> Iterator[tuple[str, ast.expr]]:
        """Parameters of the notebook's own functions, and what its calls give for them."""
        functions = {node.name: node.args.args for _, node in self.walk() if isinstance(node, ast.FunctionDef)}
        for _, node in self.walk():
            if isinstance(node, ast.Call) and last_name(node.func) in functions:
                parameters = [one.arg for one in functions[last_name(node.func)] if one.arg != "self"]
                yield from zip(parameters, node.args, strict=False)
                yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg in parameters)

    def calls_any(self, *names: str) -> bool:
        """Whether something of one of these (last) names is called or passed on."""
        return any(
            (isinstance(node, ast.Attribute) and node.attr in names)
            or (isinstance(node, ast.Name) and node.id in names)
            for _, node in self.walk()
        )

    def indexes_with_none(self) -> bool:
        """Whether something is indexed with ``None`` or ``newaxis``, which adds an axis."""
        return any(
            isinstance(node, ast.Subscript)
            and any(
                (isinstance(part, ast.Constant) and part.value is None)
                or (isinstance(part, ast.Attribute) and part.attr == "newaxis")
                for part in ast.walk(node.slice)
            )
            for _, node in self.walk()
        )


def read_code(student: Student) -> Code:
    """Parses the notebook's cells; use it through ``student.find``."""
    code = Code()
    for cell in student.notebook.code_cells:
        tree = parse(cell.source)
        if tree is not None:
            code.trees.append((cell.index, tree))
    return code


def named_statistics(code: Code) -> list[Statistics]:
    """Pairs of neighbouring lists of three numbers that may be the mean and standard deviation of the colours."""
    triples: list[tuple[float, float, float]] = []
    for _, node in code.walk():
        if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == 3:
            numbers = [part.value for part in node.elts if isinstance(part, ast.Constant) and type(part.value) is float]
            if len(numbers) == 3 and min(numbers) > 0 and max(numbers) < 2:
                triples.append((numbers[0], numbers[1], numbers[2]))
    pairs = dict.fromkeys(pair for pair in itertools.pairwise(triples) if pair != IMAGENET)
    return list(pairs)[:MAX_STATISTICS]


def parse(source: str) -> ast.Module | None:
    """The syntax tree of a cell, its magics left out; None when it has none."""
    lines = [re.sub(r"^(\s*)[%!?].*$", r"\1pass", line) for line in source.splitlines()]
    try:
        return parsing.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError):
        return None


def last_name(node: ast.expr) -> str:
    """``relu`` of ``F.relu`` or ``relu``; ``""`` for other expressions."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
