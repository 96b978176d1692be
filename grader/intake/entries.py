"""The entries of ZIP and tar archives in one shape, read without trusting what the archive says of itself."""

from __future__ import annotations

import bz2
import gzip
import re
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, cast

from grader.errors import ArchiveError
from grader.intake.types import Limits, size_text

Kind = Literal["file", "folder", "link", "special"]

_ARCHIVE_NAME = re.compile(r"(.+?)\.(zip|tar|tgz|tbz2|tar\.gz|tar\.bz2)(?:\s*\(\d+\))?$", re.IGNORECASE)
_FOREIGN_NAME = re.compile(r"(.+)\.(rar|7z|zipx|txz|tar\.xz|tar\.zst|arj|cab|dmg|iso)$", re.IGNORECASE)
_FOREIGN = {b"Rar!": "RAR", b"7z\xbc\xaf": "7-Zip", b"\xfd7zX": "xz", b"\x28\xb5\x2f\xfd": "Zstandard"}
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_TAR_READ_BYTES = 64 * 1024
_ZIP_END = b"PK\x05\x06"

UNREADABLE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError,
    OverflowError, NotImplementedError, MemoryError,
)  # fmt: skip
"""What the standard library raises on damaged archives (``UnicodeError`` and ``RecursionError`` are among them)."""


@dataclass(frozen=True)
class Entry:
    """An entry of an archive.

    Attributes:
        name: As stored, decoded, with ``/`` between its parts.
        kind: Regular file, folder, link (hard or symbolic) or anything else.
        size: Unpacked size as declared, in bytes.
        packed: Packed size as declared, in bytes, or None in a tar archive.
        modified: Seconds since the epoch, or None.
        read: Opens the contents.
        refusal: Why it cannot be unpacked, or ``""``.
        guessed: Whether the name's encoding was not declared and had to be guessed.
    """

    name: str
    kind: Kind
    size: int
    packed: int | None
    modified: float | None
    read: Callable[[], IO[bytes]]
    refusal: str = ""
    guessed: bool = False


def archive_stem(name: str) -> str | None:
    """The name without the archive's suffix, or None when it is not an archive that can be unpacked."""
    match = _ARCHIVE_NAME.match(name)
    return match[1] if match else None


def foreign_stem(name: str) -> str | None:
    """The name without the suffix of an archive that cannot be unpacked here, or None when it has none."""
    match = _FOREIGN_NAME.match(name)
    return match[1] if match else None


@contextmanager
def open_entries(archive: Path, max_entries: int, max_bytes: int, limits: Limits) -> Iterator[Iterator[Entry]]:
    """Opens an archive for one pass over its entries; an entry must be read before the next one is asked for.

    Raises:
        ArchiveError: It is damaged, not an archive, or a bomb; also while iterating.
    """
    try:
        with archive.open("rb") as file:
            start = file.read(4)
        if start in _FOREIGN:
            message = f"it is a {_FOREIGN[start]} archive, which cannot be unpacked"
            raise ArchiveError(message, hint="Ask for an ordinary ZIP.")
        if not start:
            message = "it is empty (0 bytes)"
            raise ArchiveError(message, hint="Ask for a new upload.")
        if start[:2] == b"PK":
            _check_zip_directory(archive, max_entries)
            with zipfile.ZipFile(archive) as opened:
                yield _zip_entries(opened, archive.stat().st_size, max_entries, limits)
        else:
            with (
                _tar_stream(archive, start, max_bytes, limits) as stream,
                tarfile.TarFile(fileobj=stream) as opened_tar,
            ):
                yield _tar_entries(opened_tar, max_entries)
    except UNREADABLE as error:
        message = f"it is damaged or not an archive ({_reason(error)})"
        raise ArchiveError(message, hint="Ask for a new upload.") from error


def too_many_entries(allowed: int) -> ArchiveError:
    """The refusal of an archive with too many entries."""
    return ArchiveError(f"it holds more than the {allowed} files and folders allowed")


def _check_zip_directory(archive: Path, max_entries: int) -> None:
    # The size of the directory is known before it is parsed into objects, which take twenty times its size.
    size = archive.stat().st_size
    with archive.open("rb") as file:
        file.seek(max(0, size - 65_557))
        tail = file.read()
    end = tail.rfind(_ZIP_END)
    if end >= 0 and len(tail) >= end + 20:
        directory_bytes = struct.unpack_from("<I", tail, end + 12)[0]
        if directory_bytes > max_entries * 1024:
            raise too_many_entries(max_entries)


def _zip_entries(opened: zipfile.ZipFile, packed_bytes: int, max_entries: int, limits: Limits) -> Iterator[Entry]:
    infos = opened.infolist()
    if len(infos) > max_entries:
        raise too_many_entries(max_entries)
    check_ratio(sum(info.file_size for info in infos), packed_bytes, limits)
    for info in infos:
        name, guessed = _zip_name(info)
        yield Entry(
            name=name,
            kind=_zip_kind(info, name),
            size=info.file_size,
            packed=info.compress_size,
            modified=_zip_time(info),
            read=lambda info=info: opened.open(info),  # type: ignore[misc]
            refusal=_zip_refusal(info),
            guessed=guessed,
        )


def check_ratio(unpacked_bytes: int, packed_bytes: int, limits: Limits) -> None:
    """Refuses what unpacks to implausibly much.

    Raises:
        ArchiveError: It looks like a bomb.
    """
    if unpacked_bytes > limits.ratio_from_bytes and unpacked_bytes > limits.ratio * max(1, packed_bytes):
        message = (
            f"it looks like an archive bomb: {size_text(packed_bytes)} would unpack to {size_text(unpacked_bytes)}, "
            f"more than {limits.ratio} times its size"
        )
        raise ArchiveError(message)


def _zip_name(info: zipfile.ZipInfo) -> tuple[str, bool]:
    name, guessed = info.filename, False
    if not info.flag_bits & 0x800 and not name.isascii():
        guessed = True
        name = _guessed_name(name.encode("cp437", "replace"), name)
    return name.replace("\\", "/"), guessed


def _guessed_name(raw: bytes, as_cp437: str) -> str:
    """The name in the encoding that gives most Latin letters; many programs store UTF-8 and do not say so."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        forms = [as_cp437, raw.decode("cp1252", "replace")]
    # Of equals, the first one: the encoding that the format prescribes.
    return max(forms, key=lambda form: sum("LATIN" in unicodedata.name(char, "") for char in form if char > "\x7f"))


def _zip_kind(info: zipfile.ZipInfo, name: str) -> Kind:
    file_type = stat.S_IFMT(info.external_attr >> 16)
    if file_type == stat.S_IFLNK:
        return "link"
    if file_type not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "special"
    return "folder" if name.endswith("/") else "file"


def _zip_refusal(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x1:
        return "it is protected by a password"
    if info.compress_type not in _METHODS:
        return "its compression method is not supported"
    return ""


def _zip_time(info: zipfile.ZipInfo) -> float | None:
    try:
        return datetime(*info.date_time).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


class _BoundedStream:
    """A seekable stream for tarfile that ends a bomb, and headers that would be read into memory whole."""

    def __init__(self, stream: IO[bytes], packed_bytes: int, max_bytes: int, limits: Limits) -> None:
        self._stream = stream
        self._packed_bytes = packed_bytes
        self._max_bytes = max_bytes
        self._limits = limits

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _TAR_READ_BYTES:
            message = "it is damaged (a header of the tar archive is too large)"
            raise ArchiveError(message)
        self._check(self._stream.tell() + size)
        return self._stream.read(size)

    def seek(self, position: int) -> int:
        self._check(position)
        # In steps, so that a bomb ends when the ratio is exceeded and not after all of it was unpacked.
        while self._stream.tell() < position - _TAR_READ_BYTES:
            if not self._stream.read(_TAR_READ_BYTES):
                break
            self._check(self._stream.tell())
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, position: int) -> None:
        if position > self._max_bytes:
            message = f"it unpacks to more than the {size_text(self._max_bytes)} allowed"
            raise ArchiveError(message)
        check_ratio(min(position, self._stream.tell()), self._packed_bytes, self._limits)


@contextmanager
def _tar_stream(archive: Path, start: bytes, max_bytes: int, limits: Limits) -> Iterator[IO[bytes]]:
    openers: dict[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}
    opener = openers.get(start[:2], partial(Path.open, mode="rb"))
    with opener(archive) as raw:
        yield cast(IO[bytes], _BoundedStream(raw, archive.stat().st_size, max_bytes, limits))


def _tar_entries(opened: tarfile.TarFile, max_entries: int) -> Iterator[Entry]:
    last = -1
    for count, member in enumerate(opened, start=1):
        if count > max_entries:
            raise too_many_entries(max_entries)
        if member.offset <= last:  # a negative size makes tarfile read the same header for ever
            message = "it is damaged (its entries overlap)"
            raise ArchiveError(message)
        last = member.offset
        vars(opened)["members"] = []  # tarfile keeps every header otherwise
        yield Entry(
            name=member.name.replace("\\", "/"),
            kind=_tar_kind(member),
            size=member.size if member.isreg() else 0,
            packed=None,
            modified=float(member.mtime),
            read=lambda member=member: _tar_contents(opened, member),  # type: ignore[misc]
        )


def _tar_kind(member: tarfile.TarInfo) -> Kind:
    if member.issym() or member.islnk():
        return "link"
    if member.isdir():
        return "folder"
    return "file" if member.isreg() and not member.issparse() else "special"


def _tar_contents(opened: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    contents = opened.extractfile(member)
    if contents is None:
        message = "the entry has no contents"
        raise tarfile.ReadError(message)
    return contents


def _reason(error: BaseException) -> str:
    text = str(error).splitlines()[0][:120] if str(error) else ""
    return text or type(error).__name__
