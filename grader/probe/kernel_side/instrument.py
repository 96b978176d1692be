"""Instruments the notebook's own code: what functions were called with, what assignments saw.

An AST transformer adds calls of three small functions to each cell. Source text, line numbers and the meaning
of the code stay as they are; after a few visits a place costs one short function call.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np
import torch

from .plain import Plain
from .session import Session

HOOKS = "__grader__"
FIRST, LAST = 4, 4
MAX_VISITS = 250
"""Calls of a function after which nothing more is kept: two an epoch are seen to the end of a hundred epochs."""
MAX_SEEN = 100
"""Values of an assignment, likewise."""
PROBED, MAX_PROBED = 12, 400
"""Values of an assignment that are kept at each end of a probe, and of all assignments together."""
MAX_SIGHTING_NUMEL = 200_000
MAX_SIGHTING_BYTES = 48 * 2**20


@dataclass
class CallRecord:
    """One call of a function of the notebook."""

    serial: int
    cell: int | None
    args: dict[str, Any]
    code: Any
    returned: Any = None
    local_values: dict[str, Any] = field(default_factory=dict)
    finished: bool = False


@dataclass
class FunctionSite:
    """A function definition in the notebook."""

    name: str
    cell: int | None
    line: int
    source: str
    params: list[str]
    class_name: str | None
    visits: int = 0
    first: list[CallRecord] = field(default_factory=list)
    last: deque[CallRecord] = field(default_factory=lambda: deque(maxlen=LAST))
    code: Any = None
    forgotten: bool = False

    def calls(self) -> list[CallRecord]:
        """The recorded calls, in order."""
        return [*self.first, *self.last]


@dataclass
class AssignSite:
    """An assignment or return in the notebook."""

    name: str
    function: str | None
    cell: int | None
    line: int
    visits: int = 0
    done: bool = False
    first: list[tuple[int, Any]] = field(default_factory=list)
    last: deque[tuple[int, Any]] = field(default_factory=lambda: deque(maxlen=3))


@dataclass
class ClassSite:
    """A class definition in the notebook."""

    name: str
    cell: int | None
    line: int
    source: str


class ProbeSightings:
    """What assignments see during a probe: of each place the first and the last, so that a loop's result is there."""

    def __init__(self) -> None:
        self._first: dict[int, list[tuple[AssignSite, int, Any]]] = {}
        self._last: dict[int, deque[tuple[AssignSite, int, Any]]] = {}

    def add(self, site: AssignSite, serial: int, value: Any) -> None:
        """Keeps a value, perhaps for a while."""
        first = self._first.setdefault(id(site), [])
        if len(first) < PROBED:
            first.append((site, serial, value))
        else:
            self._last.setdefault(id(site), deque(maxlen=PROBED)).append((site, serial, value))

    def all(self) -> list[tuple[AssignSite, int, Any]]:
        """What is kept, in order of time."""
        kept = [one for some in (*self._first.values(), *self._last.values()) for one in some]
        return sorted(kept, key=lambda one: one[1])[-MAX_PROBED:]


class Instrument:
    """Adds the hooks to cells and keeps what they saw."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.functions: list[FunctionSite] = []
        self.assigns: list[AssignSite] = []
        self.classes: list[ClassSite] = []
        self.recording = True
        self.plain = Plain()
        self._open: dict[int, CallRecord] = {}
        self._bytes_left = MAX_SIGHTING_BYTES
        self.probe_sightings: ProbeSightings | None = None

    # -- called by the notebook's code ------------------------------------------------------------------------

    def here(self, cell: int | None) -> None:
        """Learns the file name under which a cell was compiled."""
        if cell is not None:
            name = sys._getframe(1).f_code.co_filename
            self.session.files[name] = cell
            self.plain.files[name] = cell

    def enter(self, number: int) -> None:
        """A function of the notebook begins."""
        if not self.recording:
            return
        site = self.functions[number]
        site.visits += 1
        if site.visits > MAX_VISITS:
            if site.visits == MAX_VISITS + 1:
                self.plain.take_out(sys._getframe(1))
            return
        frame = sys._getframe(1)
        site.code = frame.f_code
        values = frame.f_locals
        record = CallRecord(
            self.session.serial(),
            self.session.cell,
            {name: values[name] for name in site.params if name in values},
            frame.f_code,
        )
        (site.first if len(site.first) < FIRST else site.last).append(record)
        self._open[id(frame)] = record

    def leave(self, number: int, value: Any) -> Any:
        """A function of the notebook returns ``value``."""
        site = self.functions[number]
        if site.visits <= MAX_VISITS and self.recording:
            frame = sys._getframe(1)
            record = self._open.pop(id(frame), None)
            if record is not None and record.code is frame.f_code:
                record.returned = _kept(value)
                record.finished = True
                record.local_values = _kept_locals(frame)
        return value

    def see(self, number: int, value: Any) -> Any:
        """An assignment binds ``value``."""
        site = self.assigns[number]
        if self.probe_sightings is not None or (self.recording and not site.done):
            self._note(site, value)
        return value

    def _note(self, site: AssignSite, value: Any) -> None:
        site.visits += 1
        if site.visits > MAX_SEEN:
            site.done = True
        parts = value if isinstance(value, tuple) and len(value) <= 4 else (value,)
        for part in parts:
            if isinstance(part, torch.Tensor):
                if part.numel() > MAX_SIGHTING_NUMEL:
                    continue
            elif not isinstance(part, np.ndarray) or part.size > MAX_SIGHTING_NUMEL or part.dtype.kind not in "biuf":
                continue
            self._keep(site, part)

    def _keep(self, site: AssignSite, part: Any) -> None:
        serial = self.session.serial()
        if self.probe_sightings is not None:
            self.probe_sightings.add(site, serial, _copy(part))
            return
        if len(site.first) < 3:
            size = part.nbytes if isinstance(part, np.ndarray) else part.numel() * part.element_size()
            if size <= self._bytes_left:
                self._bytes_left -= size
                site.first.append((serial, _copy(part)))
        elif not site.done:
            site.last.append((serial, part.detach() if isinstance(part, torch.Tensor) else part))

    def forget(self, cell: int) -> None:
        """Drops the places of a cell that is going to run again."""
        # Code that was made earlier still calls by number, so that the lists keep their places.
        for function in self.functions:
            function.forgotten |= function.cell == cell
        for assign in self.assigns:
            if assign.cell == cell:
                assign.done = True
                assign.first.clear()
                assign.last.clear()
        self.classes = [site for site in self.classes if site.cell != cell]

    # -- called by IPython --------------------------------------------------------------------------------------

    def transform(self, tree: ast.Module, source: str = "", cell: int | None = None) -> ast.Module:
        """Adds the hooks to the tree of a cell."""
        index = self.session.cell if cell is None else cell
        self.plain.keep(index, tree)
        changed = _Transformer(self, source, index).visit(tree)
        at = 0
        for statement in changed.body:
            doc = (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and len(changed.body) > 1
            )
            if not (doc and at == 0) and not (
                isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
            ):
                break
            at += 1
        if changed.body and index is not None:
            hook = ast.Expr(_hook("here", ast.Constant(index)))
            changed.body.insert(at, ast.copy_location(hook, changed.body[0]))
        fixed: ast.Module = ast.fix_missing_locations(changed)
        return fixed


class _Transformer(ast.NodeTransformer):
    def __init__(self, instrument: Instrument, source: str, cell: int | None) -> None:
        self.instrument, self.source, self.cell = instrument, source, cell
        self.scope: list[str] = []
        self.in_class: list[str | None] = [None]
        self.function: list[int | None] = [None]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        arguments = node.args
        params = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        params += [arg.arg for arg in (arguments.vararg, arguments.kwarg) if arg is not None]
        site = FunctionSite(
            ".".join([*self.scope, node.name]),
            self.cell,
            node.lineno,
            self._text(node),
            params,
            self.in_class[-1],
        )
        number = len(self.instrument.functions)
        self.instrument.functions.append(site)
        generator = any(isinstance(child, (ast.Yield, ast.YieldFrom)) for child in ast.walk(node))
        self._enter_scope(node.name, None, None if generator else number)
        body = [self.visit(child) for child in node.body]
        self._leave_scope()
        if not generator:
            start = 1 if ast.get_docstring(node, clean=False) is not None else 0
            first, last = node.body[0], node.body[-1]
            body.insert(start, ast.copy_location(ast.Expr(_hook("enter", ast.Constant(number))), first))
            done = ast.Return(_hook("leave", ast.Constant(number), ast.Constant(None)))
            body.append(ast.copy_location(done, last))
        node.body = body
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        name = ".".join([*self.scope, node.name])
        self.instrument.classes.append(ClassSite(name, self.cell, node.lineno, self._text(node)))
        self._enter_scope(node.name, node.name, None)
        node.body = [
            self.visit(child) if isinstance(child, (ast.FunctionDef, ast.ClassDef)) else child for child in node.body
        ]
        self._leave_scope()
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        number = self.function[-1]
        if number is None:
            return node
        value = node.value or ast.Constant(None)
        if node.value is not None and not isinstance(node.value, (ast.Constant, ast.Name)):
            value = self._seen("return", value)
        return ast.copy_location(ast.Return(_hook("leave", ast.Constant(number), value)), node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if not isinstance(node.value, (ast.Constant, ast.Lambda, ast.Name)):
            node.value = self._seen(ast.unparse(node.targets[0])[:80], node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None and not isinstance(node.value, (ast.Constant, ast.Lambda, ast.Name)):
            node.value = self._seen(ast.unparse(node.target)[:80], node.value)
        return node

    def _seen(self, name: str, value: ast.expr) -> ast.expr:
        number = len(self.instrument.assigns)
        line = getattr(value, "lineno", 0)
        self.instrument.assigns.append(AssignSite(name, ".".join(self.scope) or None, self.cell, line))
        return ast.copy_location(_hook("see", ast.Constant(number), value), value)

    def _text(self, node: ast.FunctionDef | ast.ClassDef) -> str:
        """The source of a definition; code inside a ``%%time`` cell has other line numbers and is written anew."""
        text = ast.get_source_segment(self.source, node) or ""
        return text if text.startswith(("def ", "class ")) and f" {node.name}" in text else ast.unparse(node)

    def _enter_scope(self, name: str, class_name: str | None, function: int | None) -> None:
        self.scope.append(name)
        self.in_class.append(class_name)
        self.function.append(function)

    def _leave_scope(self) -> None:
        self.scope.pop()
        self.in_class.pop()
        self.function.pop()


def _hook(name: str, *args: ast.expr) -> ast.Call:
    target = ast.Attribute(ast.Name(HOOKS, ast.Load()), name, ast.Load())
    return ast.Call(target, list(args), [])


def _copy(part: Any) -> Any:
    return part.detach().clone() if isinstance(part, torch.Tensor) else part.copy()


def _kept(value: Any) -> Any:
    """What is worth keeping of a returned or local value: no graph, no giant."""
    if isinstance(value, torch.Tensor):
        return value.detach() if value.numel() <= 4_000_000 else None
    if isinstance(value, np.ndarray) and value.size > 4_000_000:
        return None
    if isinstance(value, tuple) and len(value) <= 16 and type(value) is tuple:
        return tuple(_kept(item) for item in value)
    return value


def _kept_locals(frame: FrameType) -> dict[str, Any]:
    return {name: _kept(value) for name, value in frame.f_locals.items() if not name.startswith("__")}
