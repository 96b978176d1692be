"""Runs source of the notebook again in a copy of its namespace, and mends layers whose sizes do not fit."""

from __future__ import annotations

import ast
import contextlib
import io
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from .describe import Describer
from .expressions import Evaluator
from .float_images import float_images
from .instrument import Instrument
from .recorder import Recorder
from .session import Session

CLOCK_FACTOR = 4
"""How many times its budget of CPU time a rerun may last on the clock."""


class BudgetSpent(BaseException):
    """The time or the number of steps of a rerun is used up."""


@contextlib.contextmanager
def lenient(resized: list[dict[str, int]]) -> Iterator[None]:
    """Within it, an ``nn.Linear`` whose in-features do not fit its input is resized, keeping its parameter object."""
    original = nn.Linear.forward

    def forward(self: nn.Linear, thing: torch.Tensor) -> torch.Tensor:
        width = thing.shape[-1]
        if width != self.weight.shape[1]:
            was = self.weight.shape[1]
            weight = torch.empty(self.weight.shape[0], width, dtype=self.weight.dtype, device=self.weight.device)
            nn.init.kaiming_uniform_(weight, a=5**0.5)
            self.weight.data = weight
            self.weight.grad = None
            self.in_features = width
            resized.append({"in_features_was": was, "in_features_now": width, "out_features": self.weight.shape[0]})
        return original(self, thing)

    nn.Linear.forward = forward  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        nn.Linear.forward = original  # type: ignore[method-assign]


class _Shield(ast.NodeTransformer):
    """Leaves out assignments, definitions and imports that would rebind a protected name."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def _bound(self, target: ast.expr) -> bool:
        if isinstance(target, ast.Name):
            return target.id in self.names
        if isinstance(target, (ast.Tuple, ast.List)):
            return any(self._bound(item) for item in target.elts)
        return False

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        kept = [target for target in node.targets if not self._bound(target)]
        if len(kept) == len(node.targets):
            return node
        if not kept:
            return ast.copy_location(ast.Pass(), node)
        node.targets = kept
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        return ast.copy_location(ast.Pass(), node) if self._bound(node.target) else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._definition(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._definition(node)

    def _definition(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        if node.name in self.names:
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


class Rerunner:
    """Answers the verb ``rerun``."""

    def __init__(self, session: Session, instrument: Instrument, recorder: Recorder) -> None:
        self.session, self.instrument, self.recorder = session, instrument, recorder

    def run(self, params: dict[str, Any], evaluate: Evaluator, describer: Describer) -> dict[str, Any]:
        """Runs the sources; see ``docs/probes.md``."""
        namespace = dict(self.session.namespace)
        results: list[dict[str, Any]] = []
        for name, expr in params.get("names", {}).items():
            try:
                namespace[name] = evaluate(expr)
            except Exception as fault:
                results.append({"ok": False, "error": self.session.error(fault), "name": name})
        if "seed" in params:
            torch.manual_seed(params["seed"])
        since = self.session.serial()
        resized: list[dict[str, int]] = []
        written = io.StringIO()
        shield = _Shield(set(params.get("keep", [])))
        limit(self.recorder, params)
        try:
            with contextlib.ExitStack() as stack:
                stack.enter_context(contextlib.redirect_stdout(_Tee(written, self.recorder)))
                if params.get("lenient"):
                    stack.enter_context(lenient(resized))
                if params.get("float_images"):
                    stack.enter_context(float_images())
                stopped = self._run_all(params["sources"], shield, namespace, results)
        finally:
            self.recorder.stop = None
        small = describer.limited(64, 200)
        bound = {
            name: small.describe(thing, 3)
            for name, thing in namespace.items()
            if self.session.namespace.get(name, self) is not thing and not name.startswith("_")
        }
        return {
            "results": results,
            "stdout": written.getvalue()[:200_000],
            "since": since,
            "until": self.session.serial(),
            "resized": resized,
            "names": bound,
            "stopped": stopped,
        }

    def _run_all(self, sources: list[str], shield: _Shield, namespace: dict[str, Any], results: list[Any]) -> bool:
        for at, source in enumerate(sources):
            try:
                exec(self._compile(source, shield, at), namespace)
                results.append({"ok": True, "error": None})
            except BudgetSpent:
                results.append({"ok": True, "error": None})
                return True
            except (Exception, SystemExit) as fault:
                results.append({"ok": False, "error": self.session.error(fault)})
        return False

    def _compile(self, source: str, shield: _Shield, at: int) -> Any:
        tree = shield.visit(ast.parse(transformed(source)))
        return compile(ast.fix_missing_locations(tree), f"<rerun {at}>", "exec")


def transformed(source: str) -> str:
    """The source of a cell as Python, its magics as calls of the shell where there is one."""
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ImportError:
        return source
    return str(TransformerManager().transform_cell(source))


def limit(recorder: Recorder, params: dict[str, Any]) -> None:
    """Ends what runs from now on by ``BudgetSpent``, looked at with each call of a network.

    Args:
        recorder: Its ``stop`` is set; set it to None afterwards.
        params: ``budget_s`` (CPU time of this thread) and perhaps ``max_steps``.
    """
    budget_s = float(params.get("budget_s", 30))
    # In the thread's own CPU time, so that a busy machine takes nothing away; sleep ends on the clock, too.
    used_up, deadline = time.thread_time() + budget_s, time.monotonic() + CLOCK_FACTOR * budget_s
    left = params.get("max_steps")
    calls = {"left": None if left is None else int(left) * 2}

    def stop() -> None:
        if calls["left"] is not None:
            calls["left"] -= 1
            if calls["left"] < 0:
                raise BudgetSpent
        if time.thread_time() > used_up or time.monotonic() > deadline:
            raise BudgetSpent

    recorder.stop = stop


class _Tee(io.TextIOBase):
    """Writes to a buffer and tells the recorder."""

    def __init__(self, buffer: io.StringIO, recorder: Recorder) -> None:
        self.buffer, self.recorder = buffer, recorder

    def write(self, text: str) -> int:
        self.recorder.printed(text)
        if self.buffer.tell() < 400_000:
            self.buffer.write(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""
