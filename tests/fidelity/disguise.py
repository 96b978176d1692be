"""Writes a notebook anew without changing what it does: other names, other cells, other words."""

from __future__ import annotations

import ast
import builtins
import io
import itertools
import keyword
import random
import re
import string
import tokenize
from collections.abc import Callable, Iterator, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torchvision
from PIL import Image
from torch import nn

Disguise = Callable[[Sequence[str], random.Random], list[str]]

_LIBRARY = frozenset(
    name
    for owner in (
        *(nn.Module, nn.RNN, nn.RNNCell, nn.Conv2d, nn.Sequential, torch.utils.data.Dataset, torch.Tensor, torch, nn),
        *(nn.functional, torch.optim, torch.utils.data, torch.utils.data.DataLoader, torch.optim.SGD, np, np.ndarray),
        *(pd, pd.DataFrame, pd.Series, torchvision, torchvision.transforms, torchvision.datasets, torchvision.models),
        *(str, list, dict, set, int, float, tuple, builtins, plt, Image),
        *(nn.Linear(1, 1), nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), Image.new("RGB", (1, 1))),
        torchvision.models.resnet18(),
        torchvision.datasets.SVHN,
        torch.utils.data.Subset,
    )
    for name in dir(owner)
) | {"data", "labels", "dataset", "hidden_size", "input_size", "in_features", "out_features", "self", "cls", "display"}
"""Attributes that a library's objects have: a notebook that defines one of them may override it."""


def _parsed(cells: Sequence[str]) -> list[ast.Module | None]:
    """The trees; None for markdown and for cells with magics or broken syntax."""
    trees: list[ast.Module | None] = []
    for cell in cells:
        try:
            trees.append(None if cell.startswith("#md") else ast.parse(cell))
        except SyntaxError:
            trees.append(None)
    return trees


# --- names ------------------------------------------------------------------------------------------------------


def renamed(cells: Sequence[str], rng: random.Random) -> list[str]:
    """All names that the notebook makes are other ones; a notebook with magics stays as it is."""
    trees = _parsed(cells)
    if any(tree is None and not cell.startswith("#md") for tree, cell in zip(trees, cells, strict=True)):
        return list(cells)
    code = [tree for tree in trees if tree is not None]
    mapping = _new_names(code, rng)
    return [
        cell if tree is None else ast.unparse(_Renamer(mapping).visit(tree))
        for tree, cell in zip(trees, cells, strict=True)
    ]


def _new_names(trees: Sequence[ast.Module], rng: random.Random) -> dict[str, str]:
    nodes = [node for tree in trees for node in ast.walk(tree)]
    made = {
        *(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)),
        *(node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))),
        *(node.arg for node in nodes if isinstance(node, ast.arg)),
        *(node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)),
        *(node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name),
    }
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    own = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    keywords = {
        word.arg
        for node in nodes
        if isinstance(node, ast.Call) and _called(node) not in own
        for word in node.keywords
        if word.arg
    }
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    kept = imported | keywords | texts | _LIBRARY | set(dir(builtins)) | {"_"}
    chosen = sorted(name for name in made - kept if not name.startswith("__"))
    return dict(zip(chosen, _words(rng, len(chosen), made | kept), strict=True))


def _called(node: ast.Call) -> str:
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _words(rng: random.Random, count: int, taken: set[str]) -> list[str]:
    found: list[str] = []
    used = set(taken)
    while len(found) < count:
        word = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 8)))
        if word not in used and not keyword.iskeyword(word):
            used.add(word)
            found.append(word)
    return found


class _Renamer(ast.NodeTransformer):
    def __init__(self, mapping: dict[str, str]) -> None:
        self.mapping = mapping

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for part in ("id", "name", "arg", "attr"):
            name = getattr(node, part, None)
            if isinstance(name, str) and not isinstance(node, ast.alias):
                setattr(node, part, self.mapping.get(name, name))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [self.mapping.get(name, name) for name in node.names]
        return super().generic_visit(node)


# --- cells ------------------------------------------------------------------------------------------------------


def split(cells: Sequence[str], rng: random.Random) -> list[str]:
    """Cells are cut between statements."""
    parts: list[str] = []
    for cell, tree in zip(cells, _parsed(cells), strict=True):
        if tree is None or len(tree.body) < 2 or "from __future__" in cell:
            parts.append(cell)
            continue
        starts = [_first_line(statement) for statement in tree.body[1:]]
        wanted = sorted({line for line in starts if rng.random() < 0.5})
        same_line = {_first_line(statement) for statement in tree.body if statement.col_offset > 0}
        parts += _cut(cell, [line for line in wanted if line not in same_line])
    return parts


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _cut(cell: str, lines: Sequence[int]) -> list[str]:
    text = cell.splitlines(keepends=True)
    edges = [0, *(line - 1 for line in lines), len(text)]
    return ["".join(text[begin:end]) for begin, end in itertools.pairwise(edges) if begin < end]


def joined(cells: Sequence[str], rng: random.Random) -> list[str]:
    """Neighbouring cells become one; headings between them go."""
    found: list[str] = []
    for cell, tree in zip(cells, _parsed(cells), strict=True):
        if cell.startswith("#md"):
            continue
        together = found and tree is not None and not found[-1].lstrip().startswith("%%") and rng.random() < 0.6
        if together and not cell.lstrip().startswith(("from __future__", "%")):
            found[-1] = found[-1].rstrip().removesuffix(";") + "\n\n" + cell
        else:
            found.append(cell)
    return found


def without_headings(cells: Sequence[str], rng: random.Random) -> list[str]:
    """Headings and comments are gone."""
    return [_commented(cell, lambda _text: "") for cell in cells if not cell.startswith("#md")]


# --- words ------------------------------------------------------------------------------------------------------

_WORDS = {
    "accuracy": "Genauigkeit",
    "acc": "Genauigkeit",
    "loss": "Verlust",
    "epoch": "Epoche",
    "ep": "Epoche",
    "training": "Training",
    "train": "Training",
    "test": "Prüfung",
    "eval": "Prüfung",
    "validation": "Prüfung",
}


def translated(cells: Sequence[str], rng: random.Random) -> list[str]:
    """Comments, headings and what is printed are German."""
    found = []
    for cell in cells:
        if cell.startswith("#md"):
            found.append("#md " + rng.choice(["Lösung", "Nächste Aufgabe", "Hier geht es weiter"]))
            continue
        noted = _commented(
            cell, lambda _text: "# " + rng.choice(["siehe Vorlesung", "wie besprochen", "nächster Schritt"])
        )
        found.append(_in_german(noted))
    return found


def _commented(cell: str, change: Callable[[str], str]) -> str:
    lines = cell.splitlines(keepends=True)
    for token in reversed(list(_tokens(cell))):
        if token.type == tokenize.COMMENT:
            row, begin = token.start
            lines[row - 1] = lines[row - 1][:begin] + change(token.string) + lines[row - 1][token.end[1] :]
    return "".join(lines)


def _tokens(cell: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(cell).readline)
    except (tokenize.TokenError, IndentationError):
        return


def _in_german(cell: str) -> str:
    """Words in the text of ``print`` calls; a placeholder's content stays."""
    try:
        tree = ast.parse(cell)
    except SyntaxError:
        return cell
    changed = _German().visit(tree)
    return ast.unparse(changed) if ast.dump(changed) != ast.dump(ast.parse(cell)) else cell


class _German(ast.NodeTransformer):
    def __init__(self) -> None:
        self._printing = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        before, self._printing = self._printing, _called(node) == "print"
        self.generic_visit(node)
        self._printing = before
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self._printing and isinstance(node.value, str) and "{" not in node.value:
            text = re.sub(r"[A-Za-z]+", lambda found: _WORDS.get(found.group().lower(), found.group()), node.value)
            return ast.copy_location(ast.Constant(text), node)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        return node


DISGUISES: dict[str, Disguise] = {
    "names": renamed,
    "split": split,
    "joined": joined,
    "no headings": without_headings,
    "German": translated,
}


def disguised(cells: Sequence[str], seed: int, kinds: Sequence[str] = tuple(DISGUISES)) -> list[str]:
    """The cells after some disguises, one on top of the other."""
    found = list(cells)
    for kind in kinds:
        found = DISGUISES[kind](found, random.Random(f"{seed} {kind}"))
    return found
