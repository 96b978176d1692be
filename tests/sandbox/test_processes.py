"""What every sandbox promises about a process: its end, its limits, its walls."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.sandbox import Backend, Limits, SandboxProcess, SandboxSpec

SMALL = Limits(memory_mib=400, processes=64, disk_mib=32)


@contextlib.contextmanager
def running(backend: Backend, folder: Path, code: str, **spec: object) -> Iterator[SandboxProcess]:
    (folder / "x").mkdir(exist_ok=True)
    options = {"limits": SMALL, **spec}
    process = backend.start(SandboxSpec(("-c", code), folder, **options))  # type: ignore[arg-type]
    try:
        yield process
    finally:
        process.cleanup()


def ended(backend: Backend, folder: Path, code: str, **spec: object) -> tuple[int | None, str, str]:
    with running(backend, folder, code, **spec) as process:
        status = process.wait(30)
        reason = process.exit_reason
        time.sleep(0.1)  # the log is read by another thread
        return status, reason, process.log_tail


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_exit_status_and_output_come_back(backend: Backend, folder: Path) -> None:
    assert ended(backend, folder, "print('hello'); raise SystemExit(3)") == (3, "exit", "hello")


def test_a_crash_is_told_as_a_signal(backend: Backend, folder: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    assert ended(backend, folder, code)[:2] == (128 + signal.SIGSEGV, "signal")


def test_too_much_memory_ends_it_and_is_told(backend: Backend, folder: Path) -> None:
    code = "import time; x = bytearray(b'x') * (2 * 10**9); time.sleep(20)"
    assert ended(backend, folder, code)[1] == "memory"


def test_memory_of_a_child_that_is_killed_is_not_blamed_on_the_process(isolating: Backend, folder: Path) -> None:
    code = """
import subprocess, sys
greedy = "open('/proc/self/oom_score_adj', 'w').write('1000'); x = bytearray(b'x') * (2 * 10**9)"
print("child", subprocess.run([sys.executable, "-c", greedy]).returncode)
"""
    assert ended(isolating, folder, code) == (0, "exit", "child -9")


def test_kill_ends_it_at_once(backend: Backend, folder: Path) -> None:
    with running(backend, folder, "import time; time.sleep(60)") as process:
        assert process.poll() is None
        process.kill()
        assert process.wait(5) == 128 + signal.SIGKILL
        assert process.exit_reason == "killed"


def test_a_signal_reaches_the_program(backend: Backend, folder: Path) -> None:
    code = """
import pathlib, signal, sys, time, os
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
print("ready", flush=True)
time.sleep(30)
"""
    with running(backend, folder, code) as process:
        deadline = time.monotonic() + 20
        while "ready" not in process.log_tail and time.monotonic() < deadline:
            time.sleep(0.05)
        process.signal(signal.SIGINT)
        assert process.wait(5) == 7


def test_cleaning_up_twice_is_fine(backend: Backend, folder: Path) -> None:
    with running(backend, folder, "pass") as process:
        process.wait(30)
        process.cleanup()
    assert process.poll() is not None


def test_nothing_of_the_hosts_environment_gets_in(
    backend: Backend, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_TEST_TOKEN", "secret-value")
    _status, _reason, said = ended(backend, folder, "import os; print(dict(os.environ))", env={"EXTRA": "given"})
    assert "secret-value" not in said
    assert "'EXTRA': 'given'" in said
    assert "'USER': 'student'" in said


def test_there_is_no_network(isolating: Backend, folder: Path) -> None:
    code = """
import socket
for address in [("192.0.2.1", 80), ("127.0.0.1", 22)]:
    try:
        socket.create_connection(address, timeout=2)
    except OSError as error:
        print(type(error).__name__)
print([name for _, name in socket.if_nameindex() if name != "lo"])
"""
    _status, _reason, said = ended(isolating, folder, code)
    assert said.splitlines() == ["OSError", "ConnectionRefusedError", "[]"]


def test_host_files_are_invisible_or_read_only(isolating: Backend, folder: Path) -> None:
    project = Path(__file__).resolve().parents[2]
    secret = folder / "secret.txt"
    secret.write_text("the answers")
    code = f"""
import os
print(os.path.exists({str(project)!r}), os.path.exists({str(secret)!r}), os.path.exists("/etc/shadow.backup"))
print(open("/etc/passwd").read().count("root:x") )
for place in ["/new", "/usr/new", "/etc/new", "/grader/new", {sys.prefix + "/lib/new"!r}]:
    try:
        open(place, "w")
        print("wrote", place)
    except OSError as error:
        pass
"""
    said = ended(isolating, folder, code)[2].splitlines()
    assert said[0] == "False False False"
    assert not [line for line in said if line.startswith("wrote")]


def test_the_sandbox_cannot_import_the_answers(isolating: Backend, folder: Path) -> None:
    code = """
import importlib.util
print([name for name in ("grader", "rubrics", "reference") if importlib.util.find_spec(name)])
"""
    assert ended(isolating, folder, code)[2] == "[]"


def test_it_runs_without_rights(isolating: Backend, folder: Path) -> None:
    code = """
import os, subprocess
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
print(os.getuid() != 0, int(status["CapEff"], 16), int(status["CapBnd"], 16), status["NoNewPrivs"].strip())
print(len([name for name in os.listdir("/proc") if name.isdigit()]) < 10)
"""
    assert ended(isolating, folder, code)[2].splitlines() == ["True 0 0 1", "True"]


def test_a_fork_bomb_stays_inside(isolating: Backend, folder: Path) -> None:
    code = """
import os, time
children = 0
try:
    for _ in range(1000):
        if os.fork() == 0:
            time.sleep(30.5)
            os._exit(0)
        children += 1
except OSError:
    pass
print("children", children, flush=True)
"""
    with running(isolating, folder, code) as process:
        deadline = time.monotonic() + 20
        while "children" not in process.log_tail and time.monotonic() < deadline:
            time.sleep(0.05)
        assert 0 < int(process.log_tail.split()[1]) < SMALL.processes
    assert "time.sleep(30.5)" not in subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout


def test_writable_areas_have_a_size(isolating: Backend, folder: Path) -> None:
    code = """
import os
for place in ["/tmp", os.environ["HOME"], "/dev/shm"]:
    try:
        with open(place + "/big", "wb") as stream:
            for _ in range(200):
                stream.write(b"x" * 2**20)
        print("wrote 200 MiB to", place)
    except OSError as error:
        print(error.strerror)
    os.remove(place + "/big")
"""
    assert ended(isolating, folder, code)[2].splitlines() == ["No space left on device"] * 3


def test_uploads_come_to_the_working_folder_before_the_courses_files(backend: Backend, folder: Path) -> None:
    uploads, assets = folder / "uploads", folder / "assets"
    (uploads / "sub").mkdir(parents=True)
    (assets / "workdir").mkdir(parents=True)
    (uploads / "mine.txt").write_text("mine")
    (uploads / "sub" / "deep.txt").write_text("deep")
    (assets / "workdir" / "mine.txt").write_text("course")
    (assets / "workdir" / "image.jpg").write_text("picture")
    code = "print(*[open(name).read() for name in ('mine.txt', 'sub/deep.txt', 'image.jpg')]); open('new', 'w')"
    assert ended(backend, folder, code, uploads=uploads, assets=assets)[2] == "mine deep picture"


def test_libraries_can_be_imported_from_their_folder(backend: Backend, folder: Path) -> None:
    source = folder / "somewhere"
    source.mkdir()
    (source / "__init__.py").write_text("ANSWER = 42\n")
    where = backend.inside(SandboxSpec((), folder)).libraries
    code = f"import sys; sys.path.append({str(where)!r}); import side; print(side.ANSWER)"
    assert ended(backend, folder, code, libraries={"side": source})[2] == "42"


def test_what_it_leaves_in_the_exchange_folder_can_be_read_and_removed(backend: Backend, folder: Path) -> None:
    where = backend.inside(SandboxSpec((), folder)).exchange
    code = f"open({str(where / 'answer')!r}, 'w').write('given')"
    assert ended(backend, folder, code)[0] == 0
    assert (folder / "x" / "answer").read_text() == "given"
    (folder / "x" / "answer").unlink()
