"""Networks whose forward fails by a slip in its source, examined with the slip put right."""

from __future__ import annotations

import ast
import difflib
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace

from grader.probe import expr
from grader.scoring import Student
from grader.scoring.parsing import parse
from rubrics.assignment2.asking import examined
from rubrics.assignment2.facts import Facts, object_of
from rubrics.assignment2.recurrent import Network, Slip

_MAKING = """
import copy
probe_net = copy.deepcopy(probe_old)
probe_net.__class__ = {name}
"""


def rewritten(student: Student, found: Facts, network: Network) -> Network | None:
    """The network with a slip of its forward put right, where it then takes batches B×S×D; else None."""
    if network.layout or network.obj is None or network.plain:
        return None
    kinds = {str(kind.get("name")): str(kind.get("source")) for kind in found.entries("classes")}
    name = next((name for name in sorted(kinds, key=len, reverse=True) if name in network.how), "")
    for source, slip in _versions(kinds.get(name, ""), network):
        making = _MAKING.format(name=name.rpartition(".")[2])
        made = object_of(student, [source, making], {"probe_old": network.expr})
        seen = examined(student, found, replace(network, expr=expr.obj(made))) if made is not None else None
        if seen is not None and seen.layout:
            return replace(seen, slip=slip)
    return None


def _versions(source: str, network: Network) -> Iterator[tuple[str, Slip]]:
    try:
        tree = parse(textwrap.dedent(source))
    except SyntaxError:
        return
    forward = next((one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == "forward"), None)
    if forward is None:
        return
    for rule in (_returns_nothing, _has_no_start, _misnamed, _loops_over_a_number):
        slip = rule(forward, network)
        if slip is not None:
            yield ast.unparse(ast.fix_missing_locations(tree)), slip
            return


def _returns_nothing(forward: ast.FunctionDef, network: Network) -> Slip | None:
    del network
    if any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(forward)):
        return None
    targets, last = _assigned(ast.walk(forward)), _assigned(forward.body)
    if not targets:
        return None
    # what is assigned behind the loop, else what is assigned last in it
    behind = isinstance(forward.body[-1], ast.Assign) and bool(last)
    forward.body.append(ast.Return(ast.Name(last[-1] if behind else targets[-1], ast.Load())))
    return Slip("2e.output", "", "`forward` returns nothing")


def _assigned(nodes: Iterable[ast.AST]) -> list[str]:
    """The names that are assigned something."""
    assignments = (node.targets[0] for node in nodes if isinstance(node, ast.Assign))
    return [target.id for target in assignments if isinstance(target, ast.Name)]


def _has_no_start(forward: ast.FunctionDef, network: Network) -> Slip | None:
    found = re.search(r"(?:local variable '(\w+)'|name '(\w+)' is not defined)", network.fault)
    name = next((one for one in found.groups() if one), "") if found else ""
    sizes = [value.shape[0] for value in network.params.values() if value.ndim == 2 and len(set(value.shape)) == 1]
    inputs = [arg.arg for arg in forward.args.args[1:]]
    assigned = any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store) for node in ast.walk(forward)
    )
    if not name or not sizes or not inputs or not assigned:
        return None
    start = f"{name} = __import__('torch').zeros({inputs[0]}.shape[0], {sizes[0]})"
    forward.body[:0] = parse(start).body
    return Slip("2e.recurrence", "", f"`{name}` has no value before the first element")


def _misnamed(forward: ast.FunctionDef, network: Network) -> Slip | None:
    tops = list(dict.fromkeys(name.partition(".")[0] for name in network.params))
    missing = re.search(r"object has no attribute '(\w+)'", network.fault)
    bare = re.search(r"name '(\w+)' is not defined", network.fault)
    if missing:
        spare = [name for name in tops if name not in _own_names(forward)]
        alike = difflib.get_close_matches(missing.group(1), spare, n=1, cutoff=0.0 if len(spare) == 1 else 0.5)
        return _renamed(forward, missing.group(1), alike[0]) if alike else None
    if bare and bare.group(1) in tops:
        name = bare.group(1)
        for node in ast.walk(forward):
            for field, value in ast.iter_fields(node):
                if isinstance(value, ast.Name) and value.id == name:
                    setattr(node, field, ast.Attribute(ast.Name("self", ast.Load()), name, value.ctx))
        return Slip("", name, f"`{name}` is called without `self.`")
    return None


def _loops_over_a_number(forward: ast.FunctionDef, network: Network) -> Slip | None:
    if "'int' object is not iterable" not in network.fault:
        return None
    loops = [node for node in ast.walk(forward) if isinstance(node, ast.For)]
    for loop in loops:
        if not (isinstance(loop.iter, ast.Call) and isinstance(loop.iter.func, ast.Name)):
            loop.iter = ast.Call(ast.Name("range", ast.Load()), [loop.iter], [])
    return Slip("2e.recurrence", "", "the loop runs over a number, which fails") if loops else None


def _renamed(forward: ast.FunctionDef, wrong: str, meant: str) -> Slip:
    for node in ast.walk(forward):
        if isinstance(node, ast.Attribute) and node.attr == wrong:
            node.attr = meant
    return Slip("", meant, f"`self.{wrong}` does not exist, and is meant to be `self.{meant}`")


def _own_names(forward: ast.FunctionDef) -> set[str]:
    return {
        node.attr
        for node in ast.walk(forward)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
