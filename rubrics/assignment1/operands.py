"""Question 1e, products that never came about: what their operands are, where code failed on the way to them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.notebook import Cell
from grader.probe import expr
from grader.probe.types import Array, Request
from grader.probe.value import Value, step_values, steps
from grader.scoring import Student
from rubrics.assignment1.evidence import Seen
from rubrics.assignment1.images import channels_last
from rubrics.assignment1.overlay import handled_pictures
from rubrics.assignment1.planes import as_plane
from rubrics.assignment1.source import last_name, parse, read_code

MAX_PRODUCTS = 12
BUDGET_S = 15.0
KEEPER = "grader_kept"


@dataclass(frozen=True)
class Product:
    """A multiplication in the source of a cell that failed, or of a function that was not run to it.

    Attributes:
        cell: Index of the cell.
        line: Line in it, from 1.
        operands: The two factors as source.
    """

    cell: int
    line: int
    operands: tuple[str, str]


@dataclass(frozen=True)
class Multiplied:
    """A picture that the source multiplies with something that could not be computed.

    Attributes:
        text: The factor as it is written.
        kind: How the picture is scaled, as ``preprocessing.scaling`` says it.
        product: Where.
        sizes: (H, W) of the picture and of the plane that it is multiplied with, None where the other factor is none.
    """

    text: str
    kind: str
    product: Product
    sizes: tuple[tuple[int, int], tuple[int, int]] | None


def multiplied(student: Student) -> list[Multiplied]:
    """The pictures in products that no cell reached; use it through ``student.find``.

    The statements of the cells that failed are run one by one in a copy of the namespace, since the picture may be made
    behind the one that failed.
    """
    failed = [cell for cell in student.notebook.code_cells if cell.error_name]
    products = list(_products(student))[:MAX_PRODUCTS]
    if not failed or not products:
        return []
    sources = [text for cell in failed for text in _statements(cell)]
    values = _evaluated(student, sources, [text for product in products for text in product.operands])
    found = []
    for at, product in enumerate(products):
        pair = values[2 * at], values[2 * at + 1]
        for text, value, other in zip(product.operands, pair, reversed(pair), strict=True):
            kind = _picture_kind(student, value)
            if kind and (other is None or (other.size >= 25 and not _picture_kind(student, other))):
                found.append(Multiplied(text, kind, product, _sizes(value, other)))
    return found


def _sizes(picture: Array | None, other: Array | None) -> tuple[tuple[int, int], tuple[int, int]] | None:
    pixels = channels_last(picture) if picture is not None else None
    plane = as_plane(other, {(7, 7)}, {49}) if other is not None else None
    if pixels is None or plane is None:
        return None
    return (pixels.shape[0], pixels.shape[1]), (plane.shape[0], plane.shape[1])


def _products(student: Student) -> Iterator[Product]:
    nodes = list(student.find(read_code).walk())
    loops = _loops(node for _, node in nodes)
    for index, node in nodes:
        pair: tuple[ast.expr, ast.expr] | None = None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            pair = node.left, node.right
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult):
            pair = node.target, node.value
        elif isinstance(node, ast.Call) and last_name(node.func) in ("multiply", "mul") and node.args:
            own = node.func.value if isinstance(node.func, ast.Attribute) and len(node.args) == 1 else node.args[0]
            pair = own, node.args[-1]
        if pair is not None and not any(isinstance(part, ast.Constant) for part in pair):
            bound = loops.get(id(node), {})
            yield Product(index, getattr(node, "lineno", 0), (_unlooped(pair[0], bound), _unlooped(pair[1], bound)))


def _loops(nodes: Iterable[ast.AST]) -> dict[int, dict[str, ast.expr]]:
    """Id of a node inside a loop → the loop's variables and what they run over."""
    found: dict[int, dict[str, ast.expr]] = {}
    for node in nodes:
        runs = [node] if isinstance(node, ast.For) else getattr(node, "generators", [])
        bound = {run.target.id: run.iter for run in runs if isinstance(run.target, ast.Name)}
        for part in ast.walk(node) if bound else ():
            found[id(part)] = {**found.get(id(part), {}), **bound}
    return found


def _unlooped(operand: ast.expr, bound: Mapping[str, ast.expr]) -> str:
    """An operand as it can be evaluated outside its loops: all that a variable runs over, or with the first of it."""
    if isinstance(operand, ast.Name) and operand.id in bound:
        return ast.unparse(bound[operand.id])
    text = ast.unparse(operand)
    for name in {part.id for part in ast.walk(operand) if isinstance(part, ast.Name)} & set(bound):
        text = f"(lambda {name}: {text})(next(iter({ast.unparse(bound[name])})))"
    return text


def _statements(cell: Cell) -> list[str]:
    tree = parse(cell.source)
    return [] if tree is None else [ast.unparse(node) for node in tree.body]


def _evaluated(student: Student, sources: list[str], operands: list[str]) -> list[Array | None]:
    """The operands' values as arrays, None for what cannot be evaluated."""
    making = {"slot": KEEPER, "expr": expr.call(expr.importing("types.SimpleNamespace"))}
    answer = student.ask(Request("evaluate", {"steps": [making]}, timeout_s=60))
    keeper = Value(next(iter(steps(answer)), {}).get("value"), answer).obj
    if keeper is None:
        return [None] * len(operands)
    kept = [f"{KEEPER}.operand_{at} = ({text})" for at, text in enumerate(operands)]
    params = {"sources": [*sources, *kept], "names": {KEEPER: expr.obj(keeper)}, "budget_s": BUDGET_S, "seed": 0}
    student.ask(Request("rerun", params, timeout_s=4 * BUDGET_S + 60))
    reading = [
        {"slot": f"operand_{at}", "expr": expr.attr(expr.obj(keeper), f"operand_{at}")} for at in range(len(operands))
    ]
    values = step_values(student.ask(Request("evaluate", {"steps": reading}, timeout_s=60)))
    found = [values.get(f"operand_{at}") for at in range(len(operands))]
    return [value.array() if value is not None else None for value in found]


def _picture_kind(student: Student, array: Array | None) -> str:
    if array is None or array.dtype.kind not in "biuf" or array.ndim < 3:
        return ""
    seen = Seen(array, "operand", None, None, 0, "replay")
    return handled_pictures(student, [seen])[1].get(id(array), "")
