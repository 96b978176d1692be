"""Jupyter's way to start a kernel, taught to start it in a sandbox."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Any as AnyTrait
from traitlets import Unicode

from grader.execution.folder import SOCKET_NAME, RunFolder
from grader.execution.relay import Relay
from grader.sandbox import InsidePaths, SandboxProcess, SandboxSpec, choose

_PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "hb_port": 4, "control_port": 5}
_CONNECTION_FILE = "kernel.json"
_SENT_PER_OUTPUT = 4
"""Bytes on the sockets for a byte of output: signatures, headers, replies, texts that are sent twice."""
_KERNEL = (
    "-P",  # a student's file named like a module of the kernel must not be taken for it
    "-m",
    "ipykernel_launcher",
    "--HistoryManager.enabled=False",
    "--IPCompleter.use_jedi=False",
    "--Application.log_level=40",
)


class KernelSource(Protocol):
    """Where kernels come from: a sandbox backend that starts each afresh; later a pool or a fork server."""

    def inside(self, spec: SandboxSpec) -> InsidePaths:
        """Where the parts of ``spec`` will be found inside."""
        ...

    def start(self, spec: SandboxSpec) -> SandboxProcess:
        """Gives a process that runs ``spec.python_args``, and was never another student's."""
        ...


class SandboxProvisioner(KernelProvisionerBase):  # type: ignore[misc]  # jupyter_client is untyped
    """Starts a kernel through a ``KernelSource``; talks to it over unix sockets in a shared folder.

    Grader gives ``source``, ``spec`` and ``folder``. Named in a kernel specification
    (``"provisioner_name": "grader-sandbox"``), it chooses the backend and makes a folder by itself.
    """

    backend = Unicode("auto", help="Sandbox to use when no source is given.").tag(config=True)
    source = AnyTrait(None, allow_none=True)
    spec = AnyTrait(None, allow_none=True)
    folder = AnyTrait(None, allow_none=True)
    process: SandboxProcess | None = None
    relay: Relay | None = None
    _owns_folder = False

    @property
    def has_process(self) -> bool:
        """Whether a process is being managed."""
        return self.process is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Lays out sockets and connection files before the start."""
        if self.folder is None:
            self.folder, self._owns_folder = RunFolder.create(), True
        if self.source is None:
            self.source = choose(self.backend)
        if self.spec is None:
            self.spec = SandboxSpec((), self.folder.root)
        manager = self.parent
        manager.transport = "ipc"
        manager.ip = str(self.folder.host / SOCKET_NAME)
        for name, number in _PORTS.items():
            setattr(manager, name, number)
        manager.connection_file = str(self.folder.connection_file)
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        kwargs.pop("extra_arguments", None)
        return {**await super().pre_launch(**kwargs), "cmd": []}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Mapping[str, Any]:
        """Starts the kernel; ``cmd`` is not used, since the interpreter inside may be another one."""
        inside = self.source.inside(self.spec)
        info = json.loads(Path(self.folder.connection_file).read_text())
        info["ip"] = str(inside.exchange / SOCKET_NAME)
        copy = self.folder.exchange / _CONNECTION_FILE
        copy.write_text(json.dumps(info))
        copy.chmod(0o644)
        arguments = (*_KERNEL, "-f", str(inside.exchange / _CONNECTION_FILE))
        self.spec = replace(self.spec, python_args=arguments)
        ours, theirs = self.folder.host / SOCKET_NAME, self.folder.exchange / SOCKET_NAME
        limit = _SENT_PER_OUTPUT * self.spec.limits.output_mib * 2**20
        self.relay = Relay(str(ours), str(theirs), limit, self._excess)
        self.relay.start(_PORTS.values())
        self.process = self.source.start(self.spec)
        connection: Mapping[str, Any] = self.connection_info
        return connection

    def _excess(self) -> None:
        """The sandbox sent more than its outputs can account for."""
        if self.process is not None:
            self.process.kill()

    async def poll(self) -> int | None:
        """Exit status, or None while the kernel runs."""
        return self.process.poll() if self.process is not None else 0

    async def wait(self) -> int | None:
        """Waits for the end of the kernel."""
        status: int | None = 0
        if self.process is not None:
            while (status := self.process.poll()) is None:
                await asyncio.sleep(0.05)
        return status

    async def send_signal(self, signum: int) -> None:
        """Sends a signal to the kernel."""
        if self.process is not None:
            self.process.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """Ends the sandbox."""
        if self.process is not None:
            self.process.kill()

    async def terminate(self, restart: bool = False) -> None:
        """Asks the kernel to end."""
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        """Removes the sandbox and, if it is our own, the folder."""
        if self.process is not None:
            self.process.cleanup()
            self.process = None
        if self.relay is not None:
            self.relay.close()
            self.relay = None
        if self._owns_folder and self.folder is not None:
            self.folder.remove()
            self.folder = None


def sandboxed_manager(source: KernelSource, spec: SandboxSpec, folder: RunFolder) -> AsyncKernelManager:
    """A kernel manager whose kernel will start in a sandbox.

    The provisioner is handed over instead of looked up, so that Grader also works where it is not installed.
    """
    manager = AsyncKernelManager(autorestart=False)
    specification = KernelSpec(
        argv=["python"],
        display_name="Grader sandbox",
        language="python",
        interrupt_mode="message",
        metadata={"kernel_provisioner": {"provisioner_name": "grader-sandbox"}},
    )
    manager._kernel_spec = specification  # a specification on disk would be a second place to keep in order
    manager.provisioner = SandboxProvisioner(
        kernel_id=spec.folder.name, kernel_spec=specification, parent=manager, source=source, spec=spec, folder=folder
    )
    return manager
