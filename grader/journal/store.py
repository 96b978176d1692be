"""The folder of journals: files that are whole or not there, and one writer a journal."""

from __future__ import annotations

import contextlib
import errno
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from grader.errors import StorageError
from grader.files import whole_file
from grader.journal.codec import decode, decode_head, encode
from grader.journal.types import Head, Journal

_PATIENCE_S = 0.5
_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


class JournalStore:
    """Journals by their key.

    Args:
        folder: Made when it is missing.

    Raises:
        StorageError: The folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with storage_errors(folder):
            (folder / "locks").mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe-{secrets.token_hex(4)}"
            probe.touch()
            probe.unlink()

    def path(self, key: str) -> Path:
        """Where the journal of a key lies."""
        return self.folder / key[:2] / f"{key}.journal"

    def load(self, key: str) -> Journal | None:
        """The journal of a key, or None when there is none.

        Raises:
            StorageError: The file is damaged or cannot be read.
        """
        try:
            return decode(self.path(key))
        except FileNotFoundError:
            return None

    def head(self, key: str) -> Head | None:
        """The journal of a key without its recordings, or None when there is none.

        Raises:
            StorageError: The file is damaged or cannot be read.
        """
        try:
            return decode_head(self.path(key))
        except FileNotFoundError:
            return None

    def save(self, journal: Journal) -> None:
        """Keeps a journal; an earlier one of the same key is replaced.

        Raises:
            StorageError: The disk is full, or the folder cannot be written.
        """
        path = self.path(journal.head.key)
        with storage_errors(path), whole_file(path) as file:
            file.write(encode(journal))

    @contextlib.contextmanager
    def lock(self, key: str, given_up: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Held while a notebook is executed, so that two graders never compute the same.

        A lock ends with the process that holds it, however that ends.

        Args:
            key: Of the execution.
            given_up: Asked while another grader holds the lock; true ends the waiting.

        Raises:
            StorageError: The lock cannot be made, or the waiting was given up.
        """
        path = self.folder / "locks" / f"{key[:4]}.lock"
        held = FileLock(path)
        with storage_errors(path):
            while not held.is_locked:
                try:
                    held.acquire(timeout=_PATIENCE_S)
                except Timeout as fault:
                    if given_up():
                        message = f"{path}: another grader holds this notebook."
                        raise StorageError(message, hint="Wait for it, or end it.") from fault
        try:
            yield
        finally:
            held.release()


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns errors of the file system into messages that name the file and the next step.

    Raises:
        StorageError: In place of any ``OSError``.
    """
    try:
        yield
    except OSError as fault:
        raise _explained(path, fault) from fault


def _explained(path: Path, fault: OSError) -> StorageError:
    reason = fault.strerror or str(fault)
    if fault.errno in _FULL:
        return StorageError(f"{path}: the disk is full.", hint="Make room and give the same command again.")
    if fault.errno in _READ_ONLY:
        return StorageError(f"{path}: it cannot be written ({reason}).", hint="Check the rights, or give --gradebook.")
    return StorageError(f"{path}: {reason}.", hint="Check the disk and give the same command again.")
