"""Slips that end a cell, put right in its source so that what follows can be judged."""

from __future__ import annotations

import ast
import re

from grader.scoring.parsing import parse

STAND_INS = """
def probe_backward(loss, *args, **kwargs):
    if getattr(loss, "requires_grad", False):
        loss.backward(*args, **kwargs)

def probe_binary(*given, **options):
    import torch
    def loss(z, t, *args, **kwargs):
        if z.dim() > 1 and z.shape[-1] > 1:
            return torch.nn.functional.cross_entropy(z, t)
        return torch.nn.functional.binary_cross_entropy_with_logits(z.reshape(-1), t.reshape(-1).float())
    return loss(*given) if len(given) > 1 else loss
"""
"""Source of functions that put the place of others: one leaves out the back-propagation of what has no gradient, the
other is a loss for single outputs."""


def refuses_logits(message: str) -> bool:
    """Whether a loss of probabilities ended the training, since it got logits."""
    return "between 0 and 1" in message


def wants_more_outputs(message: str) -> bool:
    """Whether a cross-entropy of classes ended the training, since the network has a single output."""
    return "Target 1 is out of bounds" in message


def has_no_gradient(message: str) -> bool:
    """Whether a back-propagation ended the training, since the loss was a number or detached from the network."""
    return "does not require grad" in message or "'float' object has no attribute 'backward'" in message


def put_right(source: str, message: str) -> str:
    """The source of a training that ended with an error, without what caused it; else the source as it is."""
    if refuses_logits(message):
        changed = source.replace("binary_cross_entropy(", "binary_cross_entropy_with_logits(")
        return re.sub(r"\bBCELoss\b", "BCEWithLogitsLoss", changed)
    if wants_more_outputs(message):
        return re.sub(r"\b(?:\w+\.)*(?:CrossEntropyLoss|cross_entropy)\(", "probe_binary(", source)
    if has_no_gradient(message):
        return re.sub(r"\b([\w.]+)\.backward\(", r"probe_backward(\1, ", source)
    return source


def with_super(class_source: str, name: str) -> str:
    """The source with ``super().__init__()`` at the beginning of a class's constructor; ``""`` where one is there."""
    try:
        tree = parse(class_source)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or node.name != name:
            continue
        init = next((one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
        if init is not None and not any(
            isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "__init__"
            for one in ast.walk(init)
        ):
            init.body[:0] = parse("super().__init__()").body
            return ast.unparse(ast.fix_missing_locations(tree))
    return ""
