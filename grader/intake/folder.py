"""What lies in a student's folder: regular files only, links never followed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.intake.archive import Uploaded
from grader.intake.names import is_junk, listing, readable
from grader.intake.types import Limits, Problem, size_text


@dataclass(frozen=True)
class FoundFile:
    """A regular file.

    Attributes:
        path: Where it lies.
        name: As uploaded, with its folders, relative to the student's folder.
        size: In bytes.
        modified: Seconds since the epoch.
    """

    path: Path
    name: str
    size: int
    modified: float


@dataclass
class Found:
    """What a folder holds.

    Attributes:
        files: The regular files, ordered by name.
        problems: What is wrong with the rest.
        refused: Names of links and the like, with the reason.
        harmless: Whether the folder holds nothing but these files (and junk), so that it can be used as it is.
    """

    files: list[FoundFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    harmless: bool = True


def look_into(folder: Path, limits: Limits, uploaded: Uploaded) -> Found:
    """Lists a student's folder."""
    found = Found()
    budget = limits.student_entries
    unreadable: list[str] = []
    for entry, name, depth in _walk(folder, uploaded, unreadable, limits.depth):
        budget -= 1
        if budget < 0:
            message = f"There are more than {limits.student_entries} files: the rest was not looked at."
            found.problems.append(Problem(message))
            found.harmless = False
            break
        reason = _refusal(entry, depth, limits)
        if reason:
            found.refused[name] = reason
        elif entry.is_file(follow_symlinks=False):
            info = entry.stat(follow_symlinks=False)
            found.files.append(FoundFile(Path(entry.path), name, info.st_size, info.st_mtime))
    for name in unreadable:
        found.refused[name] = "it cannot be opened"
    for reason in dict.fromkeys(found.refused.values()):
        names = [name for name, why in found.refused.items() if why == reason]
        found.problems.append(Problem(f"{listing(names)} left out: {reason}."))
    found.harmless = found.harmless and not found.refused
    _keep_what_fits(found, limits)
    return found


def copy_files(files: list[FoundFile], source: Path, target: Path, uploaded: Uploaded) -> list[str]:
    """Copies files to a fresh folder; returns the names of those that could not be read."""
    target.mkdir(parents=True)
    failed: list[str] = []
    for file in files:
        copy = target / file.path.relative_to(source)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file.path, copy, follow_symlinks=False)
        except OSError:
            failed.append(file.name)
            continue
        if file.path in uploaded:
            uploaded[copy] = uploaded[file.path]
    return failed


def clean_entries(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder without junk, ordered by name."""
    with os.scandir(folder) as entries:
        return sorted((entry for entry in entries if not is_junk(entry.name)), key=lambda entry: entry.name)


def inner_folder(folder: Path) -> Path:
    """The folder itself, or the one in which all of it lies."""
    while True:
        entries = clean_entries(folder)
        if len(entries) != 1 or not entries[0].is_dir(follow_symlinks=False):
            return folder
        folder = Path(entries[0].path)


def _walk(
    folder: Path, uploaded: Uploaded, unreadable: list[str], max_depth: int
) -> Iterator[tuple[os.DirEntry[str], str, int]]:
    waiting = [(folder, "", 0)]
    while waiting:
        current, prefix, depth = waiting.pop()
        try:
            entries = clean_entries(current)
        except OSError:
            unreadable.append(prefix.rstrip("/") or readable(current.name))
            continue
        below = []
        for entry in entries:
            name = prefix + uploaded.name(Path(entry.path))
            yield entry, name, depth
            if entry.is_dir(follow_symlinks=False) and depth < max_depth:
                below.append((Path(entry.path), f"{name}/", depth + 1))
        waiting.extend(reversed(below))


def _refusal(entry: os.DirEntry[str], depth: int, limits: Limits) -> str:
    if entry.is_symlink():
        return "it is a link"
    if entry.is_dir(follow_symlinks=False):
        return f"it lies more than {limits.depth} folders deep" if depth >= limits.depth else ""
    return "" if entry.is_file(follow_symlinks=False) else "it is a device, pipe or socket"


def _keep_what_fits(found: Found, limits: Limits) -> None:
    if sum(file.size for file in found.files) > limits.student_bytes:
        room = limits.student_bytes
        kept: list[FoundFile] = []
        dropped: list[FoundFile] = []
        for file in sorted(found.files, key=lambda file: (file.size, file.name)):
            room -= file.size
            (kept if room >= 0 else dropped).append(file)
        names = listing([file.name for file in dropped])
        message = f"{names} left out: the files of a student may take {size_text(limits.student_bytes)} together."
        found.problems.append(Problem(message))
        found.files, found.harmless = kept, False
    found.files.sort(key=lambda file: file.name)
