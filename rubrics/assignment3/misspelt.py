"""What the class of a network means where a name is misspelt: a part's, or that of ``forward``."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from typing import Any

from grader.scoring.parsing import parse

Parts = Mapping[str, Mapping[str, Any]]


def misspelt(class_source: str, parts: Parts) -> dict[str, Mapping[str, Any]]:
    """Wrong name → part: a part that no method uses, and whose name is much alike.

    Args:
        class_source: Source of the class; ``""`` for a plain container.
        parts: Dotted name → part of the module tree.
    """
    try:
        tree = parse(class_source)
    except SyntaxError:
        return {}
    methods = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    used = {name for title, node in methods.items() if title != "__init__" for name in _own_names(node)}
    tops = dict.fromkeys(name.partition(".")[0] for name in parts)
    spare = [name for name in tops if name and name not in used]
    found: dict[str, Mapping[str, Any]] = {}
    for wrong in sorted(used - set(tops) - set(methods)):
        meant = next(iter(difflib.get_close_matches(wrong, spare, n=1)), None)
        if meant is not None:
            spare.remove(meant)
            for name, part in parts.items():
                if name == meant or name.startswith(f"{meant}."):
                    found[wrong + name.removeprefix(meant)] = part
    return found


def meant_forward(class_source: str) -> str:
    """The method that takes the place of ``forward`` in a class that has none, else ``""``.

    It is one that no other method calls, by its name where that is much alike, else by how much of the network it
    uses, its helpers included.

    Args:
        class_source: Source of the class, behind that of the classes it builds on.
    """
    try:
        tree = parse(class_source)
    except SyntaxError:
        return ""
    methods = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    if "forward" in methods:
        return ""
    used = {name: _own_names(node) for name, node in methods.items()}
    called = set().union(*(own - {name} for name, own in used.items() if name != "__init__"))
    reached = {
        name: _reached(name, used)
        for name, node in methods.items()
        if name not in called and not hasattr(object, name) and len(node.args.args) > 1
    }
    alike = difflib.get_close_matches("forward", reached, n=1, cutoff=0.7)
    best = max(reached, key=lambda name: (name in alike, len(reached[name])), default="")
    return best if best and reached[best] else ""


def _reached(name: str, used: Mapping[str, set[str]]) -> set[str]:
    """The attributes that a method reads, itself or in its helpers, without the helpers."""
    found, waiting = set[str](), [name]
    while waiting:
        new = used.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found - set(used)


def _own_names(method: ast.AST) -> set[str]:
    """The attributes of ``self`` that a method reads."""
    return {
        node.attr
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
