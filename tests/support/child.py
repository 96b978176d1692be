"""The forked side of the harness: executes cells, then answers requests through a pipe."""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import linecache
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "agg")


class _FakeShell:
    """What transformed magics call."""

    def run_line_magic(self, name: str, line: str, *_: Any) -> Any:
        return None

    def run_cell_magic(self, name: str, line: str, body: str) -> Any:
        if name in {"writefile", "file"}:
            Path(line.rsplit(maxsplit=1)[-1]).write_text(body, encoding="utf-8")
            importlib.invalidate_caches()
            return None
        return exec(body, sys.modules["__main__"].__dict__) if name in {"time", "timeit", "capture"} else None

    def system(self, command: str) -> None:
        return None

    def getoutput(self, command: str, *_: Any) -> list[str]:
        return []


def main(connection: Any, cells: list[str], config: dict[str, Any]) -> None:
    """Executes ``cells`` in ``work`` of ``config["folder"]`` and serves requests until the pipe closes."""
    warnings.simplefilter("ignore")
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # loaders have workers
    multiprocessing.set_start_method("fork", force=True)  # as in a kernel; the fork server's method is inherited
    import torch

    torch.set_num_threads(1)
    folder, scratch = (Path(config["folder"]) / name for name in ("work", "tmp"))
    for made in (folder, scratch):
        made.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(scratch)  # this process is killed in the end and cleans up nothing
    workdir = Path(config["assets"]) / "workdir"
    if workdir.is_dir():
        shutil.copytree(workdir, folder, dirs_exist_ok=True)
    os.chdir(folder)
    sys.path.insert(0, "")  # as in a kernel
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
        executed = [_run(index, text, namespace, service, output, config) for index, text in enumerate(cells)]
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
    index: int, text: str, namespace: dict[str, Any], service: Any, output: io.StringIO, limits: dict[str, Any]
) -> dict[str, Any]:
    if text.startswith("#md"):
        return {"index": index, "kind": "markdown", "source": text[3:].lstrip()}
    from IPython.core.inputtransformer2 import TransformerManager

    service.next_cell(index, limits["budget_s"])
    start, began = output.tell(), time.monotonic()
    cell: dict[str, Any] = {"index": index, "kind": "code", "source": text}
    name = f"<cell {index}>"
    try:
        source = TransformerManager().transform_cell(text)
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        tree = service.instrument.transform(ast.parse(source), source, index)
        with _limited(limits["cell_limit_s"]):
            _execute(tree, name, namespace)
    except BaseException as fault:
        error = service.session.error(fault)
        status = "timeout" if isinstance(fault, KeyboardInterrupt) and limits["cell_limit_s"] else "error"
        cell.update(
            status=status, error_name=error["type"], error_message=error["message"], error_line=error["own_line"]
        )
    cell["text"] = output.getvalue()[start:][:100_000]
    cell["duration_s"] = time.monotonic() - began
    return cell


@contextlib.contextmanager
def _limited(limit_s: float | None) -> Iterator[None]:
    """Interrupts a cell after so long, as Jupyter does; what a busy machine let it wait for does not count."""
    if limit_s is None:
        yield
        return
    begun = time.monotonic() - _waited_s()

    def look(*_: Any) -> None:
        if time.monotonic() - _waited_s() - begun > limit_s:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _waited_s() -> float:
    """Time for which this process could have run while others did."""
    statistics = Path("/proc/self/schedstat")
    return int(statistics.read_text().split()[1]) / 1e9 if statistics.exists() else 0.0


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
