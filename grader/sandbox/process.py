"""A sandbox that is an ordinary child process of ours: its life, its memory, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from grader.errors import SandboxError
from grader.sandbox.cgroup import ControlGroup
from grader.sandbox.types import ExitReason

_LOG_BYTES = 16_384
_WATCH_PERIOD_S = 0.25
_MIB = 2**20


class ChildProcess:
    """A child process with everything below it.

    Without a control group a watching thread adds up the resident memory of the process tree and kills it beyond the
    limit: coarser, but it needs no rights.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        group: ControlGroup | None = None,
        memory_mib: int | None = None,
        cleaners: Sequence[Callable[[], None]] = (),
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._group = group
        self._cleaners = list(cleaners)
        self._log = bytearray()
        self._reason: ExitReason = ""
        self._cleaned = False
        try:
            self._child = subprocess.Popen(  # noqa: S603 - the command is built by a backend
                _entering(group, command),
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=tuple(pass_fds),
            )
        except OSError as error:
            self.cleanup_group()
            raise SandboxError(f"The sandbox could not be started: {error}.") from error
        self._reader = threading.Thread(target=self._read_log, name="grader-sandbox-log", daemon=True)
        self._reader.start()
        if group is None and memory_mib is not None:
            threading.Thread(target=self._watch_memory, args=(memory_mib,), daemon=True).start()

    @property
    def pid(self) -> int:
        """Process number of the child on the host."""
        return self._child.pid

    @property
    def log_tail(self) -> str:
        """The last lines of its output."""
        return self._log.decode("utf-8", "replace").strip()

    @property
    def exit_reason(self) -> ExitReason:
        """Why it ended."""
        status = self.poll()
        if status is None:
            return ""
        if self._reason:
            return self._reason
        if status == 128 + signal.SIGKILL and self._group is not None and self._group.out_of_memory:
            return "memory"
        return "signal" if status > 128 else "exit"

    def poll(self) -> int | None:
        """Exit status as a shell counts it, or None."""
        status = self._child.poll()
        return 128 - status if status is not None and status < 0 else status

    def wait(self, timeout_s: float) -> int | None:
        """Waits for the end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
        return self.poll()

    def signal(self, signum: int) -> None:
        """Sends a signal to the innermost first process: wrappers do not pass signals on."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(_innermost(self._child.pid), signum)

    def kill(self) -> None:
        """Ends the process, its group and every descendant."""
        if self._child.poll() is None and not self._reason:
            self._reason = "killed"
        self._kill_tree()

    def cleanup(self) -> None:
        """Kills, reaps and removes control group and folders."""
        if self._cleaned:
            return
        self._cleaned = True
        self.kill()
        # A process in an uninterruptible state is left to the system rather than waited for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(10.0)
        self._reader.join(2.0)
        self.cleanup_group()
        for clean in self._cleaners:
            clean()

    def cleanup_group(self) -> None:
        """Removes the control group; what it knows about the end is kept."""
        if self._group is not None:
            if not self._reason and self._group.out_of_memory:
                self._reason = "memory"
            self._group.remove()

    def _kill_tree(self) -> None:
        members = [self._child.pid, *_descendants(self._child.pid)] if self._child.poll() is None else []
        for pid in reversed(members):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def _read_log(self) -> None:
        stream = self._child.stdout
        assert stream is not None  # noqa: S101 - Popen was given a pipe
        # Closed here and nowhere else: what the program has started may hold the other end for longer than it lives.
        with stream, contextlib.suppress(OSError, ValueError):
            while chunk := os.read(stream.fileno(), 65_536):
                self._log += chunk
                del self._log[:-_LOG_BYTES]

    def _watch_memory(self, memory_mib: int) -> None:
        """As the kernel does it: beyond the limit the largest process goes, until the rest fits."""
        limit = memory_mib * _MIB
        while self._child.poll() is None:
            sizes = {pid: _resident_bytes(pid) for pid in [self._child.pid, *_descendants(self._child.pid)]}
            if sum(sizes.values()) > limit:
                # Shared pages were counted once a process; the exact figure costs more and is rarely needed.
                sizes = {pid: _proportional_bytes(pid, size) for pid, size in sizes.items()}
            if sum(sizes.values()) <= limit:
                time.sleep(_WATCH_PERIOD_S)
                continue
            largest = max(sizes, key=lambda pid: sizes[pid])
            if largest == _innermost(self._child.pid):
                self._reason = "memory"
                self._kill_tree()
                return
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(largest, signal.SIGKILL)
            time.sleep(0.01)  # its memory is not free at once


def _entering(group: ControlGroup | None, command: Sequence[str]) -> list[str]:
    """Puts a shell before the command which enters the group first: everything it starts is then inside."""
    if group is None:
        return list(command)
    enter = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 126; shift; done; shift; exec "$@"'
    return ["/bin/sh", "-c", enter, "sh", *map(str, group.entrances), "--", *command]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for task in Path("/proc", str(pid), "task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    level = [pid]
    while level and len(found) < 10_000:
        level = [child for parent in level for child in _children(parent)]
        found += level
    return found


def _innermost(pid: int) -> int:
    """Follows single wrappers (``bwrap`` and its first process) down to the program itself."""
    while _name(pid) in {"bwrap", "sh"}:
        children = _children(pid)
        if len(children) != 1:
            break
        pid = children[0]
    return pid


def _name(pid: int) -> str:
    try:
        return Path("/proc", str(pid), "comm").read_text().strip()
    except OSError:
        return ""


def _resident_bytes(pid: int) -> int:
    """Memory of the process without what is mapped from files."""
    try:
        _size, resident, shared, *_rest = Path("/proc", str(pid), "statm").read_text().split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _proportional_bytes(pid: int, otherwise: int) -> int:
    """Its share of the memory that it has together with the processes that it forked from."""
    try:
        lines = Path("/proc", str(pid), "smaps_rollup").read_text().splitlines()
        fields = {name: int(size.split()[0]) * 1024 for name, _, size in (line.partition(":") for line in lines[1:])}
        return fields["Pss_Anon"] + fields["Pss_Shmem"]
    except (OSError, ValueError, KeyError, IndexError):
        return otherwise
