"""Isolation by a container of the Docker engine."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import stat
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import Any

import docker
import docker.errors
import docker.types

from grader.errors import SandboxError, SandboxUnavailableError
from grader.sandbox import gpu, seccomp
from grader.sandbox.engine import ENGINE_ERRORS, connect, engine, no_engine
from grader.sandbox.environment import FILE_LIMIT_MIB, LAUNCHER, MIRROR, Launch, launch_arguments, variables
from grader.sandbox.image import IMAGE, PYTHON
from grader.sandbox.types import ExitReason, InsidePaths, Limits, SandboxSpec

_HOME = PurePosixPath("/home/student")
_ROOT = PurePosixPath("/grader")
_LABEL = "grader.sandbox"
_OWNER = "grader.owner"
_NO_GPU = re.compile(r"device driver|nvidia|cdi|gpu", re.IGNORECASE)
_FOREIGN_UID = 10_001
"""User inside when Grader runs as root: an ordinary one that owns nothing on the host."""
_MIB = 2**20


class DockerBackend:
    """One container a notebook: no network, read-only root, no capabilities, an ordinary user."""

    name = "docker"

    def __init__(self, image: str = IMAGE) -> None:
        self.image = image

    @property
    def identity(self) -> str:
        """Id of the image.

        Raises:
            SandboxUnavailableError: The engine does not answer, or has no such image.
        """
        with engine() as client:
            try:
                return str(client.images.get(self.image).id)
            except ENGINE_ERRORS as error:
                raise no_engine(error) from error

    def describe(self) -> str:
        """One line for people."""
        return f"docker (image {self.image}: no network, read-only root, no capabilities, limited memory)"

    def check(self) -> None:
        """Runs Python in a container; removes containers that a killed run left behind.

        Raises:
            SandboxUnavailableError: With what is missing and how to get it.
        """
        with engine() as client:
            try:
                client.images.get(self.image)
                reap(client)
            except docker.errors.ImageNotFound as error:
                raise SandboxUnavailableError(
                    f"docker: the engine runs, but it has no image '{self.image}'.",
                    hint="Make it once with 'grade image build'.",
                ) from error
            except ENGINE_ERRORS as error:
                raise no_engine(error) from error
        self._try_container()

    def gpus(self) -> tuple[str, ...]:
        """GPUs of this machine, where the engine can hand them to containers."""
        found = gpu.present()
        if not found:
            return ()
        with engine() as client:
            try:
                told = client.info()
            except ENGINE_ERRORS as error:
                raise no_engine(error) from error
        return found if "nvidia" in str([told.get("Runtimes"), told.get("DiscoveredDevices")]) else ()

    def inside(self, spec: SandboxSpec) -> InsidePaths:
        """Fixed places, the same for every notebook."""
        return InsidePaths(
            python=PYTHON,
            exchange=_ROOT / "exchange",
            work=_HOME / "work",
            home=_HOME,
            assets=_ROOT / "assets",
            libraries=_ROOT / "lib",
            uploads=_ROOT / "uploads",
        )

    def start(self, spec: SandboxSpec) -> ContainerProcess:
        """Starts a container.

        Raises:
            SandboxError: The engine refused.
        """
        inside = self.inside(spec)
        _share(spec)
        command = launch_arguments(spec, inside, _launch())
        client = connect()
        try:
            container = client.containers.create(
                self.image,
                command,
                environment=variables(spec, inside, f"{Path(PYTHON).parent}:/usr/local/bin:/usr/bin:/bin"),
                **_isolation(spec.limits),
                mounts=_mounts(spec, inside),
                device_requests=_gpu_requests(spec.gpus),
                labels={_LABEL: "1", _OWNER: _owner(os.getpid())},
            )
            try:
                container.start()
            except BaseException:
                container.remove(force=True, v=True)
                raise
        except ENGINE_ERRORS as error:
            client.close()
            if spec.gpus and _NO_GPU.search(str(error)):
                raise _no_gpu(spec.gpus, error) from error
            raise SandboxError(f"Docker could not start a container: {error}") from error
        except BaseException:
            client.close()
            raise
        return ContainerProcess(client, container)

    def _try_container(self) -> None:
        with tempfile.TemporaryDirectory(prefix="grader-") as folder:
            spec = SandboxSpec(("-I", "-c", "import zmq"), Path(folder), limits=Limits(memory_mib=512, disk_mib=16))
            spec.exchange.mkdir()
            try:
                process = self.start(spec)
            except SandboxError as error:
                raise SandboxUnavailableError(f"docker: {error}") from error
            try:
                status = process.wait(60.0)
                if status != 0:
                    raise SandboxUnavailableError(
                        f"docker: Python does not start in '{self.image}' (status {status}): {process.log_tail[-500:]}",
                        hint="Rebuild the image with 'grade image build'.",
                    )
            finally:
                process.cleanup()


class ContainerProcess:
    """The process in a container."""

    def __init__(self, client: Any, container: Any) -> None:
        self._client = client
        self._container = container
        self._status: int | None = None
        self._out_of_memory = False
        self._killed = False
        self._log = ""
        self._cleaned = False

    @property
    def container_id(self) -> str:
        """The engine's number of the container."""
        return str(self._container.id)

    @property
    def log_tail(self) -> str:
        """The last lines of its output."""
        if not self._cleaned:
            with contextlib.suppress(*ENGINE_ERRORS):
                self._log = self._container.logs(tail=200).decode("utf-8", "replace")[-16_384:].strip()
        return self._log

    @property
    def exit_reason(self) -> ExitReason:
        """Why it ended."""
        status = self.poll()
        if status is None:
            return ""
        if self._killed:
            return "killed"
        # The engine's flag is also set when only a child of the program ran out of memory.
        if self._out_of_memory and status == 128 + signal.SIGKILL:
            return "memory"
        return "signal" if status > 128 else "exit"

    def poll(self) -> int | None:
        """Exit status, or None.

        Raises:
            SandboxError: The engine does not answer any more.
        """
        if self._status is not None or self._cleaned:
            return self._status
        try:
            state = self._client.api.inspect_container(self._container.id)["State"]
        except docker.errors.NotFound:
            self._status = 128 + signal.SIGKILL  # somebody else removed it
            return self._status
        except ENGINE_ERRORS as error:
            raise SandboxError(f"The Docker engine does not answer any more: {error}") from error
        if state["Status"] not in {"exited", "dead"}:
            return None
        self._status = int(state["ExitCode"])
        self._out_of_memory = bool(state.get("OOMKilled"))
        return self._status

    def wait(self, timeout_s: float) -> int | None:
        """Waits for the end."""
        deadline = time.monotonic() + timeout_s
        while (status := self.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        return status

    def signal(self, signum: int) -> None:
        """Sends a signal to the first process of the container, which passes it on."""
        with contextlib.suppress(*ENGINE_ERRORS):
            self._container.kill(signal=signum)

    def kill(self) -> None:
        """Ends everything in the container."""
        with contextlib.suppress(SandboxError):
            if self.poll() is None:
                self._killed = True
        if self._killed:
            self.signal(signal.SIGKILL)

    def cleanup(self) -> None:
        """Removes the container."""
        if self._cleaned:
            return
        self.kill()
        _ = self.log_tail
        with contextlib.suppress(SandboxError):
            self.wait(5.0)
        with contextlib.suppress(*ENGINE_ERRORS):
            self._container.remove(force=True, v=True)
        if self._status is None:
            self._status = 128 + signal.SIGKILL
        self._cleaned = True
        self._client.close()


def reap(client: Any) -> int:
    """Removes containers whose maker is gone; returns their number."""
    removed = 0
    for container in client.containers.list(all=True, filters={"label": _LABEL}, ignore_removed=True):
        owner = container.labels.get(_OWNER, "")
        host, _, identity = owner.partition("/")
        pid, _, _started = identity.partition("@")
        if host == socket.gethostname() and pid.isdigit() and _owner(int(pid)) != owner:
            with contextlib.suppress(*ENGINE_ERRORS):
                container.remove(force=True, v=True)
                removed += 1
    return removed


def _owner(pid: int) -> str:
    """Names a process of this machine for good: numbers are used again, start times are not."""
    try:
        started = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        started = "gone"
    return f"{socket.gethostname()}/{pid}@{started}"


def _launch() -> Launch:
    """The engine's own filter of system calls stays; ours, which refuses more, is added inside."""
    programs = {machine: program.hex() for machine in seccomp.MACHINES if (program := seccomp.program(machine))}
    limits = {"RLIMIT_FSIZE": FILE_LIMIT_MIB * _MIB}
    return Launch(str(_ROOT / "launcher.py"), limits, shared=True, mirror=MIRROR, filters=programs)


def _no_gpu(gpus: tuple[str, ...], error: BaseException) -> SandboxUnavailableError:
    return SandboxUnavailableError(
        f"docker: the engine cannot give GPU {', '.join(gpus)} to a container ({' '.join(str(error).split())[:300]}).",
        hint="Install the NVIDIA container toolkit and restart the engine, or run without a GPU.",
    )


def _isolation(limits: Limits) -> dict[str, Any]:
    size = limits.disk_mib * _MIB
    uid, gid = (_FOREIGN_UID, _FOREIGN_UID) if os.getuid() == 0 else (os.getuid(), os.getgid())
    area = f"rw,exec,nosuid,nodev,size={size},mode=1777"
    return {
        "user": f"{uid}:{gid}",
        "entrypoint": [],
        "working_dir": "/",
        "hostname": "sandbox",
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "ipc_mode": "private",
        "mem_limit": limits.memory_mib * _MIB,
        "memswap_limit": limits.memory_mib * _MIB,
        "pids_limit": limits.processes,
        "nano_cpus": int(min(limits.cpus, os.cpu_count() or 1) * 1e9),
        "shm_size": size,
        "tmpfs": {"/tmp": area, str(_HOME): area, MIRROR: area},  # noqa: S108 - inside the container
        "log_config": docker.types.LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
        "stdin_open": False,
        "tty": False,
    }


def _mounts(spec: SandboxSpec, inside: InsidePaths) -> list[Any]:
    read_only = {str(LAUNCHER): f"{_ROOT}/launcher.py"}
    if spec.assets:
        read_only[str(spec.assets)] = str(inside.assets)
    if spec.uploads:
        read_only[str(spec.uploads)] = str(inside.uploads)
    read_only |= {str(source): str(inside.libraries / name) for name, source in spec.libraries.items()}
    mounts = [docker.types.Mount(target, source, type="bind", read_only=True) for source, target in read_only.items()]
    return [*mounts, docker.types.Mount(str(inside.exchange), str(spec.exchange), type="bind")]


def _gpu_requests(gpus: tuple[str, ...]) -> list[Any]:
    if not gpus:
        return []
    return [docker.types.DeviceRequest(device_ids=list(gpus), capabilities=[["gpu", "compute", "utility"]])]


def _share(spec: SandboxSpec) -> None:
    """Makes sure that the user inside can write the exchange folder and read what is mounted.

    Raises:
        SandboxError: A folder is closed to other users and is not ours to open.
    """
    # Nobody else gets this far: the folder above is private.
    spec.exchange.chmod(0o777)
    if os.getuid() != 0:
        return
    for folder in filter(None, (spec.assets, spec.uploads, *spec.libraries.values())):
        if not folder.stat().st_mode & stat.S_IROTH:
            raise SandboxError(
                f"Docker's user cannot read '{folder}': it is closed to other users.",
                hint=f"Open it with 'chmod -R a+rX {folder}'.",
            )
