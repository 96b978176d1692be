"""Starts the parts in the kernel and answers requests that lie in the exchange folder."""

from __future__ import annotations

import builtins
import json
import os
import random
import sys
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from .again import Again
from .describe import Describer, is_lazy
from .expressions import Evaluator
from .hooks import install
from .instrument import HOOKS, Instrument
from .inventory import Inventory
from .reach import walk
from .recorder import Recorder
from .rerun import Rerunner
from .session import Session
from .shown import install_pictures
from .steps import Steps, seed_all


class Service:
    """The kernel side as a whole."""

    def __init__(self, config: dict[str, Any]) -> None:
        shell = _shell()
        namespace = config.get("namespace")
        if namespace is None:
            namespace = shell.user_ns if shell is not None else vars(sys.modules["__main__"])
        self.exchange = str(config.get("exchange", ""))
        self.session = Session(namespace)
        self.instrument = Instrument(self.session)
        self.recorder = Recorder(self.session)
        self._on_gpu = False
        self._again = Again(self)
        self._name_hooks()
        install(self.recorder)
        install_pictures(self.recorder)
        seed_all(int(config.get("seed", 0)))
        if os.path.isfile(os.path.join(str(config.get("assets", "")), "manifest.json")):
            from .provide import install as provide

            redirect = bool(config.get("redirect_cuda", True)) or not torch.cuda.is_available()
            self._on_gpu = not redirect
            provide(str(config["assets"]), redirect_cuda=redirect, note=self.recorder.note)
        if shell is not None:
            transformer = _Transformer(self.instrument, shell)
            shell.ast_transformers.append(transformer)
            shell.events.register("pre_run_cell", transformer.take_source)
            shell.events.register("post_run_cell", lambda *_: self.session.note_bindings())
        self._watch_streams()

    def _name_hooks(self) -> None:
        """The notebook's own code calls the hooks by a name, which a notebook can remove."""
        setattr(builtins, HOOKS, self.instrument)

    def _watch_streams(self) -> None:
        for stream in {id(stream): stream for stream in (sys.stdout, sys.stderr)}.values():
            original = stream.write

            def write(text: str, _original: Any = original) -> Any:
                self.recorder.printed(text)
                return _original(text)

            try:
                stream.write = write  # type: ignore[method-assign]
            except AttributeError:
                continue

    def next_cell(self, index: int, budget_s: float | None = None) -> None:
        """Says that the cell at ``index`` runs next, and after how long its training is cut short."""
        self._name_hooks()
        self.end_cell()
        self.session.cell = index
        self.recorder.budget.begin(budget_s)
        self.recorder.emit("cell", index=index, when="start")

    def end_cell(self) -> None:
        """Says that no cell runs now."""
        if self.session.cell is not None:
            self.session.note_bindings()
            self.recorder.emit("cell", index=self.session.cell, when="end")
            self.session.cell = None
        self.recorder.budget.begin(None)
        self.recorder.anatomies.forget()

    def answer(
        self, verb: str, params: dict[str, Any], arrays: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answer to a request: JSON data and arrays."""
        self._name_hooks()
        self.end_cell()
        if verb == "graph":
            return {"on_gpu": self._holds_graph()}, {}
        self._leave_gpu()
        again = self._again.carry_out(params["after"]) if "after" in params else []
        self.instrument.recording = False
        self.instrument.plain.put_back()
        describer = Describer(self.session)
        evaluate = Evaluator(self.session, arrays)
        states = torch.get_rng_state(), np.random.get_state(), random.getstate()
        try:
            data = {"results": again} if verb == "again" else self._dispatch(verb, params, evaluate, describer)
        finally:
            self.instrument.recording = True
            torch.set_rng_state(states[0])
            np.random.set_state(states[1])
            random.setstate(states[2])
        if verb == "trace":
            describer.tensors["packed"] = self.recorder.packed.whole()
        return data, describer.tensors

    def _holds_graph(self) -> bool:
        """Whether the notebook trained nothing and left a graph on the GPU that its functions may go back through."""
        if not self._on_gpu or self.recorder.optimizers:
            return False
        from .provide.landing import holds_graph

        return holds_graph()

    def _leave_gpu(self) -> None:
        """Before the first answer: the notebook has run, and what looks at its objects computes on the CPU."""
        if not self._on_gpu:
            return
        from .provide.landing import land

        self._on_gpu = False
        land(self.session.namespace, self.recorder.note)

    def _dispatch(self, verb: str, params: dict[str, Any], evaluate: Evaluator, describer: Describer) -> dict[str, Any]:
        parts = self.session, self.instrument, self.recorder
        if verb == "evaluate":
            return {"steps": Steps(*parts).run(params["steps"], evaluate, describer)}
        if verb == "inventory":
            return Inventory(*parts, describer).all()
        if verb == "scan":
            return {"found": scan(self, params, describer)}
        if verb == "trace":
            return {"events": self.recorder.trace(params.get("since", 0))}
        if verb == "shortened":
            return {"cells": sorted(self.recorder.budget.shortened)}
        if verb == "rerun":
            return Rerunner(*parts).run(params, evaluate, describer)
        message = f"unknown verb {verb!r}"
        raise ValueError(message)

    def serve(self, name: str) -> None:
        """Answers the request in the exchange folder; the answer appears there as a whole or not at all."""
        base = os.path.join(self.exchange, name)
        with open(f"{base}.request.json", encoding="utf-8") as stream:
            request = json.load(stream)
        arrays_file = f"{base}.request.safetensors"
        arrays = load_file(arrays_file) if os.path.exists(arrays_file) else {}
        data, tensors = self.answer(request["verb"], request.get("params", {}), arrays)
        if tensors:
            save_file({key: _storable(array) for key, array in tensors.items()}, f"{base}.answer.tmp1")
            os.replace(f"{base}.answer.tmp1", f"{base}.answer.safetensors")
        with open(f"{base}.answer.tmp2", "w", encoding="utf-8") as stream:
            json.dump(data, stream, default=str)
        os.replace(f"{base}.answer.tmp2", f"{base}.answer.json")


class _Transformer:
    """Hands IPython's trees to the instrument, with the source that IPython is about to run."""

    def __init__(self, instrument: Instrument, shell: Any) -> None:
        self.instrument, self.shell = instrument, shell
        self.source = ""

    def take_source(self, info: Any) -> None:
        """Keeps the source of the cell that IPython is about to parse."""
        self.source = self.shell.transform_cell(info.raw_cell or "")

    def visit(self, tree: Any) -> Any:
        """IPython's protocol of AST transformers."""
        return self.instrument.transform(tree, self.source)


def scan(service: Service, params: dict[str, Any], describer: Describer) -> list[dict[str, Any]]:
    """Reachable tensors and arrays that pass the filters, at most 300."""
    numels, found = set(params.get("numel") or ()), []
    limit = params.get("max_numel", 1_000_000)
    for path, thing in walk(service.session, service.instrument):
        if isinstance(thing, torch.Tensor):
            size, ndim, usable = (
                thing.numel(),
                thing.ndim,
                not is_lazy(thing),
            )
        elif isinstance(thing, np.ndarray):
            size, ndim, usable = thing.size, thing.ndim, thing.dtype.kind in "biuf"
        else:
            continue
        if not usable or ndim < params.get("min_ndim", 0) or size > limit or (numels and size not in numels):
            continue
        if params.get("one_hot") and not _one_hot(thing):
            continue
        found.append({"path": path, "value": describer.describe(thing)})
        if len(found) >= 300:
            break
    return found


def _one_hot(thing: Any) -> bool:
    array = np.asarray(thing.detach().cpu() if isinstance(thing, torch.Tensor) else thing)
    if array.ndim < 1 or array.size == 0:
        return False
    rows = array.reshape(-1, array.shape[-1])
    ones = ((rows == 0) | (rows == 1)).all() and (rows.sum(1) <= 1).all()
    return bool(ones and rows.any())


def _storable(array: Any) -> Any:
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="), copy=False)


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
