"""Question 1e by its source: which steps are written down, for code that could not run."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rubrics.assignment1.source import Code, last_name, parse

CLIPPING = {
    "relu",
    "relu_",
    "ReLU",
    "clamp",
    "clamp_",
    "clamp_min",
    "clamp_min_",
    "clip",
    "maximum",
    "fmax",
    "threshold",
}
ENLARGING = {
    "interpolate",
    "resize",
    "zoom",
    "Upsample",
    "upsample",
    "kron",
    "repeat_interleave",
    "imresize",
    "Resize",
    "resize_",
    "upsample_bilinear",
    "UpsamplingBilinear2d",
    "pyrUp",
}
TURNING = {"T", "mT", "t", "transpose", "permute", "swapaxes"}
MAXIMA = {"max", "amax", "nanmax", "max_"}
SUMMING = {"sum", "mean", "nansum", "add", "average", "reduce"}
PRODUCT_SUMS = {"einsum", "matmul", "mm", "bmm", "mv", "dot", "tensordot", "conv2d", "inner"}


@dataclass(frozen=True)
class Written:
    """The steps that a piece of source contains.

    Attributes:
        gradient: ``right``, ``wrong``, ``unclear`` or ``absent``.
        weighted_sum: Whether weights multiply maps that are summed.
        clipping: Whether values are clipped at 0.
        maximum: Whether something is divided by its maximum.
        enlarging: Whether something is resized.
        products: Names that are multiplied with something, for the search of the picture.
        class_parameter: Name of the function's parameter that is used as a class, or ``""``.
        function: Name of the function, or ``""``.
        averages: Whether a gradient is averaged to one number.
    """

    gradient: str
    weighted_sum: bool
    clipping: bool
    maximum: bool
    enlarging: bool
    products: tuple[tuple[str, ...], ...]
    class_parameter: str
    function: str
    averages: bool

    @property
    def steps(self) -> int:
        """How many of the steps are there."""
        return sum((self.gradient != "absent", self.weighted_sum, self.clipping, self.maximum, self.enlarging))


def read_source(code: Code, sources: list[str]) -> Written:
    """Reads the functions' sources, or the whole notebook when there are none."""
    trees: list[ast.AST] = [tree for source in sources if (tree := parse(_dedent(source))) is not None]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    if not trees:
        nodes = [node for _, tree in code.trees for node in _without_networks(tree)]
    names, parameter = _class_parameter(nodes)
    everything = [*nodes, *(node for _, node in code.walk())]
    weights = _assigned_names(everything, _names_weight)
    weights |= {name for name, given in code.bindings() if _names_weight(given) or last_name(given) in weights}
    turned = _assigned_names(everything, _transposes)
    gradients = _assigned_names(nodes, _derives)
    return Written(
        _gradient(nodes, parameter, weights, turned),
        _weighted_sum(nodes),
        _clipping(nodes),
        _maximum(nodes),
        _enlarging(nodes),
        tuple(_products(nodes)),
        parameter,
        names,
        any(_averages_all(node, gradients) for node in nodes),
    )


def _without_networks(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those of networks and compositions of transforms, which have steps of their own."""
    for node in ast.iter_child_nodes(tree):
        module = isinstance(node, ast.ClassDef) and any(last_name(base) in ("Module", "ResNet") for base in node.bases)
        composed = isinstance(node, ast.Call) and last_name(node.func) in ("Compose", "Sequential", "Resize")
        if not module and not composed:
            yield node
            yield from _without_networks(node)


def _dedent(source: str) -> str:
    first, _, rest = source.partition("\n")
    return (
        first.lstrip()
        + "\n"
        + (
            rest
            if first == first.lstrip() and not rest.startswith("        ")
            else textwrap.dedent(source).partition("\n")[2]
        )
    )


def _class_parameter(nodes: list[ast.AST]) -> tuple[str, str]:
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            parameters = {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)}
            parameters |= _run_over(node, parameters)
            for inner in ast.walk(node):
                if isinstance(inner, ast.Subscript):
                    used = {part.id for part in ast.walk(inner.slice) if isinstance(part, ast.Name)} & parameters
                    if used:
                        return node.name if isinstance(node, ast.FunctionDef) else "lambda", min(used)
    return "", ""


def _run_over(function: ast.AST, parameters: set[str]) -> set[str]:
    """Variables of a function's loops over its parameters: each of several classes."""
    return {
        loop.target.id
        for loop in ast.walk(function)
        if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and last_name(loop.iter) in parameters
    }


def _gradient(nodes: list[ast.AST], parameter: str, weights: set[str], turned: set[str]) -> str:
    derivative, wrong = False, False
    for node in nodes:
        if (
            isinstance(node, ast.Call)
            and last_name(node.func) in ("backward", "grad")
            and isinstance(node.func, ast.Attribute)
        ):
            derivative = True
            target = (
                node.func.value if last_name(node.func) == "backward" else (node.args[0] if node.args else node.func)
            )
            taken = _assigned(nodes, target)
            inside = {last_name(part.func) for part in ast.walk(taken) if isinstance(part, ast.Call)}
            wrong |= bool(inside & {"softmax", "log_softmax", "cross_entropy", "CrossEntropyLoss"})
            indexed = any(isinstance(part, ast.Subscript) for part in ast.walk(taken))
            wrong |= "sum" in inside and not indexed
        if isinstance(node, ast.Subscript) and (
            _names_weight(node.value) or (isinstance(node.value, ast.Name) and node.value.id in weights)
        ):
            derivative = True
            wrong |= _takes_column(node, weights - turned)
        wrong |= _averages_all(node, set())
        # The gradient of a layer's weight is not that of its output.
        wrong |= isinstance(node, ast.Attribute) and node.attr == "grad" and last_name(node.value) == "weight"
    if not derivative:
        return "absent"
    return "wrong" if wrong else ("right" if parameter else "unclear")


def _derives(node: ast.AST) -> bool:
    """Whether something is a gradient: ``torch.autograd.grad(…)[0]``, ``A.grad``."""
    inner = node.value if isinstance(node, ast.Subscript) else node
    if isinstance(inner, ast.Call):
        return last_name(inner.func) == "grad"
    return isinstance(inner, ast.Attribute) and inner.attr == "grad"


def _averages_all(node: ast.AST, gradients: set[str]) -> bool:
    """Whether a gradient is averaged to one number: ``A.grad.mean()``, or by one of the names of gradients."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.keywords:
        return False
    of_module = isinstance(node.func.value, ast.Name) and node.func.value.id in ("torch", "np")
    given = node.args[:1] if of_module else [node.func.value]
    alone = len(node.args) == (1 if of_module else 0)
    named = any(isinstance(g, ast.Name) and g.id in gradients for g in given)
    taken = named or any(isinstance(g, ast.Attribute) and g.attr == "grad" for g in given)
    return node.func.attr == "mean" and alone and taken


def _takes_column(node: ast.Subscript, weights: set[str]) -> bool:
    """Whether a column of weights is read where a row belongs to a class: ``weight.T[o]``, ``weight[:, o]``."""
    inner, attributes = node.value, []
    while isinstance(inner, (ast.Attribute, ast.Call)):
        attributes += [inner.attr] if isinstance(inner, ast.Attribute) else []
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    if "weight" not in attributes and not (isinstance(inner, ast.Name) and inner.id in weights):
        return False
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    given = [
        not isinstance(part, ast.Slice) and not (isinstance(part, ast.Constant) and part.value is None)
        for part in parts
    ]
    turned = sum(name in TURNING for name in attributes) % 2 == 1
    return given == [True] if turned else given == [False, True]


def _assigned_names(nodes: list[ast.AST], fits: Callable[[ast.AST], bool]) -> set[str]:
    """Names that are assigned something that fits."""
    return {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and fits(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _transposes(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr in TURNING for part in ast.walk(node))


def _names_weight(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr == "weight" for part in ast.walk(node))


def _assigned(nodes: list[ast.AST], target: ast.AST) -> ast.AST:
    """What a name was assigned, where that is one call (``loss = F.cross_entropy(…)``), else the node itself."""
    if not isinstance(target, ast.Name):
        return target
    values = [
        node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and any(isinstance(name, ast.Name) and name.id == target.id for name in node.targets)
    ]
    return values[-1] if values else target


def _weighted_sum(nodes: list[ast.AST]) -> bool:
    weighted = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and _has_product(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            return True
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            inside = any(
                _has_product(part) or (isinstance(part, ast.Name) and part.id in weighted)
                for arg in (*node.args, node.func)
                for part in ast.walk(arg)
            )
            if name in PRODUCT_SUMS or (name in SUMMING and inside):
                return True
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and _has_product(node.value):
            return True
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Add):
            accumulates = {
                part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)
            } & {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
            if accumulates and _has_product(node.value):
                return True
    return False


def _has_product(node: ast.AST) -> bool:
    return any(
        (isinstance(part, ast.BinOp) and isinstance(part.op, (ast.Mult, ast.MatMult)))
        or (isinstance(part, ast.Call) and last_name(part.func) in ("mul", "multiply"))
        for part in ast.walk(node)
    )


def _clipping(nodes: list[ast.AST]) -> bool:
    for node in nodes:
        if isinstance(node, ast.Call):
            name = last_name(node.func) or (last_name(node.func.func) if isinstance(node.func, ast.Call) else "")
            if name in CLIPPING and not _limits_both_sides(node) and not _is_layer(node):
                return True
            if (
                name in ("max", "where")
                and len(node.args) >= 2
                and any(_zero(part) for arg in node.args for part in ast.walk(arg))
            ):
                return True
        if (
            isinstance(node, ast.Compare)
            and any(_zero(part) for part in node.comparators)
            and isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
        ):
            return True
    return False


def _is_layer(node: ast.Call) -> bool:
    """Whether ``net.relu(x)`` calls a part of a network; tensors clip themselves without an argument."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr != "relu" or not node.args:
        return False
    return last_name(node.func.value) not in ("torch", "F", "functional", "nn", "f", "fn", "tnf", "nnf", "tf", "th")


def _limits_both_sides(node: ast.Call) -> bool:
    """Whether a call limits values to an interval, as for display, and not at 0 alone."""
    bounds = [*node.args[-2:], *(keyword.value for keyword in node.keywords)]
    return sum(isinstance(bound, ast.Constant) and isinstance(bound.value, (int, float)) for bound in bounds) >= 2


def _zero(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in (0, 0.0) and not isinstance(node.value, bool)


def _maximum(nodes: list[ast.AST]) -> bool:
    maxima = {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and _has_maximum(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in nodes:
        divisor = (
            node.right
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
            else (node.value if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div) else None)
        )
        if (
            divisor is None
            and isinstance(node, ast.Call)
            and last_name(node.func) in ("div", "div_", "divide", "true_divide")
            and node.args
        ):
            divisor = node.args[-1]
        if divisor is not None and (
            _has_maximum(divisor) or any(isinstance(part, ast.Name) and part.id in maxima for part in ast.walk(divisor))
        ):
            return True
    return False


def _has_maximum(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Call) and last_name(part.func) in MAXIMA and len(part.args) <= 1 for part in ast.walk(node)
    )


def _enlarging(nodes: list[ast.AST]) -> bool:
    return any(
        isinstance(node, ast.Call)
        and (
            last_name(node.func) in ENLARGING
            or (last_name(node.func) == "repeat" and any(_many(argument) for argument in node.args))
            or (isinstance(node.func, ast.Call) and last_name(node.func.func) in ENLARGING)
        )
        for node in nodes
    )


def _many(node: ast.AST) -> bool:
    """Whether a number of repetitions is more than the copies that three colour channels need."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value > 4


def draws_with_extent(code: Code) -> bool:
    """Whether a picture function stretches what it shows by ``extent``."""
    return any(
        isinstance(node, ast.Call)
        and last_name(node.func) == "imshow"
        and any(k.arg == "extent" for k in node.keywords)
        for _, node in code.walk()
    )


def _products(nodes: list[ast.AST]) -> Iterator[tuple[str, ...]]:
    """Names in the two operands of each multiplication."""
    for node in nodes:
        operands: list[ast.AST] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            operands = [node.left, node.right]
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult):
            operands = [node.target, node.value]
        elif isinstance(node, ast.Call) and last_name(node.func) in ("multiply", "mul", "mul_"):
            operands = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
        names = tuple(
            last_name(part)
            for operand in operands
            for part in ast.walk(operand)
            if isinstance(part, (ast.Name, ast.Attribute))
        )
        if names:
            yield names
