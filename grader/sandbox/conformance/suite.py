"""What is checked of every sandbox, what came out, and what is known not to hold."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from grader.errors import GraderError
from grader.sandbox import cgroup
from grader.sandbox.conformance import outside
from grader.sandbox.conformance.inside import SNIPPETS
from grader.sandbox.conformance.trial import LIMITS, Broken, NotHere, Trial, trial
from grader.sandbox.types import Backend, Limits

_NAMESPACES = ("pid", "net", "ipc", "uts", "mnt")


@dataclass(frozen=True)
class Check:
    """A promise of every sandbox.

    Attributes:
        name: Short name.
        area: ``isolation``, ``limits``, ``signals``, ``clean-up``, ``data`` or ``GPU``.
        promise: The promise, as a sentence about the notebook.
        run: Tries it from outside; None when a snippet of ``inside`` with the same name does.
    """

    name: str
    area: str
    promise: str
    run: Callable[[Trial], None] | None = None


CHECKS = (
    Check("user", "isolation", "runs as an ordinary user without any rights"),
    Check("seccomp", "isolation", "has a filter of system calls"),
    Check("calls", "isolation", "cannot mount, trace, load into the kernel, or make namespaces"),
    Check("socket-families", "isolation", "has no sockets past the network's walls"),
    Check("network", "isolation", "has no network"),
    Check("read-only", "isolation", "cannot write to the system"),
    Check("kernel-files", "isolation", "cannot write to the kernel's files"),
    Check("host-files", "isolation", "sees no file of the host's users or of other students"),
    Check("environment", "isolation", "sees no variable of the host's environment"),
    Check("answers", "isolation", "cannot import Grader, rubrics or reference"),
    Check("processes-hidden", "isolation", "sees no process of the host"),
    Check("namespaces", "isolation", "shares no namespace with the host"),
    Check("devices", "isolation", "sees harmless devices only"),
    Check("limits-fixed", "limits", "cannot raise its own limits"),
    Check("memory", "limits", "is ended beyond its memory", outside.memory),
    Check("memory-files", "limits", "has shared memory of the stated size", outside.memory_of_files),
    Check("disk", "limits", "has writable areas of limited size"),
    Check("processes", "limits", "has a limited number of processes"),
    Check("processor", "limits", "has a limited share of the processors"),
    Check("exit", "signals", "has its end told rightly", outside.exit_told),
    Check("interrupt", "signals", "can be interrupted", outside.interrupt),
    Check("kill", "clean-up", "ends with everything that it started", outside.kill),
    Check("data", "data", "has its files, and cannot change the course's", outside.data),
    Check("gpu-hidden", "GPU", "sees no GPU unless it is given one"),
    Check("gpu", "GPU", "computes on the GPU that it is given", outside.gpu),
)


_WITHOUT_WALLS = {"memory", "exit", "interrupt", "kill", "data", "gpu"}
"""The checks that need no isolation."""


class State(Enum):
    """How a check ended."""

    KEPT = "ok"
    BROKEN = "FAILED"
    KNOWN = "weak"
    NOT_HERE = "-"


@dataclass(frozen=True)
class Finding:
    """Attributes: the check, how it ended, and what was seen where that is not simply good."""

    check: Check
    state: State
    saw: str = ""


_UNTRIED = "local processes are not isolated; not tried, since it could harm this machine"


def known_weaknesses(backend: Backend) -> dict[str, str]:
    """Promises that this sandbox is known not to keep on this machine: name of the check → why."""
    if backend.name == "local":
        weak = {check.name: _UNTRIED for check in CHECKS if not _harmless(check, backend)}
        return {
            **weak,
            "data": "local processes can change every file of whoever runs Grader",
            "kill": "a local process that leaves its family is not found again",
        }
    if backend.name == "bubblewrap":
        group = cgroup.create(Limits())
        if group is None:
            weak = {"processor": "this user may not make control groups, so processors are not limited"}
            if os.getuid() == 0:
                weak["processes"] = "resource limits do not bind root, and no control group can be made"
            return weak
        group.remove()
    return {}


def examine(
    backend: Backend, checks: Sequence[Check] = CHECKS, on_check: Callable[[Check], None] = lambda check: None
) -> Iterator[Finding]:
    """Tries every check on a sandbox that works.

    Args:
        backend: The sandbox.
        checks: What to try.
        on_check: Told before each check.
    """
    weak = known_weaknesses(backend)
    with trial(backend) as tried, _facts(tried) as facts:
        shared = {check.name: SNIPPETS[check.name] for check in checks if check.run is None}
        if shared and backend.name != "local":
            tried.inside = tried.findings(shared, facts)
        for check in checks:
            on_check(check)
            if not _harmless(check, backend):
                yield Finding(check, State.KNOWN, _UNTRIED)
                continue
            state, saw = _try(check, tried)
            if state is State.BROKEN and check.name in weak:
                state, saw = State.KNOWN, f"{weak[check.name]} ({saw})"
            yield Finding(check, state, saw)


def _harmless(check: Check, backend: Backend) -> bool:
    """Whether trying it can do no harm: without walls, what pushes against walls falls over."""
    return backend.name != "local" or check.name in _WITHOUT_WALLS


def _try(check: Check, tried: Trial) -> tuple[State, str]:
    if check.run is None:
        kept, saw = tried.inside.get(check.name, (False, "the check did not answer"))
        return (State.KEPT, "") if kept else (State.BROKEN, saw)
    try:
        check.run(tried)
    except NotHere as why:
        return State.NOT_HERE, str(why)
    except (Broken, GraderError, OSError) as why:
        return State.BROKEN, str(why)
    return State.KEPT, ""


@contextlib.contextmanager
def _facts(tried: Trial) -> Iterator[Mapping[str, object]]:
    """What the checks inside are told: where they should not get to, and how far."""
    variable = f"GRADER_SECRET_{secrets.token_hex(4)}"
    os.environ[variable] = "not for notebooks"
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            yield {
                "secret": str(tried.secret),
                "root": str(tried.root),
                "home": _home_files(),
                "variable": variable,
                "port": server.getsockname()[1],
                "namespaces": _own_namespaces(),
                "disk_mib": LIMITS.disk_mib,
                "processes": LIMITS.processes,
                "cpus": LIMITS.cpus,
            }
        finally:
            del os.environ[variable]


def _home_files() -> list[str]:
    """Some files of the host's user; folders on the way to the interpreter may have to be there."""
    with contextlib.suppress(OSError, RuntimeError):
        return [str(path) for path in sorted(Path.home().iterdir()) if path.is_file()][:20]
    return []


def _own_namespaces() -> dict[str, str]:
    found = {}
    for kind in _NAMESPACES:
        with contextlib.suppress(OSError):
            found[kind] = os.readlink(f"/proc/self/ns/{kind}")
    return found
