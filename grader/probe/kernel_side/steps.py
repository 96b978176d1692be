"""Answers the verb ``evaluate``: expressions with options, each with its own result or error."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from .anatomy import layer_type
from .describe import Describer
from .expressions import Evaluator
from .instrument import Instrument, ProbeSightings
from .ops import OpRecorder, parameter_names
from .reach import walk
from .recorder import Recorder
from .rerun import BudgetSpent, lenient
from .session import Session


class Steps:
    """Runs the steps of a request."""

    def __init__(self, session: Session, instrument: Instrument, recorder: Recorder) -> None:
        self.session, self.instrument, self.recorder = session, instrument, recorder

    def run(self, steps: list[dict[str, Any]], evaluate: Evaluator, describer: Describer) -> list[dict[str, Any]]:
        """The results of all steps; a failed step does not stop later ones."""
        self.recorder.enabled = False
        try:
            return [self._step(step, evaluate, describer) for step in steps]
        finally:
            self.recorder.enabled = True

    def _step(self, step: dict[str, Any], evaluate: Evaluator, describer: Describer) -> dict[str, Any]:
        result: dict[str, Any] = {"slot": step.get("slot", ""), "ok": False, "value": {"kind": "none"}, "error": None}
        written = io.StringIO()
        try:
            with contextlib.ExitStack() as stack:
                stack.enter_context(contextlib.redirect_stdout(written))
                stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
                finish = self._options(step, evaluate, describer, stack, result)
                value = evaluate(step["expr"])
            evaluate.slots[result["slot"]] = value
            result["ok"] = True
            if not step.get("quiet"):
                result["value"] = describer.describe(value)
            finish()
        except (Exception, SystemExit, BudgetSpent) as fault:
            result["error"] = self.session.error(fault)
            result["error"]["type"] = "MissingSlot" if type(fault).__name__ == "MissingSlot" else type(fault).__name__
        if written.getvalue():
            result["stdout"] = written.getvalue()[:20_000]
        return result

    def _options(
        self,
        step: dict[str, Any],
        evaluate: Evaluator,
        describer: Describer,
        stack: contextlib.ExitStack,
        result: dict[str, Any],
    ) -> Any:
        """Enters the contexts that a step asks for; returns what must run after it."""
        if "seed" in step:
            seed_all(step["seed"])
        stack.enter_context(torch.set_grad_enabled(step.get("grad", True)))
        if "mode" in step:
            stack.enter_context(_mode(evaluate(step["mode"][0]), step["mode"][1]))
        if step.get("lenient"):
            result["resized"] = []
            stack.enter_context(lenient(result["resized"]))
        if "modules" in step:
            result["calls"] = []
            stack.enter_context(_watched_modules(evaluate(step["modules"]), result["calls"]))
        if step.get("sightings"):
            stack.enter_context(self._sightings(result, describer))
        if step.get("ops"):
            modules = [thing for _, thing in walk(self.session, self.instrument) if isinstance(thing, nn.Module)]
            recorder = OpRecorder(describer, step.get("capture", ()), parameter_names(modules))
            result["ops"] = recorder.ops
            stack.enter_context(recorder)
        if "watch" not in step:
            return lambda: None
        before = self._versions(step["watch"])

        def finish() -> None:
            result["watch"] = self._changed(step["watch"], before, describer)

        return finish

    @contextlib.contextmanager
    def _sightings(self, result: dict[str, Any], describer: Describer) -> Iterator[None]:
        found = self.instrument.probe_sightings = ProbeSightings()
        try:
            yield
        finally:
            self.instrument.probe_sightings = None
            result["sightings"] = [
                {
                    "cell": site.cell,
                    "line": site.line,
                    "name": site.name,
                    "function": site.function,
                    "serial": serial,
                    "value": describer.describe(value),
                }
                for site, serial, value in found.all()
            ]

    def _fitting(self, filters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        numels = set(filters.get("numel") or ())
        for path, thing in walk(self.session, self.instrument):
            if isinstance(thing, torch.Tensor) and not isinstance(thing, nn.Parameter):
                size, ndim = thing.numel(), thing.ndim
            elif isinstance(thing, np.ndarray):
                size, ndim = thing.size, thing.ndim
            else:
                continue
            if ndim >= filters.get("min_ndim", 0) and (not numels or size in numels):
                yield path, thing

    def _versions(self, filters: dict[str, Any]) -> dict[int, tuple[Any, Any]]:
        return {id(thing): (thing, getattr(thing, "_version", None)) for _, thing in self._fitting(filters)}

    def _changed(self, filters: dict[str, Any], before: dict[int, tuple[Any, Any]], describer: Describer) -> list[Any]:
        found = []
        for path, thing in self._fitting(filters):
            known = before.get(id(thing))
            if known is not None and known[0] is thing and known[1] == getattr(thing, "_version", None):
                continue
            found.append({"path": path, "value": describer.describe(thing)})
            if len(found) >= 100:
                break
        return found


def seed_all(seed: int) -> None:
    """Seeds torch, numpy and random."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


@contextlib.contextmanager
def _mode(module: Any, mode: str) -> Iterator[None]:
    """Puts a module into a mode and restores flags and buffers afterwards; other objects are left alone."""
    if not isinstance(module, nn.Module):
        yield
        return
    flags = {part: part.training for part in module.modules()}
    buffers = {name: buffer.detach().clone() for name, buffer in module.named_buffers()}
    module.train(mode == "train")
    try:
        yield
    finally:
        for part, flag in flags.items():
            part.training = flag
        with torch.no_grad():
            for name, buffer in module.named_buffers():
                if name in buffers and buffer.shape == buffers[name].shape:
                    buffer.copy_(buffers[name])


@contextlib.contextmanager
def _watched_modules(module: Any, calls: list[dict[str, Any]]) -> Iterator[None]:
    """Notes the calls of a module's submodules with their shapes."""
    if not isinstance(module, nn.Module):
        yield
        return
    names = {id(part): name for name, part in module.named_modules()}

    def note(part: nn.Module, given: Any, output: Any) -> None:
        if len(calls) < 2_000:
            calls.append(
                {
                    "name": names.get(id(part), ""),
                    "type": layer_type(part),
                    "training": part.training,
                    "shapes_in": _shapes(given),
                    "shapes_out": _shapes(output),
                }
            )

    handles = [part.register_forward_hook(note) for part in module.modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _shapes(thing: Any) -> list[list[int]]:
    if isinstance(thing, torch.Tensor):
        return [list(thing.shape)]
    if isinstance(thing, (list, tuple)):
        return [shape for item in thing for shape in _shapes(item)]
    return []
