"""What every sandbox backend takes and gives: limits, an order for a process, the process itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

ExitReason = Literal["", "exit", "signal", "memory", "killed"]
"""Why a process ended: still running, by itself, by a signal, out of memory, or stopped by us."""


@dataclass(frozen=True)
class Limits:
    """What one notebook may use.

    Attributes:
        cell_timeout_s: Wall-clock limit of one cell.
        notebook_timeout_s: Wall-clock limit of all cells together.
        memory_mib: Memory of all processes in the sandbox, its temporary files included.
        processes: Processes and threads at the same time.
        output_mib: Messages of output over the whole notebook; beyond it the kernel is killed.
        disk_mib: Size of each writable area (home with the working folder, ``/tmp``, shared memory).
        cpus: Share of processors; also sets the number of threads of numerical libraries.
        cell_text_kib: Text kept of one cell's output, its head and its tail.
        cell_pictures: Pictures kept of one cell.
        picture_mib: Largest picture that is kept.
        startup_timeout_s: Wall-clock limit for the kernel to become ready.
        training_budget_s: Time in a cell after which passes over loaders are cut short; a cell with less time left
            is cut at half of that. None lets it train as long as the other limits allow.
    """

    cell_timeout_s: float = 600.0
    notebook_timeout_s: float = 1800.0
    memory_mib: int = 4096
    processes: int = 256
    output_mib: int = 64
    disk_mib: int = 2048
    cpus: float = 1.0
    cell_text_kib: int = 1024
    cell_pictures: int = 40
    picture_mib: int = 8
    startup_timeout_s: float = 120.0
    training_budget_s: float | None = 300.0

    @property
    def threads(self) -> int:
        """Threads that numerical libraries should start."""
        return max(1, int(self.cpus))


@dataclass(frozen=True)
class InsidePaths:
    """Where things are, seen from inside the sandbox.

    Attributes:
        python: The interpreter.
        exchange: Folder shared with the host: sockets, requests and answers.
        work: Working folder of the notebook, writable.
        home: Home folder of the user, writable.
        assets: Read-only data of the course.
        libraries: Folder with the read-only packages that ``SandboxSpec.libraries`` names.
        uploads: The student's other files, read-only; they are copied to ``work`` before the start.
    """

    python: str
    exchange: PurePosixPath
    work: PurePosixPath
    home: PurePosixPath
    assets: PurePosixPath
    libraries: PurePosixPath
    uploads: PurePosixPath


@dataclass(frozen=True)
class SandboxSpec:
    """An order for one sandboxed Python process.

    Attributes:
        python_args: Arguments of the interpreter, e.g. ``("-m", "ipykernel_launcher", …)``.
        folder: A fresh private folder on the host (mode 0700); its ``exchange`` is shared with the sandbox.
        env: Environment in addition to what every sandbox sets.
        uploads: Folder with files for the working folder, or None.
        assets: Folder mounted read-only, or None.
        libraries: Read-only packages by the name under which they can be imported.
        limits: What the process may use.
        gpus: Device numbers or UUIDs that are passed through.
    """

    python_args: tuple[str, ...]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    uploads: Path | None = None
    assets: Path | None = None
    libraries: Mapping[str, Path] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    gpus: tuple[str, ...] = ()

    @property
    def exchange(self) -> Path:
        """The folder shared with the sandbox."""
        return self.folder / "x"


class SandboxProcess(Protocol):
    """A process in a sandbox. Methods never raise because the process has ended already."""

    def poll(self) -> int | None:
        """Returns the exit status (128 + n for signal n), or None while it runs.

        Raises:
            SandboxError: The engine that keeps the sandbox cannot be reached any more.
        """
        ...

    def wait(self, timeout_s: float) -> int | None:
        """Waits for the end; None when it still runs after ``timeout_s``."""
        ...

    def signal(self, signum: int) -> None:
        """Sends a signal to the process inside."""
        ...

    def kill(self) -> None:
        """Ends everything in the sandbox at once."""
        ...

    def cleanup(self) -> None:
        """Kills what is left and removes what the backend made; may be called twice."""
        ...

    @property
    def exit_reason(self) -> ExitReason:
        """Why the process ended."""
        ...

    @property
    def log_tail(self) -> str:
        """The last lines that the process wrote to its own output, for diagnosis only."""
        ...


class Backend(Protocol):
    """A way to isolate a process."""

    @property
    def name(self) -> str:
        """``docker``, ``bubblewrap`` or ``local``."""
        ...

    @property
    def identity(self) -> str:
        """Hash of the image that notebooks run in, or ``""`` where they see this machine's own Python."""
        ...

    def describe(self) -> str:
        """One line for people: what isolates, and what does not."""
        ...

    def check(self) -> None:
        """Starts something small and sees it end well.

        Raises:
            SandboxUnavailableError: With what is missing and how to get it.
        """
        ...

    def gpus(self) -> tuple[str, ...]:
        """GPUs that a process in this sandbox can be given; asks no more than what is installed."""
        ...

    def inside(self, spec: SandboxSpec) -> InsidePaths:
        """Where the parts of ``spec`` will be found inside."""
        ...

    def start(self, spec: SandboxSpec) -> SandboxProcess:
        """Starts the process.

        Raises:
            SandboxError: It could not be started.
        """
        ...
