"""Memory, process and processor limits through control groups, version 1 or 2, where we may write them."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.types import Limits

ROOT = Path("/sys/fs/cgroup")
PREFIX = "grader-"
_PERIOD_US = 100_000


@dataclass
class ControlGroup:
    """A control group of one sandbox.

    Attributes:
        folders: The group's folder in each hierarchy; a single one in version 2.
        version: 1 or 2.
    """

    folders: tuple[Path, ...]
    version: int

    @property
    def entrances(self) -> tuple[Path, ...]:
        """Files to which a process writes its number to enter the group."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in the group for memory."""
        counters = "memory.events" if self.version == 2 else "memory.oom_control"
        for folder in self.folders:
            with contextlib.suppress(OSError, ValueError):
                for line in (folder / counters).read_text().splitlines():
                    name, _, count = line.partition(" ")
                    if name == "oom_kill" and int(count) > 0:
                        return True
        return False

    def remove(self) -> None:
        """Kills what is left in the group and removes it."""
        for folder in self.folders:
            for _attempt in range(50):
                _kill_members(folder)
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)


def create(limits: Limits) -> ControlGroup | None:
    """Makes a group with these limits, or returns None where this user may not."""
    name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    version = 2 if (ROOT / "cgroup.controllers").exists() else 1
    return _create_v2(name, limits) if version == 2 else _create_v1(name, limits)


def reap() -> None:
    """Removes empty groups whose maker is gone, e.g. after ``kill -9`` of an earlier run."""
    for parent in [*_parents_v1("memory"), *_parents_v1("pids"), *_parents_v1("cpu"), *_parents_v2()]:
        with contextlib.suppress(OSError):
            for folder in parent.glob(f"{PREFIX}*"):
                maker = folder.name.removeprefix(PREFIX).split("-")[0]
                if maker.isdigit() and not Path("/proc", maker).exists():
                    with contextlib.suppress(OSError):
                        folder.rmdir()


def _create_v1(name: str, limits: Limits) -> ControlGroup | None:
    memory = limits.memory_mib * 2**20
    wanted: dict[str, list[tuple[str, int, bool]]] = {
        "memory": [
            ("memory.limit_in_bytes", memory, True),
            ("memory.memsw.limit_in_bytes", memory, False),
            ("memory.swappiness", 0, False),
        ],
        "pids": [("pids.max", limits.processes, True)],
        "cpu": [
            ("cpu.cfs_period_us", _PERIOD_US, False),
            ("cpu.cfs_quota_us", int(limits.cpus * _PERIOD_US), False),
        ],
    }
    made: list[Path] = []
    for controller, settings in wanted.items():
        folder = _make(_parents_v1(controller), name, settings)
        if folder is not None:
            made.append(folder)
        elif controller == "memory":
            return None
    return ControlGroup(tuple(made), 1)


def _create_v2(name: str, limits: Limits) -> ControlGroup | None:
    settings = [
        ("memory.max", limits.memory_mib * 2**20, True),
        ("memory.swap.max", 0, False),
        ("pids.max", limits.processes, True),
        ("cpu.max", int(limits.cpus * _PERIOD_US), False),
    ]
    folder = _make(_parents_v2(), name, settings)
    return None if folder is None else ControlGroup((folder,), 2)


def _make(parents: list[Path], name: str, settings: list[tuple[str, int, bool]]) -> Path | None:
    """Makes the group under the first parent that allows it; a setting is (file, value, required)."""
    for parent in parents:
        folder = parent / name
        try:
            folder.mkdir()
        except OSError:
            continue
        if all(_write(folder / file, value) or not required for file, value, required in settings):
            return folder
        with contextlib.suppress(OSError):
            folder.rmdir()
    return None


def _write(file: Path, value: int) -> bool:
    try:
        file.write_text(str(value))
    except OSError:
        return False
    return True


def _parents_v1(controller: str) -> list[Path]:
    """Our own group in that hierarchy first, so that limits set from outside hold for sandboxes too."""
    hierarchy = ROOT / controller
    own = [line.split(":", 2)[2] for line in _own_groups() if controller in line.split(":", 2)[1].split(",")]
    return [hierarchy / path.lstrip("/") for path in own] + [hierarchy]


def _parents_v2() -> list[Path]:
    """Our own group, then its parents: a group with processes in it cannot hand controllers down."""
    own = [line.split(":", 2)[2] for line in _own_groups() if line.startswith("0::")]
    if not own:
        return []
    folder = ROOT / own[0].lstrip("/")
    chain = [folder, *folder.parents]
    return [candidate for candidate in chain if candidate == ROOT or ROOT in candidate.parents]


def _own_groups() -> list[str]:
    try:
        return Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []


def _kill_members(folder: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        for member in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(member), signal.SIGKILL)
