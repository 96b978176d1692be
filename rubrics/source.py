"""What the source of a notebook says, as the last witness where behaviour could not be seen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.notebook import Cell, ExecutedNotebook
from grader.scoring.parsing import parse

_LOSS_FUNCTIONS = {
    "cross_entropy",
    "nll_loss",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
}
_MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)


@dataclass(frozen=True)
class CellSource:
    """A code cell that could be parsed. Attributes: the cell and its syntax tree."""

    cell: Cell
    tree: ast.Module


def parsed_cells(notebook: ExecutedNotebook) -> list[CellSource]:
    """The code cells as syntax trees, without magics; cells that do not parse are left out."""
    found = []
    for cell in notebook.code_cells:
        try:
            found.append(CellSource(cell, parse(without_magics(cell.source))))
        except (SyntaxError, ValueError):
            continue
    return found


def without_magics(source: str) -> str:
    """The source with statements that do nothing in place of magics and commands of the shell."""
    return _MAGIC.sub(_nothing, source)


def _nothing(magic: re.Match[str]) -> str:
    """A statement that does nothing, as deep as the magic it replaces."""
    line = magic.group()
    return line[: len(line) - len(line.lstrip())] + "pass"


def called_name(node: ast.AST) -> str:
    """The last part of what a call calls: ``backward`` of ``loss.backward()``; ``""`` for other nodes."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def calls(tree: ast.AST, *names: str) -> list[ast.Call]:
    """The calls of some functions or methods, by the last part of their names."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and called_name(node) in names]


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """A keyword argument of a call."""
    return next((part.value for part in call.keywords if part.arg == name), None)


def constant(node: ast.AST | None) -> object:
    """The value of a literal; None for anything else."""
    return node.value if isinstance(node, ast.Constant) else None


def functions_calling(cells: Sequence[CellSource], *names: str) -> set[str]:
    """Names of the notebook's functions that call one of ``names``, directly or through each other."""
    bodies = {
        node.name: {called_name(part) for part in ast.walk(node)} - {""}
        for cell in cells
        for node in ast.walk(cell.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    reached = {name for name, called in bodies.items() if called & set(names)}
    while True:
        further = {name for name, called in bodies.items() if called & reached} - reached
        if not further:
            return reached
        reached |= further


def cells_that_call(cells: Sequence[CellSource], *names: str) -> list[CellSource]:
    """The cells that run one of ``names`` when they are executed: at their top level or through functions."""
    wanted = {*names, *functions_calling(cells, *names)}
    return [cell for cell in cells if any(called_name(node) in wanted for node in _top_level(cell.tree))]


def cells_that_train(cells: Sequence[CellSource]) -> list[CellSource]:
    """The cells that back-propagate or step; without any, those with a loop that computes a loss."""
    learning = cells_that_call(cells, "backward", "step")
    if learning or functions_calling(cells, "backward", "step"):
        return learning
    losses = {called_name(node) for cell in cells for node in ast.walk(cell.tree)} & _LOSS_FUNCTIONS
    losses |= {
        target.id
        for cell in cells
        for node in ast.walk(cell.tree)
        if isinstance(node, ast.Assign) and called_name(node.value).endswith("Loss")
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    wanted = losses | functions_calling(cells, *losses)
    return [cell for cell in cells if any(_loops_over(node, wanted) for node in ast.walk(cell.tree))]


def _loops_over(node: ast.AST, names: set[str]) -> bool:
    is_loop = isinstance(node, (ast.For, ast.While))
    return is_loop and any(called_name(part) in names for part in ast.walk(node))


def _top_level(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree outside of function bodies."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        yield child
        yield from _top_level(child)


def numbers_by_name(cells: Sequence[CellSource]) -> dict[str, set[int]]:
    """Whole numbers that names stand for: assignments, defaults and keyword arguments."""
    found: dict[str, set[int]] = {}
    for cell in cells:
        for node in ast.walk(cell.tree):
            for name, value in _bindings(node):
                if isinstance(value, int) and not isinstance(value, bool):
                    found.setdefault(name, set()).add(value)
    return found


def _bindings(node: ast.AST) -> Iterator[tuple[str, object]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, constant(node.value)
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for part, value in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(part, ast.Name):
                        yield part.id, constant(value)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, constant(node.value)
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, constant(node.value)
    elif isinstance(node, ast.arguments):
        positional = node.args[len(node.args) - len(node.defaults) :]
        for argument, default in zip(positional, node.defaults, strict=False):
            yield argument.arg, constant(default)


def loop_counts(cells: Sequence[CellSource], *names: str) -> set[int]:
    """How often loops run that (through functions) call one of ``names``; only outermost loops count.

    ``range(10)``, ``range(1, 11)``, ``range(n)`` with a literal ``n``, and ``trange`` are understood.
    """
    wanted = {*names, *functions_calling(cells, *names)}
    known = numbers_by_name(cells)
    found: set[int] = set()
    for cell in cells:
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.For) and any(called_name(part) in wanted for part in ast.walk(node)):
                found |= _range_counts(node.iter, known)
    return found


def _range_counts(node: ast.expr, known: dict[str, set[int]]) -> set[int]:
    ranges = calls(node, "range", "trange")
    if not ranges:
        return set()
    bounds = [_whole(argument, known) for argument in ranges[0].args[:2]]
    if len(bounds) == 1:
        return bounds[0]
    return {stop - start for start in bounds[0] for stop in bounds[1]} if len(bounds) == 2 else set()


def _whole(node: ast.expr, known: dict[str, set[int]]) -> set[int]:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return {node.value}
    if isinstance(node, ast.Name):
        return known.get(node.id, set())
    if isinstance(node, ast.Attribute):
        return known.get(node.attr, set())
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        sign = 1 if isinstance(node.op, ast.Add) else -1
        return {a + sign * b for a in _whole(node.left, known) for b in _whole(node.right, known)}
    return set()
