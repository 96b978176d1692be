"""Chooses the strongest sandbox that really works on this machine."""

from __future__ import annotations

from collections.abc import Callable

from grader.errors import SandboxUnavailableError, UsageError
from grader.sandbox.bubblewrap import BubblewrapBackend
from grader.sandbox.docker import DockerBackend
from grader.sandbox.local import LocalBackend
from grader.sandbox.types import Backend

_BACKENDS: dict[str, Callable[[], Backend]] = {
    "docker": DockerBackend,
    "bubblewrap": BubblewrapBackend,
    "local": LocalBackend,
}
AUTOMATIC = ("docker", "bubblewrap")
"""What ``auto`` tries, strongest first; never ``local``."""
NAMES = ("auto", *_BACKENDS)


def choose(name: str = "auto") -> Backend:
    """Gives a sandbox that was seen working.

    Args:
        name: ``docker``, ``bubblewrap``, ``local``, or ``auto`` for the strongest isolation that works.

    Raises:
        SandboxUnavailableError: The one that was asked for, or every one, does not work here;
            the message says for each what is missing and how to get it.
        UsageError: There is no sandbox of that name.
    """
    if name == "auto":
        return _strongest()
    if name not in _BACKENDS:
        raise UsageError(f"There is no sandbox named '{name}'.", hint=f"Use one of: {', '.join(NAMES)}.")
    backend = _BACKENDS[name]()
    backend.check()
    return backend


def _strongest() -> Backend:
    problems: list[str] = []
    for name in AUTOMATIC:
        backend = _BACKENDS[name]()
        try:
            backend.check()
        except SandboxUnavailableError as error:
            problems.append(str(error))
        else:
            return backend
    raise SandboxUnavailableError(
        "No sandbox works on this machine.\n" + "\n".join(f"- {problem}" for problem in problems),
        hint="\nOnly for notebooks that you trust: '--sandbox local' runs them without isolation.",
    )
