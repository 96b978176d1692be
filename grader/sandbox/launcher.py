"""First program inside every sandbox: fills the working folder, lowers limits, becomes the real program.

It runs inside the sandbox with nothing but the standard library, so it must not import anything of Grader.
Usage: ``python -I launcher.py CONFIG`` where CONFIG is JSON, see ``main``.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import shutil
import signal
import sys
from typing import Any

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
FILTER_STEP_BYTES = 8


def fill(folder: str, work: str) -> None:
    """Copies the files of ``folder`` that ``work`` does not have yet."""
    for parent, _folders, files in os.walk(folder):
        target = os.path.join(work, os.path.relpath(parent, folder))
        os.makedirs(target, exist_ok=True)
        for name in files:
            copy = os.path.join(target, name)
            if not os.path.lexists(copy):
                shutil.copyfile(os.path.join(parent, name), copy)


def lower(kind: int, limit: int) -> None:
    """Sets a resource limit, never above the one in force."""
    _soft, hard = resource.getrlimit(kind)
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (limit, limit))


class FilterProgram(ctypes.Structure):
    """The kernel's ``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def refuse_calls(program: bytes) -> None:
    """Installs a filter of system calls for this process and all its children, for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    steps = ctypes.create_string_buffer(program, len(program))
    filter_program = FilterProgram(len(program) // FILTER_STEP_BYTES, ctypes.addressof(steps))
    for request in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_program), 0, 0),
    ):
        if libc.prctl(*request) != 0:
            code = ctypes.get_errno()
            message = f"the filter of system calls was refused: {os.strerror(code)}"
            raise OSError(code, message)


def link_files(work: str, mirror: str) -> None:
    """Gives the files of the working folder a second name below a path that hosted notebooks like to write out."""
    if os.path.isdir(mirror):
        for name in os.listdir(work):
            os.symlink(os.path.join(work, name), os.path.join(mirror, name))


def supervise(argv: list[str]) -> None:
    """Stays as the first process of a container: reaps orphans, passes signals on, ends as the program ends.

    The program itself must not be number 1: signals to its process group would go to everybody.
    """
    child = os.fork()
    if child == 0:
        os.setsid()
        os.execv(argv[0], argv)  # noqa: S606 - the program was chosen by the host
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda number, _frame: os.kill(child, number))
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def main(config: dict[str, Any]) -> None:
    """Becomes ``config["argv"]``.

    Args:
        config: ``work``, ``home``; ``sources`` (folders copied to ``work``, first wins), ``argv``,
            ``limits`` by name of the ``resource`` constant, ``shared`` (whether the host is another user),
            ``mirror`` (a folder that gets links to the files of ``work``, or empty), ``filters`` (hexadecimal filters
            of system calls by architecture; none where the sandbox has installed one already).
    """
    os.makedirs(config["work"], exist_ok=True)
    os.makedirs(config["home"], exist_ok=True)
    for source in config["sources"]:
        fill(source, config["work"])
    os.chdir(config["work"])
    if config["mirror"]:
        link_files(config["work"], config["mirror"])
    for name, limit in config["limits"].items():
        lower(getattr(resource, name), limit)
    if config["shared"]:
        os.umask(0)  # the host talks to our sockets and reads our files under another user number
    if platform.machine() in config["filters"]:
        refuse_calls(bytes.fromhex(config["filters"][platform.machine()]))
    if os.getpid() == 1:
        supervise(config["argv"])
    os.execv(config["argv"][0], config["argv"])  # noqa: S606 - the program was chosen by the host


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
