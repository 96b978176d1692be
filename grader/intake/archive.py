"""Unpacks archives into a fresh folder: nothing is ever written outside it, no link is ever made."""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import ArchiveError
from grader.intake.entries import UNREADABLE, Entry, Kind, archive_stem, check_ratio, open_entries, too_many_entries
from grader.intake.names import collision_key, disk_name, distinct, is_junk, listing, readable
from grader.intake.types import Limits, Problem, size_text

_CHUNK_BYTES = 64 * 1024
_HINTS = {
    "it is protected by a password": "Ask for an upload without a password.",
    "it is damaged": "Ask for a new upload.",
    "its compression method is not supported": "Ask for an ordinary ZIP.",
    "it is a link": "Links are never followed.",
}


@dataclass
class Budget:
    """What a student may still unpack; shared by all archives of the student."""

    bytes_left: int
    entries_left: int
    max_bytes: int
    max_entries: int

    @classmethod
    def of(cls, limits: Limits) -> Budget:
        """The whole budget of a student."""
        return cls(limits.student_bytes, limits.student_entries, limits.student_bytes, limits.student_entries)

    def take_entry(self) -> None:
        """Counts a file or folder.

        Raises:
            ArchiveError: There are too many.
        """
        self.entries_left -= 1
        if self.entries_left < 0:
            raise too_many_entries(self.max_entries)

    def take_bytes(self, count: int) -> None:
        """Counts unpacked bytes.

        Raises:
            ArchiveError: There are too many.
        """
        self.bytes_left -= count
        if self.bytes_left < 0:
            message = f"it unpacks to more than the {size_text(self.max_bytes)} allowed"
            raise ArchiveError(message)


@dataclass
class Unpacked:
    """What an archive, or one student's part of a class archive, held.

    Attributes:
        problems: What was mended or left out.
        refused: Names of entries that were left out, with the reason.
    """

    problems: list[Problem] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


class Uploaded(dict[Path, str]):
    """Path in the workspace → name as uploaded, where the two differ."""

    def name(self, path: Path) -> str:
        """The name as uploaded, in NFC."""
        return self.get(path) or readable(path.name)


def unpack_student(archive: Path, into: Path, budget: Budget, limits: Limits, uploaded: Uploaded) -> Unpacked:
    """Unpacks an archive of one student into the folder ``into``, which must not exist yet.

    Raises:
        ArchiveError: The archive as a whole is damaged or hostile; ``into`` is gone again.
    """
    extraction = _Extraction(into, limits, uploaded, group_depth=0)
    extraction.budgets[()] = budget
    try:
        with open_entries(archive, budget.max_entries, budget.max_bytes, limits) as entries:
            extraction.run(entries)
    except ArchiveError:
        shutil.rmtree(into, ignore_errors=True)
        raise
    return extraction.results(uploaded.name(archive)).get((), Unpacked())


DepthOf = Callable[[tuple[str, ...]], int]


def class_names(archive: Path, limits: Limits) -> list[tuple[str, ...]]:
    """The files that an archive of a whole class names, by parts, junk left out; nothing is unpacked.

    Raises:
        ArchiveError: The archive as a whole is damaged.
    """
    with open_entries(archive, limits.class_entries, shutil.disk_usage(archive.parent).free, _whole(limits)) as entries:
        named = [_parts(entry.name) for entry in entries if entry.kind == "file"]
    return sorted(tuple(map(readable, parts)) for parts in named if parts and not _junk(parts))


def unpack_class(
    archive: Path, into: Path, limits: Limits, uploaded: Uploaded, depth_of: DepthOf | None = None
) -> dict[Path, Unpacked]:
    """Unpacks an archive of a whole class; a student who breaks a limit loses that student's part only.

    Args:
        archive: The archive.
        into: A folder that does not exist yet.
        limits: Bounds on a student's part.
        uploaded: Is told the names as uploaded.
        depth_of: How many parts of a name belong to one student's folder, 0 where that is not known; by default a
            student is what lies directly in the archive, or in its only folder.

    Returns:
        What happened, by the folder or file that belongs to one student.

    Raises:
        ArchiveError: The archive as a whole is damaged or does not fit on the disk.
    """
    into.mkdir(parents=True)
    room_bytes = shutil.disk_usage(into).free
    whole = _whole(limits)
    with open_entries(archive, limits.class_entries, room_bytes, whole) as entries:
        tops = {parts[0] for entry in entries if (parts := _parts(entry.name)) and not _junk(parts)}
    extraction = _Extraction(into, limits, uploaded, group_depth=2 if len(tops) == 1 else 1, depth_of=depth_of)
    with open_entries(archive, limits.class_entries, room_bytes, whole) as entries:
        extraction.run(entries)
    label = uploaded.name(archive)
    return {extraction.place(group): result for group, result in extraction.results(label).items()}


def _whole(limits: Limits) -> Limits:
    # Bombs are looked for a student; a class of similar notebooks may well be packed densely.
    return Limits(ratio=limits.ratio * 1000, ratio_from_bytes=limits.ratio_from_bytes)


class _Extraction:
    """One pass over an archive.

    A group is what belongs to one student: the first parts of an entry's name, ``group_depth`` of them unless
    ``depth_of`` knows better.
    """

    def __init__(
        self, into: Path, limits: Limits, uploaded: Uploaded, *, group_depth: int, depth_of: DepthOf | None = None
    ) -> None:
        into.mkdir(parents=True, exist_ok=True)
        self._into = into
        self._limits = limits
        self._uploaded = uploaded
        self._group_depth = group_depth
        self._depth_of = depth_of
        self.budgets: dict[tuple[str, ...], Budget] = {}
        self._closed: dict[tuple[str, ...], ArchiveError] = {}
        self._left_out: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._mended: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._folders: dict[tuple[str, ...], Path] = {(): into}
        self._files: dict[tuple[str, ...], Path] = {}
        self._taken: dict[Path, Counter[str]] = defaultdict(Counter)

    def run(self, entries: Iterator[Entry]) -> None:
        """Unpacks all entries."""
        for entry in entries:
            parts = _parts(entry.name)
            group = tuple(parts[: self._depth(parts)])
            if group in self._closed:
                continue
            try:
                self._budget(group).take_entry()
                if parts and not _junk(parts):
                    self._unpack(entry, parts, group)
            except ArchiveError as error:
                if not group:
                    raise
                self._close(group, parts, entry.kind, error)

    def place(self, group: tuple[str, ...]) -> Path:
        """Where the entries of a group were unpacked."""
        return self._folders.get(group) or self._files.get(group) or self._into

    def results(self, label: str) -> dict[tuple[str, ...], Unpacked]:
        """What happened, by group; ``label`` names the archive."""
        results: dict[tuple[str, ...], Unpacked] = defaultdict(Unpacked)
        for group, error in self._closed.items():
            problem = Problem(f"The upload was refused: {error.args[0]}.", label, error.hint)
            results[group].problems.append(problem)
        for group, reasons in self._left_out.items():
            for reason, names in reasons.items():
                problem = Problem(f"{listing(names)} left out: {reason}.", label, _HINTS.get(reason, ""))
                results[group].problems.append(problem)
                results[group].refused |= dict.fromkeys(names, reason)
        for group, reasons in self._mended.items():
            for reason, names in reasons.items():
                results[group].problems.append(Problem(f"{listing(names)} kept, but {reason}.", label))
        return dict(results)

    def _unpack(self, entry: Entry, parts: list[str], group: tuple[str, ...]) -> None:
        reason = self._refusal(entry, parts)
        if reason:
            self._left_out[group][reason].append(entry.name)
            return
        if entry.guessed:
            self._mended[group]["the encoding of the name had to be guessed"].append(entry.name)
        if entry.kind == "folder":
            self._folder(tuple(parts), group)
            return
        budget = self._budget(group)
        if entry.size > budget.bytes_left:
            budget.take_bytes(entry.size)
        if entry.packed is not None:
            check_ratio(entry.size, entry.packed, self._limits)
        folder = self._folder(tuple(parts[:-1]), group)
        target = self._allocate(folder, parts[-1], group)
        if tuple(parts) == group:
            self._files[group] = target
        try:
            self._write(entry, target, budget)
        except ArchiveError:
            raise
        except UNREADABLE:
            target.unlink(missing_ok=True)
            self._left_out[group]["it is damaged"].append(entry.name)

    def _refusal(self, entry: Entry, parts: list[str]) -> str:
        if entry.name.startswith("/") or entry.name[1:2] == ":":
            return "its name is an absolute path"
        if ".." in parts:
            return "its name leads outside the archive"
        if entry.kind == "link":
            return "it is a link"
        if entry.kind == "special":
            return "it is a device, pipe or sparse file"
        if len(parts) > self._limits.depth + self._depth(parts):
            return f"it lies more than {self._limits.depth} folders deep"
        return entry.refusal

    def _write(self, entry: Entry, target: Path, budget: Budget) -> None:
        with entry.read() as source, target.open("xb") as sink:
            while chunk := source.read(_CHUNK_BYTES):
                budget.take_bytes(len(chunk))
                sink.write(chunk)
        if entry.modified is not None and 0 <= entry.modified < 2**33:
            os.utime(target, (entry.modified, entry.modified))

    def _folder(self, parts: tuple[str, ...], group: tuple[str, ...]) -> Path:
        known = self._folders.get(parts)
        if known is not None:
            return known
        parent = self._folder(parts[:-1], group)
        if len(parts) > len(group):
            self._budget(group).take_entry()
        folder = self._allocate(parent, parts[-1], group)
        folder.mkdir()
        self._folders[parts] = folder
        return folder

    def _allocate(self, parent: Path, name: str, group: tuple[str, ...]) -> Path:
        wanted = disk_name(name, self._limits.name_bytes)
        if wanted != readable(name):
            reason = "stored under a safe name"
            if len(readable(name).encode()) > self._limits.name_bytes:
                reason = f"its name was shortened to {self._limits.name_bytes} bytes"
            self._mended[group][reason].append(name)
        taken = self._taken[parent]
        key, final = collision_key(wanted), wanted
        stem, suffix = os.path.splitext(wanted)
        while collision_key(final) in taken:
            taken[key] += 1
            final = disk_name(f"{stem} ({taken[key]}){suffix}", self._limits.name_bytes)
        if final != wanted:
            self._mended[group]["renamed because another entry has the same name"].append(name)
        taken[collision_key(final)] = 1
        path = parent / final
        if final != readable(name):
            self._uploaded[path] = readable(name)
        return path

    def _depth(self, parts: list[str]) -> int:
        known = self._depth_of(tuple(map(readable, parts))) if self._depth_of is not None and parts else 0
        return known or self._group_depth

    def _budget(self, group: tuple[str, ...]) -> Budget:
        if group not in self.budgets:
            self.budgets[group] = Budget.of(self._limits)
        return self.budgets[group]

    def _close(self, group: tuple[str, ...], parts: list[str], kind: Kind, error: ArchiveError) -> None:
        """Takes a student's part of a class archive away again; the empty folder still names the student."""
        self._closed[group] = error
        folder = self._folders.get(group)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            return
        is_folder = kind == "folder" or len(parts) > len(group)
        name = group[-1] if is_folder else archive_stem(group[-1])
        if name and len(group) == self._depth(parts):
            self._folders[group] = self._allocate(self._folder(group[:-1], group), name, group)
            self._folders[group].mkdir()


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in {"", "."}]


def _junk(parts: list[str]) -> bool:
    return any(is_junk(part) for part in parts)


def nested_folder(archive: Path, stem: str, limits: Limits) -> Path:
    """Where an archive inside a student's folder is unpacked: beside it, under its stem, under a free name."""
    taken = {entry.name for entry in archive.parent.iterdir()}
    return archive.parent / distinct(disk_name(stem, limits.name_bytes - 8), taken)
