"""Nothing is left behind, however a run ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.execution.folder import RunFolder
from grader.sandbox import Backend
from grader.sandbox.engine import engine
from tests.execution.notebooks import ECHO, opened

PROJECT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def own_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def containers(*makers: int) -> set[str]:
    """Containers that these processes have started; others may grade on this machine, too."""
    with engine() as client:
        found = client.containers.list(all=True, filters={"label": "grader.owner"}, ignore_removed=True)
    prefixes = tuple(f"{socket.gethostname()}/{pid}@" for pid in makers)
    return {container.id for container in found if container.labels["grader.owner"].startswith(prefixes)}


def control_groups() -> set[Path]:
    return {path for depth in ("*", "*/*") for path in Path("/sys/fs/cgroup").glob(f"{depth}/grader-{os.getpid()}-*")}


def eventually(condition: Callable[[], bool], within_s: float = 15) -> bool:
    deadline = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def kernels(folder: Path) -> list[str]:
    """Processes of this machine that have the folder in their command line."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):
                if str(folder).encode() in (process / "cmdline").read_bytes():
                    found.append(process.name)
    return found


def test_a_finished_notebook_leaves_nothing(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import subprocess, os\nsubprocess.Popen(['sleep', '600'])\nos.makedirs('a/b')"
    with own_temporary_folder(monkeypatch) as folder:
        with opened(backend, code):
            assert list(folder.iterdir())
            assert backend.name != "docker" or len(containers(os.getpid())) == 1
        assert list(folder.iterdir()) == []
        assert eventually(lambda: not kernels(folder), 3)
    assert control_groups() == set()
    assert backend.name != "docker" or containers(os.getpid()) == set()


def test_a_folder_that_the_notebook_closed_is_removed(isolating: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import os
os.makedirs('/grader/exchange/a/b')
open('/grader/exchange/a/b/c', 'w').close()
os.chmod('/grader/exchange/a', 0)
"""
    with own_temporary_folder(monkeypatch) as folder:
        with opened(isolating, code) as live:
            assert live.executed.cells[0].status == "ok"
        assert list(folder.iterdir()) == []


def test_a_folder_that_is_gone_already_leaves_the_place_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_temporary_folder(monkeypatch) as place:
        place.chmod(0o755)
        folder = RunFolder.create()
        shutil.rmtree(folder.root)
        folder.remove()
        assert stat.S_IMODE(place.stat().st_mode) == 0o755


def test_an_error_of_the_caller_leaves_nothing(isolating: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        with opened(isolating, "x = 1"):
            raise KeyboardInterrupt

    with own_temporary_folder(monkeypatch) as folder:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert list(folder.iterdir()) == []
        assert eventually(lambda: not kernels(folder), 3)


def run_apart(backend: Backend, temporary: Path) -> subprocess.Popen[str]:
    """A process of its own that runs a notebook with an endless cell and says when that cell begins."""
    code = f"""
    import sys
    from tests.execution.notebooks import job
    from grader.execution import open_notebook
    from grader.sandbox import choose
    backend = choose({backend.name!r})
    with open_notebook(job("while True: pass"), backend, lambda progress: print("begun", flush=True)):
        pass
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def test_ctrl_c_while_a_cell_runs_leaves_nothing(isolating: Backend) -> None:
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        process = run_apart(isolating, Path(folder))
        if isolating.name == "docker":
            assert len(containers(process.pid)) == 1
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _said, errors = process.communicate(timeout=30)
        assert process.returncode != 0
        assert "KeyboardInterrupt" in errors
        assert os.listdir(folder) == []
        assert eventually(lambda: not kernels(Path(folder)))
    if isolating.name == "docker":
        assert containers(process.pid, os.getpid()) == set()


def test_after_a_kill_the_next_run_removes_what_was_left(isolating: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        process = run_apart(isolating, Path(folder))
        if isolating.name == "docker":
            assert len(containers(process.pid)) == 1
        process.kill()
        process.communicate(timeout=30)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        isolating.check()
        assert eventually(lambda: not kernels(Path(folder)))
        with opened(isolating, "x = 1"):
            pass
        assert os.listdir(folder) == []
    if isolating.name == "docker":
        assert containers(process.pid, os.getpid()) == set()


def test_the_echo_kernel_side_is_where_the_tests_expect_it() -> None:
    assert (ECHO / "__init__.py").is_file()
