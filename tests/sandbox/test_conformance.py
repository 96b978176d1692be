"""Every sandbox keeps its promises; and the suite sees it when a protection is missing."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader.cli.main import call
from grader.errors import SandboxUnavailableError
from grader.sandbox import Backend, SandboxSpec, bubblewrap, cgroup, docker, gpu, interpreter, seccomp
from grader.sandbox.conformance import CHECKS, Finding, State, examine, known_weaknesses
from tests.sandbox.backends import get

ATTEMPTS_ON_A_BUSY_MACHINE = 12


@functools.cache
def findings(name: str) -> dict[str, Finding]:
    return {finding.check.name: finding for finding in examine(get(name))}


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_a_sandbox_keeps_its_promise(isolating: Backend, check: str) -> None:
    finding = findings(isolating.name)[check]
    assert finding.state in {State.KEPT, State.NOT_HERE} or check in known_weaknesses(isolating), finding.saw


def test_local_is_known_to_have_no_walls_and_is_not_made_to_push_against_them() -> None:
    found = findings("local")
    assert [name for name, finding in found.items() if finding.state is State.BROKEN] == []
    walls = [found[check.name] for check in CHECKS if check.area == "isolation"]
    assert all(finding.state is State.KNOWN and "not tried" in finding.saw for finding in walls)
    assert found["exit"].state is State.KEPT


# -- what the suite sees when a protection is switched off ----------------------------------------------------------


def without(flags: list[str], *unwanted: str) -> list[str]:
    """Flags of bubblewrap without some; a flag's values go with it."""
    kept: list[str] = []
    dropping = False
    for flag in flags:
        dropping = flag in unwanted if flag.startswith("--") else dropping
        kept += [] if dropping else [flag]
    return kept


def bubblewrap_flags(*unwanted: str, instead: tuple[str, ...] = ()) -> Callable[[pytest.MonkeyPatch], None]:
    def switch_off(patch: pytest.MonkeyPatch) -> None:
        original = bubblewrap._namespace_flags
        patch.setattr(bubblewrap, "_namespace_flags", lambda: [*without(original(), *unwanted), *instead])

    return switch_off


def bubblewrap_mounts(change: Callable[[list[str]], list[str]]) -> Callable[[pytest.MonkeyPatch], None]:
    def switch_off(patch: pytest.MonkeyPatch) -> None:
        original = bubblewrap._mount_flags
        patch.setattr(bubblewrap, "_mount_flags", lambda spec, inside: change(original(spec, inside)))

    return switch_off


def docker_options(**changed: Any) -> Callable[[pytest.MonkeyPatch], None]:
    def switch_off(patch: pytest.MonkeyPatch) -> None:
        original = docker._isolation
        patch.setattr(docker, "_isolation", lambda limits: {**original(limits), **changed})

    return switch_off


def attribute(module: object, name: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(module, name, value)


KEEP_USERS = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup")
WORK = "/home/student/work"
ENGINE = "/var/run/docker.sock"
SWITCHES: dict[str, tuple[str, str, Callable[[pytest.MonkeyPatch], None]]] = {
    "bubblewrap: filter of system calls": ("bubblewrap", "seccomp", attribute(seccomp, "program", lambda: None)),
    "bubblewrap: filter refuses calls": ("bubblewrap", "calls", attribute(seccomp, "REFUSED", ())),
    "bubblewrap: filter refuses socket families": (
        "bubblewrap", "socket-families", attribute(seccomp, "_only", lambda *_, **__: [seccomp._argument(0)]),
    ),
    "bubblewrap: network": (
        "bubblewrap", "network", bubblewrap_flags("--unshare-all", instead=KEEP_USERS),
    ),
    "bubblewrap: other processes": (
        "bubblewrap", "namespaces",
        bubblewrap_flags("--unshare-all", instead=("--unshare-user", "--unshare-net", "--unshare-ipc")),
    ),
    "bubblewrap: capabilities": (
        "bubblewrap", "user", bubblewrap_flags("--cap-drop", instead=("--cap-add", "CAP_NET_RAW")),
    ),
    "bubblewrap: user": ("bubblewrap", "user", bubblewrap_flags("--uid", "--gid", instead=("--uid", "0"))),
    "bubblewrap: read-only root": (
        "bubblewrap", "read-only", bubblewrap_mounts(lambda flags: without(flags, "--remount-ro")),
    ),
    "bubblewrap: sizes": ("bubblewrap", "disk", bubblewrap_mounts(lambda flags: without(flags, "--size"))),
    "bubblewrap: other files": (
        "bubblewrap", "host-files",
        bubblewrap_mounts(lambda flags: [*flags, "--ro-bind", "/tmp", "/tmp"]),
    ),
    "bubblewrap: environment": (
        "bubblewrap", "environment",
        attribute(bubblewrap, "variables", lambda *_: dict(os.environ)),
    ),
    "bubblewrap: Grader itself": (
        "bubblewrap", "answers",
        bubblewrap_mounts(lambda flags: [
            *without(flags, "--remount-ro"), "--ro-bind", str(Path(docker.__file__).parents[1]), f"{WORK}/grader",
        ]),
    ),
    "bubblewrap: devices": (
        "bubblewrap", "devices",
        bubblewrap_mounts(lambda flags: [*flags, "--tmpfs", "/dev", "--dev-bind", "/dev/null", "/dev/sda"]),
    ),
    "bubblewrap: largest file": ("bubblewrap", "limits-fixed", attribute(bubblewrap, "FILE_LIMIT_MIB", -1 / 2**20)),
    "docker: filter of system calls": (
        "docker", "seccomp",
        lambda patch: (docker_options(security_opt=["no-new-privileges:true", "seccomp=unconfined"])(patch),
                       patch.setattr(seccomp, "MACHINES", ())),
    ),
    "docker: our own filter": ("docker", "calls", attribute(seccomp, "MACHINES", ())),
    "docker: network": ("docker", "network", docker_options(network_mode="bridge")),
    "docker: read-only root": ("docker", "read-only", docker_options(read_only=False, user="0:0")),
    "docker: user": ("docker", "user", docker_options(user="0:0")),
    "docker: capabilities": ("docker", "user", docker_options(cap_drop=[])),
    "docker: processes": ("docker", "processes", docker_options(pids_limit=-1)),
    "docker: memory": ("docker", "memory", docker_options(mem_limit="3g", memswap_limit="3g")),
    "docker: processor": ("docker", "processor", docker_options(nano_cpus=2_000_000_000)),
    "docker: sizes": ("docker", "disk", docker_options(shm_size="200m")),
    "docker: other files": (
        "docker", "host-files", docker_options(volumes={ENGINE: {"bind": ENGINE, "mode": "ro"}}),
    ),
    "docker: largest file": ("docker", "limits-fixed", attribute(docker, "FILE_LIMIT_MIB", -1 / 2**20)),
    "docker: other processes": ("docker", "namespaces", docker_options(pid_mode="host")),
}  # fmt: skip


def noticed(backend: Backend, check: str, expected: State) -> list[Finding]:
    """What the suite finds; where other processes leave no processor idle, nobody can use more than a share of one."""
    chosen = [known for known in CHECKS if known.name == check]
    for _ in range(ATTEMPTS_ON_A_BUSY_MACHINE if check == "processor" else 1):
        found = list(examine(backend, chosen))
        if [finding.state for finding in found] == [expected]:
            break
        time.sleep(3)
    return found


@pytest.mark.parametrize(
    "switch",
    [pytest.param(name, marks=getattr(pytest.mark, given[0])) for name, given in SWITCHES.items()],
)
def test_a_missing_protection_is_noticed(switch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, check, switch_off = SWITCHES[switch]
    backend = get(name)
    assert findings(name)[check].state is State.KEPT
    switch_off(monkeypatch)
    found = noticed(backend, check, State.BROKEN)
    assert [finding.state for finding in found] == [State.BROKEN], found


@pytest.mark.bubblewrap
@pytest.mark.parametrize("controller", ["memory", "pids", "cpu"])
def test_a_missing_control_group_is_noticed(controller: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = get("bubblewrap")
    group = cgroup.create(bubblewrap.Limits())
    if group is None:
        pytest.skip("this user may not make control groups")
    group.remove()
    check = {"memory": "memory", "pids": "processes", "cpu": "processor"}[controller]
    monkeypatch.setattr(cgroup, "create", lambda limits: None)
    monkeypatch.setattr(bubblewrap.ChildProcess, "_watch_memory", lambda *_: None)
    # Processes stay limited by a resource limit, which binds ordinary users alone; the rest is not.
    processes = State.KNOWN if os.getuid() == 0 else State.KEPT
    expected = {"memory": State.BROKEN, "cpu": State.KNOWN, "pids": processes}[controller]
    found = noticed(backend, check, expected)
    assert [finding.state for finding in found] == [expected], found


# -- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_filter_is_a_program_that_ends(machine: str) -> None:
    program = seccomp.program(machine)
    assert program is not None
    steps = [program[at : at + 8] for at in range(0, len(program), 8)]
    assert len(steps) < 4096  # the kernel's limit
    for at, step in enumerate(steps):
        code, if_true, if_false = int.from_bytes(step[:2], "little"), step[2], step[3]
        if code & 0x07 == 0x05:
            assert at + 1 + max(if_true, if_false) < len(steps)
    assert steps[-1] == seccomp._step(seccomp._RETURN, seccomp._ALLOW)


def test_an_unknown_architecture_has_no_filter() -> None:
    assert seccomp.program("riscv64") is None


def test_only_the_gpu_that_was_asked_for_is_shown(tmp_path: Path) -> None:
    devices, driver = tmp_path / "dev", tmp_path / "driver"
    (driver / "0000:01:00.0").mkdir(parents=True)
    (driver / "0000:01:00.0" / "information").write_text("Model: \t A\nGPU UUID: \t GPU-abc\nDevice Minor: \t 1\n")
    devices.mkdir()
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (devices / name).touch()
    for asked in ("1", "GPU-abc"):
        flags = gpu.flags([asked], devices, driver)
        assert str(devices / "nvidia1") in flags
        assert str(devices / "nvidia0") not in flags
    assert gpu.flags([], devices, driver) == []
    for missing in ("2", "GPU-none"):
        with pytest.raises(SandboxUnavailableError, match=r"no GPU '.*found: 0, 1\).*nvidia-smi -L"):
            gpu.flags([missing], devices, driver)


def test_a_missing_gpu_is_told_with_the_way_to_get_it(isolating: Backend, tmp_path: Path) -> None:
    if any(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("this machine has a GPU")
    spec = SandboxSpec(("-c", "pass"), tmp_path, gpus=("0",))
    spec.exchange.mkdir()
    with pytest.raises(SandboxUnavailableError, match=r"GPU.*(driver|toolkit).*without a GPU"):
        isolating.start(spec)


def test_a_virtual_environment_is_moved_away_from_its_path() -> None:
    found = interpreter.interpreter()
    if interpreter.sys.prefix == interpreter.sys.base_prefix:
        pytest.skip("this interpreter is no virtual environment")
    assert found.python.startswith("/opt/grader/bin/python")
    assert not any(inside.startswith(interpreter.sys.prefix + "/") for inside in found.binds.values())


def test_the_usual_paths_of_a_hosted_notebook_work(isolating: Backend, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "mine.txt").write_text("mine")
    code = "open('/content/new', 'w').write('x'); print(open('/content/mine.txt').read(), open('/content/new').read())"
    spec = SandboxSpec(("-c", code), tmp_path, uploads=uploads)
    spec.exchange.mkdir()
    process = isolating.start(spec)
    try:
        assert process.wait(30) == 0
    finally:
        process.cleanup()
    assert process.log_tail == "mine x"


def test_the_doctor_prints_a_table_and_names_what_is_weak(capsys: pytest.CaptureFixture[str]) -> None:
    get("bubblewrap")
    status = call(["doctor", "--sandbox", "bubblewrap", "--sandbox", "local"])
    shown = capsys.readouterr().out
    assert status == 0, shown
    assert "cannot write to the kernel's files" in shown
    assert "local, weak: " in shown
    assert "not tried" in shown


def test_the_doctor_says_why_a_sandbox_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert call(["doctor", "--sandbox", "docker"]) == 2
    assert "docker: not available." in capsys.readouterr().out


def test_an_ordinary_installation_is_hidden_wherever_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "lib/site-packages"
    files = [Path(name, "__init__.py") for name in ("grader", "rubrics")] + [Path("grader-1.dist-info/RECORD")]
    for file in files:
        (site / file).parent.mkdir(parents=True)
    (tmp_path / "lib64").symlink_to("lib")  # as in every virtual environment
    installed = SimpleNamespace(files=files, locate_file=lambda name: site / name)
    monkeypatch.setattr(interpreter.importlib.metadata, "distribution", lambda name: installed)
    hidden = interpreter._hidden({tmp_path / name: f"/opt/{name}" for name in ("lib", "lib64")})
    expected = {f"/opt/{lib}/site-packages/{name}" for lib in ("lib", "lib64") for name in ("grader", "rubrics")}
    assert set(hidden) >= expected
