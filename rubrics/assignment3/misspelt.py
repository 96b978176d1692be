"""What the class of a network means where a name is misspelt."""

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
