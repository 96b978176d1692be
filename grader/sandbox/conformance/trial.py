"""Running a few lines of Python in a sandbox and getting back what they saw."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.sandbox.types import Backend, ExitReason, Limits, SandboxProcess, SandboxSpec

LIMITS = Limits(memory_mib=256, processes=48, disk_mib=24, cpus=0.5)
"""Small, so that reaching them takes a moment only."""
WAIT_S = 60.0
_ANSWER = "findings.json"
_ANSWER_LIMIT = 2**20


class Broken(Exception):  # noqa: N818 - a finding, not an error of the program
    """A sandbox does not keep a promise; the text says what was seen."""


class NotHere(Exception):  # noqa: N818 - likewise
    """A check does not apply to this machine; the text says why."""


@dataclass
class Trial:
    """A sandbox under examination.

    Attributes:
        backend: The sandbox.
        root: A private folder for it.
        secret: A file on the host that no sandbox may see.
        inside: Findings of the checks that share one process, by their names.
    """

    backend: Backend
    root: Path
    secret: Path
    inside: dict[str, tuple[bool, str]] = field(default_factory=dict)
    _runs: int = 0

    def spec(self, code: str, **options: object) -> SandboxSpec:
        """An order for a process that runs ``code``, with a folder of its own."""
        self._runs += 1
        folder = self.root / f"r{self._runs}"
        folder.mkdir(mode=0o700)
        spec = SandboxSpec(("-I", "-c", code), folder, **{"limits": LIMITS, **options})  # type: ignore[arg-type]
        spec.exchange.mkdir()
        return spec

    @contextlib.contextmanager
    def running(self, code: str, **options: object) -> Iterator[SandboxProcess]:
        """A process that runs ``code``."""
        process = self.backend.start(self.spec(code, **options))
        try:
            yield process
        finally:
            process.cleanup()

    def ended(self, code: str, **options: object) -> tuple[int | None, ExitReason, str]:
        """Exit status, reason and last words of a process that ran ``code`` to its end."""
        with self.running(code, **options) as process:
            process.wait(WAIT_S)
            status, reason = process.poll(), process.exit_reason
            process.kill()
        return status, reason, process.log_tail

    def findings(self, snippets: Mapping[str, str], facts: Mapping[str, object]) -> dict[str, tuple[bool, str]]:
        """Runs snippets one after the other in one process, each in a fork.

        Args:
            snippets: Name → source; a snippet raises ``Broken``, or returns by reaching its end.
            facts: Names that all of them see.

        Returns:
            Name → whether it kept its promise, and what was seen.
        """
        spec = self.spec("")
        where = self.backend.inside(spec).exchange / _ANSWER
        code = _HARNESS.replace("FACTS", repr(json.dumps({**facts, "answer": str(where)})))
        code = code.replace("SNIPPETS", repr(json.dumps(dict(snippets))))
        spec = SandboxSpec(("-I", "-c", code), spec.folder, limits=LIMITS)
        process = self.backend.start(spec)
        try:
            process.wait(WAIT_S)
        finally:
            process.cleanup()
        answer = spec.exchange / _ANSWER
        try:
            with os.fdopen(os.open(answer, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as stream:
                found = json.loads(stream.read(_ANSWER_LIMIT))
        except (OSError, ValueError):
            message = f"the checks inside did not answer: {process.log_tail[-300:]}"
            return dict.fromkeys(snippets, (False, message))
        return {name: (bool(ok), str(saw)) for name, (ok, saw) in found.items()}


@contextlib.contextmanager
def trial(backend: Backend) -> Iterator[Trial]:
    """A trial with a folder and a secret, both removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="grader-") as name:
        root = Path(name)
        secret = root / "another-student.txt"
        secret.write_text("somebody else's answers", encoding="utf-8")
        yield Trial(backend, root, secret)


_HARNESS = """
import contextlib, ctypes, errno, json, os, platform, resource, signal, socket, stat, sys, time
facts, snippets = json.loads(FACTS), json.loads(SNIPPETS)
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == "x86_64"

class Broken(Exception):
    pass

def call(x86, arm, *arguments):
    "A system call by its numbers; raises as Python's own do."
    result = libc.syscall(x86 if X86 else arm, *arguments)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result

def refused(what, function, *arguments):
    try:
        function(*arguments)
    except (OSError, ValueError) as error:
        return
    raise Broken(what)

def writable(path):
    try:
        with open(path, "ab"):
            return True
    except OSError:
        return False

def run(code):
    scope = dict(globals())
    try:
        signal.alarm(20)
        exec(code, scope)
        return True, str(scope.get("saw", ""))
    except Broken as error:
        return False, str(error)
    except BaseException as error:
        return False, f"{type(error).__name__}: {error}"

found = {}
for name, code in snippets.items():
    end, start = os.pipe()
    if (child := os.fork()) == 0:
        os.write(start, json.dumps(run(code)).encode()[:60000])
        os._exit(0)
    os.close(start)
    with os.fdopen(end, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    found[name] = json.loads(said) if said else (False, "the check was killed")
with open(facts["answer"], "w") as stream:
    json.dump(found, stream)
"""
