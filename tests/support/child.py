"""The forked side of the harness: executes cells, then answers requests through a pipe."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "agg")


class _FakeShell:
    """What transformed magics call."""

    def run_line_magic(self, name: str, line: str, *_: Any) -> Any:
        return None

    def run_cell_magic(self, name: str, line: str, body: str) -> Any:
        return exec(body, sys.modules["__main__"].__dict__) if name in {"time", "timeit", "capture"} else None

    def system(self, command: str) -> None:
        return None

    def getoutput(self, command: str, *_: Any) -> list[str]:
        return []


def main(connection: Any, cells: list[str], config: dict[str, Any]) -> None:
    """Executes ``cells`` in ``config["folder"]`` and serves requests until the pipe closes."""
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    folder = Path(config["folder"])
    workdir = Path(config["assets"]) / "workdir"
    if workdir.is_dir():
        shutil.copytree(workdir, folder, dirs_exist_ok=True)
    os.chdir(folder)
    namespace: dict[str, Any] = {"__name__": "__main__", "get_ipython": _FakeShell, "display": print}
    main_module = sys.modules["__main__"].__dict__
    for name in [name for name in main_module if not name.startswith("__")]:
        del main_module[name]  # the test runner's own names are not the notebook's
    main_module.update(namespace)
    namespace = main_module
    from grader.probe import kernel_side

    output = io.StringIO()
    sys.stdin = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        kernel_side.start({**config, "namespace": namespace})
        service = kernel_side.current()
        executed = [
            _run(index, text, namespace, service, output, config["budget_s"]) for index, text in enumerate(cells)
        ]
        connection.send(executed)
        while True:
            try:
                verb, params, arrays = connection.recv()
            except EOFError:
                return
            connection.send(_answer(service, verb, params, arrays))


def _answer(service: Any, verb: str, params: Any, arrays: Any) -> tuple[Any, Any, Any]:
    try:
        data, tensors = service.answer(verb, params, arrays)
    except Exception:
        return {}, {}, {"kind": "malformed", "message": traceback.format_exc()[-3000:]}
    return data, tensors, None


def _run(
    index: int, text: str, namespace: dict[str, Any], service: Any, output: io.StringIO, budget_s: float | None
) -> dict[str, Any]:
    if text.startswith("#md"):
        return {"index": index, "kind": "markdown", "source": text[3:].lstrip()}
    from IPython.core.inputtransformer2 import TransformerManager

    service.next_cell(index, budget_s)
    start, began = output.tell(), time.monotonic()
    cell: dict[str, Any] = {"index": index, "kind": "code", "source": text}
    name = f"<cell {index}>"
    try:
        source = TransformerManager().transform_cell(text)
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        tree = service.instrument.transform(ast.parse(source), source, index)
        _execute(tree, name, namespace)
    except BaseException as fault:
        error = service.session.error(fault)
        cell.update(
            status="error", error_name=error["type"], error_message=error["message"], error_line=error["own_line"]
        )
    cell["text"] = output.getvalue()[start:][:100_000]
    cell["duration_s"] = time.monotonic() - began
    return cell


def _execute(tree: ast.Module, name: str, namespace: dict[str, Any]) -> None:
    """Like a notebook: the value of a last expression is shown."""
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    if last is not None:
        tree.body.pop()
    exec(compile(tree, name, "exec"), namespace)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)
        if value is not None:
            print(repr(value)[:5000])
