"""A PostgreSQL server of the tests' own, in a folder of its own, reached by a socket there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

REQUIRED = "GRADER_REQUIRE_POSTGRESQL"
_PUBLIC = ("/var/tmp", "/dev/shm")


def programs() -> Path | None:
    """Folder of the server's programs, the newest version; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Starts a server; gives the URL of an empty database and ends the server."""
    folder = programs()
    assert folder is not None
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    # Where the server's user gets to, and short, for the socket's path.
    public = next(folder for folder in (tempfile.gettempdir(), *_PUBLIC) if os.stat(folder).st_mode & stat.S_IXOTH)
    with tempfile.TemporaryDirectory(prefix="grader-pg-", dir=public, ignore_cleanup_errors=True) as place:
        if user is not None:
            shutil.chown(place, user)
        data = Path(place) / "data"
        _call([str(folder / "initdb"), "-D", str(data), "-U", "grader", "--auth=trust", "-E", "UTF8"], user)
        arguments = ["-D", str(data), "-k", place, "-c", "listen_addresses=", "-c", "fsync=off"]
        with subprocess.Popen(
            [str(folder / "postgres"), *arguments], user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                _wait(folder, place, user)
                yield f"postgresql+psycopg://grader@/postgres?host={place}"
            finally:
                process.send_signal(signal.SIGINT)  # does not wait for clients
                process.wait(30)


def _call(command: Sequence[str], user: str | None) -> None:
    done = subprocess.run(command, check=False, user=user, capture_output=True, timeout=120, cwd="/", text=True)
    assert done.returncode == 0, done.stderr


def _wait(folder: Path, place: str, user: str | None) -> None:
    for _ in range(300):
        ready = subprocess.run([str(folder / "pg_isready"), "-h", place], user=user, capture_output=True, check=False)
        if ready.returncode == 0:
            return
        time.sleep(0.1)
    message = "the server did not start"
    raise TimeoutError(message)
