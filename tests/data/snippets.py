"""Runs pieces of notebook code, each in a fork of one prepared interpreter, with no network to fall back on.

Started as a script: ``snippets.py KERNEL_SIDE_PARENT ASSETS JOB.json RESULT.json``.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any


def refuse(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError(f"the network was tried: {args[:1]}")


def run_one(code: str, assets: str, events: list[Any]) -> dict[str, Any]:
    """Runs a piece in a child, in a working folder laid out as for a notebook."""
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.json"
        child = os.fork()
        if child == 0:
            status = {"error": "", "events": []}
            try:
                work = Path(scratch) / "work"
                work.mkdir()
                for file in sorted((Path(assets) / "workdir").iterdir()):
                    (work / file.name).write_bytes(file.read_bytes())
                os.chdir(work)
                events.clear()
                exec(compile(code, "<cell>", "exec"), {"__name__": "__main__", "events": events})
            except BaseException:
                status["error"] = traceback.format_exc()
            status["events"] = [{k: v for k, v in event.items() if k != "object"} for event in events]
            result.write_text(json.dumps(status))
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
        return json.loads(result.read_text()) if result.exists() else {"error": "the child died", "events": []}


def main() -> None:
    package, assets, job, result = sys.argv[1:]
    sys.path.insert(0, package)
    work = json.loads(Path(job).read_text())
    events: list[Any] = []
    exec(work["before"], {})
    from grader_kernel_side.provide import install

    install(assets, redirect_cuda=work["redirect_cuda"], note=events.append)
    exec(work["after"], {})
    socket.getaddrinfo = socket.create_connection = refuse  # type: ignore[assignment]
    answers = {name: run_one(code, assets, events) for name, code in work["snippets"].items()}
    Path(result).write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
