"""What exports write: whole or not at all, and never over a file that is there."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from grader.errors import UsageError
from grader.files import whole_file


def check_free(path: Path, *, force: bool, folder: bool = False) -> None:
    """Refuses a name that is taken.

    Args:
        path: What is to be written.
        force: Whether what is there may be replaced.
        folder: Whether it will be a folder.

    Raises:
        UsageError: Something is there and must not be replaced, or it is a folder in a file's place or the reverse.
    """
    if path.exists() and path.is_dir() != folder:
        found, wanted = ("file", "folder") if folder else ("folder", "file")
        message = f"{path}: expected the name of a {wanted}, found a {found}."
        raise UsageError(message, hint="Give another name with --out.")
    taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if taken and not force:
        message = f"{path}: there is something of this name already; nothing was written."
        raise UsageError(message, hint="Give another name with --out, or --force to replace it.")


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to be written, whole or not at all.

    Raises:
        UsageError: It cannot be written, or what goes into it cannot be read.
    """
    try:
        with whole_file(path) as file:
            yield file
    except OSError as fault:
        message = (
            f"{path}: cannot be written: {fault.strerror or fault}{f' ({fault.filename})' if fault.filename else ''}."
        )
        raise UsageError(message) from fault


def write_file(path: Path, data: bytes) -> None:
    """Writes a file, whole or not at all.

    Raises:
        UsageError: It cannot be written.
    """
    with writing(path) as file:
        file.write(data)


def write_zip(path: Path, members: Iterable[tuple[str, Path]], folders: Iterable[str] = ()) -> None:
    """Writes an archive, whole or not at all.

    Args:
        path: The archive.
        members: Name in the archive, and the file.
        folders: Names of empty folders in it, each with ``/`` at its end.

    Raises:
        UsageError: A file cannot be read, or the archive cannot be written.
    """
    with (
        writing(path) as file,
        # Clocks before 1980 are no reason to fail.
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive,
    ):
        for folder in folders:
            archive.writestr(zipfile.ZipInfo(folder), b"")
        for name, source in members:
            archive.write(source, unicodedata.normalize("NFC", name))


def is_folder_name(text: str) -> bool:
    """Whether the text can be a folder in an archive, and one that no system takes for hidden."""
    return (
        bool(text) and text == text.strip() and not text.startswith((".", "~")) and not set(text) & set('/\\:*?"<>|\0')
    )
