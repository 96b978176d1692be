"""Runs cells of the notebook once more in place, with a repair, as if the notebook went on.

Unlike a rerun, this happens in the notebook's own namespace and under the eyes of recorder and instrument: what the
cells could not show because of an earlier fault is in the inventory afterwards. The repair stays for what follows.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from .rerun import BudgetSpent, limit, transformed

if TYPE_CHECKING:
    from .service import Service


class Again:
    """What was run again, if anything; the same order is carried out once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ordered: dict[str, Any] | None = None
        self._results: list[dict[str, Any]] = []

    def carry_out(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """Runs the cells of an order unless that is done; says how each ended.

        Args:
            order: ``cells`` with ``index`` and ``source``, ``repair`` (``batches``), ``budget_s``.
        """
        if order != self._ordered:
            self._ordered = order
            if order.get("repair") == "batches":
                _give_batches()
            limit(self._service.recorder, order)
            try:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    self._results = [self._run(int(cell["index"]), str(cell["source"])) for cell in order["cells"]]
            finally:
                self._service.recorder.stop = None
                self._service.end_cell()
        return self._results

    def _run(self, index: int, source: str) -> dict[str, Any]:
        service, error = self._service, None
        service.instrument.forget(index)
        service.next_cell(index)
        try:
            text = transformed(source)
            name = f"<again {index}>"
            linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
            tree = service.instrument.transform(ast.parse(text), text, index)
            exec(compile(tree, name, "exec"), service.session.namespace)
        except (Exception, SystemExit, BudgetSpent) as fault:
            error = service.session.error(fault)
        return {"index": index, "ok": error is None, "error": error}


def _give_batches() -> None:
    """From now on, networks get a single image (3, H, W) as a batch of one."""
    original = nn.Module.__call__

    def called(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if args and _is_image(args[0]) and next(self.parameters(), None) is not None:
            args = (args[0][None], *args[1:])
        return original(self, *args, **kwargs)

    nn.Module.__call__ = called  # type: ignore[method-assign]


def _is_image(thing: Any) -> bool:
    return (
        isinstance(thing, torch.Tensor)
        and thing.ndim == 3
        and thing.shape[0] == 3
        and min(thing.shape[1:]) >= 16
        and thing.is_floating_point()
    )
