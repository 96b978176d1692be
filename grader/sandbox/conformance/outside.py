"""Checks that look at a sandbox from the host: ends, limits, signals, clean-up, data, GPUs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from grader.sandbox import gpu as gpus
from grader.sandbox.conformance.trial import LIMITS, Broken, NotHere, Trial
from grader.sandbox.types import Limits

_SOON_S = 10.0


def exit_told(trial: Trial) -> None:
    """Exit status and last words come back; a crash is told as one."""
    _expect(trial.ended("print('last words'); raise SystemExit(7)"), (7, "exit", "last words"))
    crash = trial.ended("import os; os.kill(os.getpid(), 11)")[:2]
    _expect(crash, (128 + signal.SIGSEGV, "signal"))


def memory(trial: Trial) -> None:
    """Too much memory ends the process, and is told."""
    grow = "import time; kept = [bytearray(b'x') * 2**20 for _ in range(2000)]; time.sleep(30)"
    status, reason, _said = trial.ended(grow)
    if reason != "memory":
        message = f"ended with status {status} and reason '{reason}'"
        raise Broken(message)


def memory_of_files(trial: Trial) -> None:
    """Files in memory count as memory."""
    code = "import os; os.chdir('{}'); open('a', 'wb').write(b'x' * 2**20 * {}); print('written')"
    half = LIMITS.disk_mib - 4
    _status, _reason, said = trial.ended(code.format("/dev/shm", half))  # noqa: S108 - inside the sandbox
    if "written" not in said:
        message = f"a file of {half} MiB could not be written: {said[-200:]}"
        raise Broken(message)


def interrupt(trial: Trial) -> None:
    """An interrupt reaches the program."""
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(9)); print('ready', flush=True); time.sleep(60)"
    )
    with trial.running(code) as process:
        _until(lambda: "ready" in process.log_tail, "the program did not start")
        process.signal(signal.SIGINT)
        if process.wait(_SOON_S) != 9:
            message = "the program did not get the signal"
            raise Broken(message)


def kill(trial: Trial) -> None:
    """Everything ends at once when it is killed: children, their children, those that left the session."""
    mark = str(time.time_ns())
    code = (
        "import os, subprocess, sys, time\n"
        f"sleeper = [sys.executable, '-c', 'import time; time.sleep(600)', '{mark}']\n"
        "subprocess.Popen(sleeper, start_new_session=True)\n"
        "if os.fork() == 0: subprocess.Popen(sleeper, start_new_session=True); os._exit(0)\n"
        "print('ready', flush=True); time.sleep(600)"
    )
    with trial.running(code) as process:
        _until(lambda: "ready" in process.log_tail, "the program did not start")
        process.kill()
        if process.wait(_SOON_S) is None or process.exit_reason != "killed":
            message = "still runs after it was killed"
            raise Broken(message)
    try:
        _until(lambda: not _processes_with(mark), "left processes behind")
    finally:
        for pid in _processes_with(mark):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def data(trial: Trial) -> None:
    """Uploads come to a writable working folder; data and libraries are read-only; the exchange folder is shared."""
    uploads, assets = trial.root / "uploads", trial.root / "assets"
    for folder in (uploads, assets / "workdir"):
        folder.mkdir(parents=True, exist_ok=True)
    (uploads / "mine.txt").write_text("mine", encoding="utf-8")
    (assets / "workdir" / "mine.txt").write_text("theirs", encoding="utf-8")
    spec = trial.spec("", uploads=uploads, assets=assets)
    inside = trial.backend.inside(spec)
    code = (
        "import os\n"
        "assert open('mine.txt').read() == 'mine'; open('new.txt', 'w').write('x')\n"
        f"for place in ({str(inside.assets)!r}, {str(inside.uploads)!r}):\n"
        "    try: open(place + '/new.txt', 'w')\n"
        "    except OSError: continue\n"
        "    print('wrote', place)\n"
        f"open({str(inside.exchange / 'answer')!r}, 'w').write('given')"
    )
    process = trial.backend.start(replace(spec, python_args=("-I", "-c", code)))
    try:
        status = process.wait(30)
    finally:
        process.cleanup()
    if status != 0 or process.log_tail:
        raise Broken(process.log_tail[-300:] or f"ended with status {status}")
    answer = spec.exchange / "answer"
    if answer.read_text(encoding="utf-8") != "given":
        message = "the exchange folder is not shared"
        raise Broken(message)
    answer.unlink()


def gpu(trial: Trial) -> None:
    """PyTorch computes on the GPU that is given."""
    if not gpus.present():
        message = "this machine has no GPU"
        raise NotHere(message)
    if not trial.backend.gpus():
        message = "no GPU for notebooks: Docker needs the NVIDIA container toolkit, the others a PyTorch with CUDA"
        raise NotHere(message)
    code = "import torch; print('sum', torch.ones(2, device='cuda').sum().item())"
    status, reason, said = trial.ended(code, gpus=trial.backend.gpus()[:1], limits=Limits())
    if not said.endswith("sum 2.0"):
        raise Broken(said[-300:] or f"ended with status {status} and reason '{reason}'")


def _expect(found: object, expected: object) -> None:
    if found != expected:
        message = f"expected {expected}, got {found}"
        raise Broken(message)


def _until(condition: object, message: str) -> None:
    assert callable(condition)  # noqa: S101 - a slip of this file
    deadline = time.monotonic() + _SOON_S
    while not condition():
        if time.monotonic() > deadline:
            raise Broken(message)
        time.sleep(0.05)


def _processes_with(mark: str) -> list[int]:
    """Processes of this machine with ``mark`` in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if mark.encode() in words:
                    found.append(int(folder.name))
    if not found and not Path("/proc/self").exists():  # not Linux
        said = subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout  # noqa: S607
        found = [int(line.split()[0]) for line in said.splitlines() if mark in line]
    return found
