"""The layers of a network, in the order in which they compute: from recorded operations, else from source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from grader.scoring.parsing import parse
from rubrics.assignment3.misspelt import meant_forward, misspelt
from rubrics.assignment3.operations import consumed, contracted
from rubrics.source import called_name, constant, keyword

LayerKind = Literal["conv", "pool", "activation", "linear", "dropout", "norm", "pad", "resize"]


@dataclass(frozen=True)
class Layer:
    """A layer as it computes.

    Attributes:
        kind: What it is.
        name: Operation or class, for evidence.
        weight: Shape of the weight: (out, in, height, width) or (out, in).
        kernel: Kernel of a pooling.
        stride: Vertical and horizontal stride.
        padding: Rows above and below plus columns left and right: (top, bottom, left, right).
        maximum: Whether a pooling takes the maximum.
        shape_in: Shape of its input, where it ran.
        shape_out: Shape of its output, where it ran.
        dense: Whether neither dilation nor groups thin the kernel.
    """

    kind: LayerKind
    name: str
    weight: tuple[int, ...] = ()
    kernel: tuple[int, int] = (0, 0)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    maximum: bool = True
    shape_in: tuple[int, ...] = ()
    shape_out: tuple[int, ...] = ()
    dense: bool = True


_CONVOLUTIONS = {
    "convolution",
    "mkldnn_convolution",
    "_convolution",
    "convolution_overrideable",
    "conv2d",
    "cudnn_convolution",
    "thnn_conv2d",
    "_slow_conv2d_forward",
    "miopen_convolution",
}
_ACTIVATIONS = {
    "relu",
    "threshold",
    "leaky_relu",
    "elu",
    "gelu",
    "tanh",
    "sigmoid",
    "silu",
    "hardswish",
    "hardtanh",
    "relu6",
    "celu",
    "selu",
    "_prelu_kernel",
    "prelu",
    "softplus",
    "mish",
    "rrelu_with_noise",
    "rrelu",
    "clamp",
    "clamp_min",
    "maximum",
    "where",
    "hardsigmoid",
    "log_sigmoid_forward",
    "log_sigmoid",
    "abs",
    "sin",
    "cos",
    "exp",
    "gt",
    "ge",
    "softshrink",
    "hardshrink",
    "square",
    "glu",
    "swish",
    "logsigmoid",
    "softsign",
    "tanhshrink",
}
_MAX_POOLS = {
    "max_pool2d_with_indices",
    "max_pool2d",
    "adaptive_max_pool2d",
    "mkldnn_max_pool2d",
    "fractional_max_pool2d",
    "amax",
    "_adaptive_max_pool2d",
}
_OTHER_POOLS = {"avg_pool2d", "_adaptive_avg_pool2d", "adaptive_avg_pool2d", "lp_pool2d", "mean"}
_DROPOUTS = {
    "native_dropout",
    "dropout",
    "bernoulli",
    "feature_dropout",
    "alpha_dropout",
    "feature_alpha_dropout",
    "dropout2d",
}
_NORMS = {
    "native_batch_norm",
    "_native_batch_norm_legit",
    "_native_batch_norm_legit_functional",
    "cudnn_batch_norm",
    "batch_norm",
    "native_group_norm",
    "native_layer_norm",
    "instance_norm",
    "_batch_norm_with_update",
    "_native_batch_norm_legit_no_training",
    "_native_batch_norm_legit_no_stats",
    "group_norm",
    "layer_norm",
    "_batch_norm_impl_index",
}
_LINEARS = {"addmm", "mm", "linear", "bmm", "baddbmm", "matmul"}
_PADS = {"constant_pad_nd", "pad", "reflection_pad2d", "replication_pad2d", "_pad_circular", "zeropad2d"}


def layers_of_operations(ops: Sequence[Mapping[str, Any]]) -> list[Layer]:
    """Layers of a forward pass, with explicit padding merged into the convolution or pooling behind it."""
    found: list[Layer] = []
    for op in contracted(consumed(ops)):
        layer = _layer(op)
        if layer is not None:
            found.append(layer)
    return list(_merge_pads(found))


def _layer(op: Mapping[str, Any]) -> Layer | None:
    name = str(op.get("op")).rstrip("_") if not str(op.get("op")).startswith("__") else str(op.get("op"))
    shapes = [tuple(shape) for shape in op.get("shapes_in") or () if shape is not None]
    outs = [tuple(shape) for shape in op.get("shapes_out") or () if shape is not None]
    args = list(op.get("args") or ())
    given, out = (shapes[0] if shapes else ()), (outs[0] if outs else ())
    if name in _CONVOLUTIONS and len(shapes) > 1:
        return _convolution(name, shapes, out, args)
    if name in _MAX_POOLS | _OTHER_POOLS:
        return _pooling(name, given, out, args)
    if name in _PADS and len(args) > 1:
        return Layer("pad", name, padding=_sides(args[1]), shape_in=given, shape_out=out)
    if name in _LINEARS and len(shapes) > 1:
        # ``einsum`` multiplies batches of one matrix
        shapes = [shape[1:] if len(shape) == 3 and shape[0] == 1 else shape for shape in shapes]
    if name in _LINEARS and len(shapes) > 1 and len(shapes[-1]) == 2:
        weight = (shapes[-1][1], shapes[-1][0]) if name != "linear" else shapes[1]
        factor = shapes[-2] if name != "linear" else shapes[0]
        return Layer("linear", name, weight=weight, shape_in=factor, shape_out=out)
    simple: list[tuple[LayerKind, set[str]]] = [("activation", _ACTIVATIONS), ("dropout", _DROPOUTS), ("norm", _NORMS)]
    for kind, names in simple:
        # masks of a loss or of indices are no activations: only maps and rows of features count
        if name in names and (len(given) >= 2 or kind == "dropout"):
            return Layer(kind, name, shape_in=given, shape_out=out)
    if name.startswith("upsample") or name in {"_upsample_bilinear2d_aa", "grid_sampler_2d"}:
        return Layer("resize", name, shape_in=given, shape_out=out)
    return None


def _pair(given: Any, default: tuple[int, int] = (1, 1)) -> tuple[int, int]:
    if isinstance(given, int) and not isinstance(given, bool):
        return given, given
    if isinstance(given, (list, tuple)) and given and all(isinstance(part, int) for part in given):
        return (int(given[0]), int(given[-1]))
    return default


def _sides(given: Any) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of ``[left, right, top, bottom]``."""
    numbers = [int(part) for part in given] if isinstance(given, (list, tuple)) else []
    left, right, top, bottom = [*numbers, 0, 0, 0, 0][:4]
    return top, bottom, left, right


def _convolution(name: str, shapes: list[tuple[int, ...]], out: tuple[int, ...], args: list[Any]) -> Layer:
    lists = [arg for arg in args if isinstance(arg, list) and len(arg) in {1, 2} and isinstance(arg[0], int)]
    stride = _pair(lists[0]) if lists else (1, 1)
    rows, columns = _pair(lists[1], (0, 0)) if len(lists) > 1 else (0, 0)
    dilation = _pair(lists[2]) if len(lists) > 2 else (1, 1)
    weight = shapes[1]
    dense = dilation == (1, 1) and len(weight) == 4 and len(shapes[0]) >= 3 and shapes[0][-3] == weight[1]
    return Layer(
        "conv",
        name,
        weight=weight,
        stride=stride,
        padding=(rows, rows, columns, columns),
        shape_in=shapes[0],
        shape_out=out,
        dense=dense,
    )


def _pooling(name: str, given: tuple[int, ...], out: tuple[int, ...], args: list[Any]) -> Layer | None:
    if len(given) < 3 or (name in {"mean", "amax"} and len(given) < 4):
        return None
    if name in {"mean", "amax"} or "adaptive" in name:
        return Layer(
            "pool",
            name,
            kernel=_ratio(given, out),
            stride=_ratio(given, out),
            maximum="max" in name,
            shape_in=given,
            shape_out=out,
        )
    kernel = _pair(args[1] if len(args) > 1 else None)
    stride = _pair(args[2] if len(args) > 2 else None, kernel)
    rows, columns = _pair(args[3] if len(args) > 3 else None, (0, 0))
    return Layer(
        "pool",
        name,
        kernel=kernel,
        stride=stride,
        padding=(rows, rows, columns, columns),
        maximum=name in _MAX_POOLS,
        shape_in=given,
        shape_out=out,
    )


def _ratio(given: tuple[int, ...], out: tuple[int, ...]) -> tuple[int, int]:
    """The kernel that an adaptive pooling amounts to; (0, 0) when it is none."""
    if len(out) < 2 or len(out) != len(given) or not out[-1] or not out[-2]:
        return (0, 0)
    if given[-2] % out[-2] or given[-1] % out[-1]:
        return (0, 0)
    return given[-2] // out[-2], given[-1] // out[-1]


def _merge_pads(found: Sequence[Layer]) -> Iterator[Layer]:
    waiting = (0, 0, 0, 0)
    for layer in found:
        if layer.kind == "pad":
            waiting = _added(waiting, layer.padding)
        elif layer.kind in {"conv", "pool"}:
            yield replace(layer, padding=_added(layer.padding, waiting))
            waiting = (0, 0, 0, 0)
        else:
            yield layer


def _added(a: Sequence[int], b: Sequence[int]) -> tuple[int, int, int, int]:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


# --- from source and the module tree ------------------------------------------------------------------------


def layers_of_source(tree: Sequence[Mapping[str, Any]], class_source: str) -> list[Layer]:
    """Layers by the calls of ``forward`` and the module tree, for a network that does not run to its end.

    Args:
        tree: The inventory's module tree: name, type, config of each part.
        class_source: Source of the class, or ``""`` for a plain container, whose order of parts counts.
    """
    parts = {str(part.get("name")): part for part in tree}
    parts |= misspelt(class_source, parts)
    order = _forward_order(class_source, parts) if class_source else None
    if not order or not any(isinstance(called, str) for called in order):
        order = [str(part.get("name")) for part in tree]  # a container, or parts that a loop goes through
    found: list[Layer] = []
    for called in order:
        if isinstance(called, str):
            found += _tree_layers(called, parts)
        else:
            layer = _functional(called_name(called), called)
            found += [layer] if layer is not None else []
    return list(_merge_pads(found))


def _tree_layers(name: str, parts: Mapping[str, Mapping[str, Any]]) -> list[Layer]:
    part = parts.get(name)
    if part is None:
        return []
    layer = _configured(str(part.get("type")), part.get("config") or {})
    return [layer] if layer is not None else []


def _configured(kind: str, config: Mapping[str, Any]) -> Layer | None:
    """A layer from its class and configuration."""
    low = kind.lower()
    if low.endswith("conv2d"):
        height, width = _pair(config.get("kernel_size"))
        padding = config.get("padding")
        same = height // 2, width // 2
        rows, columns = same if padding == "same" else _pair(padding, (0, 0))
        weight = (int(config.get("out_channels") or 0), int(config.get("in_channels") or 0), height, width)
        dense = _pair(config.get("dilation")) == (1, 1) and config.get("groups") in {None, 1}
        return Layer(
            "conv",
            kind,
            weight=weight,
            stride=_pair(config.get("stride")),
            padding=(rows, rows, columns, columns),
            dense=dense,
        )
    if "pool2d" in low:
        window = _pair(config.get("kernel_size"), (0, 0))
        return Layer("pool", kind, kernel=window, stride=_pair(config.get("stride"), window), maximum="max" in low)
    if low in {"linear", "lazylinear"}:
        sizes = int(config.get("out_features") or 0), int(config.get("in_features") or 0)
        return Layer("linear", kind, weight=sizes)
    if "pad2d" in low:
        given = config.get("padding")
        return Layer("pad", kind, padding=_sides([given] * 4 if isinstance(given, int) else given))
    return _functional(kind)


def _functional(name: str, call: ast.Call | None = None) -> Layer | None:
    low = name.lower().rstrip("_")
    plain = {one.replace("_", "") for one in _ACTIVATIONS - {"abs", "where", "exp", "gt", "ge", "clamp"}}
    if low.replace("_", "") in plain:
        return Layer("activation", name)
    if low.removeprefix("feature").removeprefix("alpha").startswith("dropout"):
        return Layer("dropout", name)
    if low.startswith("batchnorm") or low in {"batch_norm", "groupnorm", "layernorm"}:
        return Layer("norm", name)
    if low == "pad" and call is not None:
        sides = [part if isinstance(part, int) else 0 for part in _numbers(call, 1, "pad")]
        return Layer("pad", name, padding=_sides(sides))
    if "pool2d" in low:
        window = _argument(call, 1, "kernel_size", (2, 2))
        return Layer("pool", name, kernel=window, stride=_argument(call, 2, "stride", window), maximum="max" in low)
    return None


def _argument(call: ast.Call | None, place: int, name: str, default: tuple[int, int]) -> tuple[int, int]:
    """One or two whole numbers that a call is given; the default where they are not written as such."""
    if call is None:
        return default
    numbers = _numbers(call, place, name)
    return _pair(numbers if len(numbers) > 1 else numbers[0], default) if numbers else default


def _numbers(call: ast.Call, place: int, name: str) -> list[object]:
    node = keyword(call, name) or (call.args[place] if len(call.args) > place else None)
    return [constant(part) for part in (node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node])]


def _forward_order(class_source: str, parts: Mapping[str, Any]) -> list[str | ast.Call]:
    """Calls of ``forward`` in the order of evaluation: names of parts, and other calls."""
    try:
        tree = parse(class_source)
    except SyntaxError:
        return []
    methods = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    name = "forward" if "forward" in methods else meant_forward(class_source)
    return list(_calls_of(name, methods, parts)) if name else []


def _calls_of(name: str, methods: Mapping[str, ast.FunctionDef], parts: Mapping[str, Any]) -> Iterator[str | ast.Call]:
    """What a method calls, the class's other methods being followed."""
    others = {known: node for known, node in methods.items() if known != name}
    for call in _evaluation_order(methods[name]):
        function = call.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "self":
            if function.attr in others:
                yield from _calls_of(function.attr, others, parts)
            yield from (part for part in parts if part == function.attr or part.startswith(f"{function.attr}."))
        else:
            yield call


def _evaluation_order(node: ast.AST) -> Iterator[ast.Call]:
    for child in ast.iter_child_nodes(node):
        yield from _evaluation_order(child)
    if isinstance(node, ast.Call):
        yield node
