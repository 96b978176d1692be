"""The private folder of one run: sockets, exchanged files, copies of the student's uploads."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from grader.errors import SandboxError

SOCKET_NAME = "k"
_SOCKET_PATH_BYTES = 100  # a unix socket's path ends at 107 bytes on Linux, at 103 on macOS
_PREFIX = "grader-"
_MAX_FILES = 5_000
_LEAST_BYTES = 4_096
_SHORT_PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - mkdtemp makes a private folder there


@dataclass
class RunFolder:
    """A folder that only we can enter, short enough for sockets; removed on exit.

    Attributes:
        root: The folder.
        skipped: Uploaded files that were left out, because they are links, devices or too big.
    """

    root: Path
    skipped: list[str] = field(default_factory=list)

    @classmethod
    def create(cls) -> RunFolder:
        """Makes the folder where temporary files go, or in a shorter place.

        Raises:
            SandboxError: No place is short enough and writable.
        """
        for place in (tempfile.gettempdir(), *_SHORT_PLACES):
            if len(os.fsencode(place)) + len("/grader-1234567-abcdefgh/host/k-1") > _SOCKET_PATH_BYTES:
                continue
            with contextlib.suppress(OSError):
                _reap(place)
                root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place)).resolve()
                (root / "x").mkdir()
                (root / "host").mkdir(mode=0o700)
                return cls(root)
        raise SandboxError(
            "No temporary folder with a short path is writable.", hint="Set TMPDIR to a short path, e.g. '/tmp'."
        )

    @property
    def exchange(self) -> Path:
        """What the sandbox shares with us."""
        return self.root / "x"

    @property
    def host(self) -> Path:
        """Our own sockets and connection file, out of the sandbox's reach."""
        return self.root / "host"

    @property
    def connection_file(self) -> Path:
        """Our own connection file, out of the sandbox's reach."""
        return self.host / "kernel.json"

    def take_uploads(self, source: Path, budget_mib: int) -> Path:
        """Copies plain files, readable for the user inside; links, devices and what exceeds the budget stay out.

        Returns:
            The folder with the copies.
        """
        target = self.root / "uploads"
        target.mkdir(exist_ok=True)
        left = budget_mib * 2**20
        for count, (file, size) in enumerate(_plain_files(source, self.skipped.append)):
            relative = file.relative_to(source)
            if size > left or count >= _MAX_FILES:
                self.skipped.append(str(relative))
                continue
            copy = target / relative
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy, follow_symlinks=False)
            copy.chmod(0o644)
            left -= size
        for folder, _folders, _files in os.walk(target):
            os.chmod(folder, 0o755)  # noqa: S103 - the folder above is private
        return target

    def exchange_exceeds(self, limit: int) -> bool:
        """Whether more than ``limit`` bytes lie in the exchange folder; small files and folders take space, too."""
        taken = 0
        for folder, folders, names in os.walk(self.exchange):
            taken += _LEAST_BYTES * len(folders)
            for name in names:
                with contextlib.suppress(OSError):  # gone in the meantime
                    taken += max(os.lstat(os.path.join(folder, name)).st_size, _LEAST_BYTES)
                if taken > limit:
                    return True
        return taken > limit

    def remove(self) -> None:
        """Removes everything, also what the sandbox made unreadable for its owner."""
        _remove(self.root)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


@functools.cache
def _reap(place: str) -> None:
    """Removes, once in each place, folders of ours whose process was killed."""
    for folder in Path(place).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).split("-")[0]
        if pid.isdigit() and not _runs(int(pid)) and folder.lstat().st_uid == os.getuid():
            _remove(folder)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _plain_files(source: Path, leave_out: Callable[[str], None]) -> Iterator[tuple[Path, int]]:
    for folder, folders, names in os.walk(source):
        for name in sorted(names) + [name for name in folders if Path(folder, name).is_symlink()]:
            file = Path(folder, name)
            try:
                status = file.lstat()
            except OSError:  # gone in the meantime
                continue
            if stat.S_ISREG(status.st_mode):
                yield file, status.st_size
            else:
                leave_out(str(file.relative_to(source)))


def _remove(root: Path) -> None:
    """Removes a folder of ours; what is above it, where other people's files are, keeps its permissions."""

    def open_and_retry(function: Callable[..., object], path: str, _error: object) -> None:
        """Gives a folder back its permissions once; a file of a foreign user in it stays with a shrug."""
        with contextlib.suppress(OSError):
            if os.fspath(path) != os.fspath(root):
                os.chmod(os.path.dirname(path), 0o700)
            if os.path.isdir(path) and not os.path.islink(path):
                os.chmod(path, 0o700)
                shutil.rmtree(path, ignore_errors=True)
            else:
                function(path)

    shutil.rmtree(root, onerror=open_and_retry)
