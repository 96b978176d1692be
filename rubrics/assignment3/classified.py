"""A network that returns classes in place of logits, put right so that its training can be judged."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from grader.scoring.parsing import parse
from rubrics.averages import argmax_decision
from rubrics.trace import Floats


def decided(output: Floats, target: Floats) -> int | None:
    """Right predictions of a batch by its logits (B, C), or by the classes themselves (B)."""
    if output.ndim == 1 and output.shape == target.shape:
        return int((output == target).sum())
    return argmax_decision(output, target)


class _Logits(ast.NodeTransformer):
    """Puts what classes are chosen from in their place, wherever that has a gradient; counts how often."""

    def __init__(self) -> None:
        self.found = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return self._instead(_chosen_from(node, "argmax"), node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        second = isinstance(node.slice, ast.Constant) and node.slice.value == 1
        return self._instead(_chosen_from(node.value, "max") if second else None, node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        return self._instead(_chosen_from(node.value, "max") if node.attr == "indices" else None, node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        logits = _chosen_from(node.value, "max") if isinstance(node.targets[0], ast.Tuple) else None
        if logits is not None:
            values, classes = (ast.Subscript(node.value, ast.Constant(at), ast.Load()) for at in (0, 1))
            node.value = ast.Tuple([values, self._instead(logits, classes)], ast.Load())
        return node

    def _instead(self, logits: ast.expr | None, node: ast.expr) -> ast.expr:
        if logits is None:
            return node
        self.found += 1
        learns = ast.Attribute(logits, "requires_grad", ast.Load())
        # results are recorded where they are floating
        classes = ast.Call(ast.Attribute(node, "float", ast.Load()), [], [])
        return ast.copy_location(ast.IfExp(learns, logits, classes), node)


def _chosen_from(node: ast.expr, function: str) -> ast.expr | None:
    """The tensor that ``argmax`` or ``max`` is called for, None for other expressions."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != function:
        return None
    if not isinstance(node.func.value, ast.Name) or node.func.value.id != "torch":
        return node.func.value
    return next(iter([*node.args, *(one.value for one in node.keywords if one.arg == "input")]), None)


def with_logits(source: str, class_name: str) -> str:
    """The source with a class whose ``forward`` returns logits where it learns; ``""`` when it returns no argmax.

    Args:
        source: Of a cell, or of the class.
        class_name: The network's class.
    """
    try:
        tree = parse(source)
    except SyntaxError:
        return ""
    change = _Logits()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "forward":
                    change.generic_visit(method)
    return ast.unparse(ast.fix_missing_locations(tree)) if change.found else ""


def as_it_learns(sources: Sequence[str], class_source: str, class_name: str, names: tuple[str, ...]) -> list[str]:
    """Cells to run again with logits in place of classes; empty when the class returns no argmax.

    Args:
        sources: The cells' texts.
        class_source: Source of the network's class.
        class_name: Its name.
        names: Global names of the network, which gets the class put right while the cells run.
    """
    right = with_logits(class_source, class_name)
    if not right:
        return []
    changed = [with_logits(source, class_name) or source for source in sources]
    before = [f"probe_class = type({name})\n{name}.__class__ = {class_name}" for name in names[:1]]
    after = [f"{name}.__class__ = probe_class" for name in names[:1]]
    return [right, *before, *changed, *after]
