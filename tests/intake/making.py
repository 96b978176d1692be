"""Makes uploads, good and bad ones."""

from __future__ import annotations

import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grader.intake import AssignmentHint, Intake, Limits, Submission, read_submissions

HINTS = (
    AssignmentHint("1", (r"(?:assignment|task|a)[ _-]*1(?!\d)", r"^i$"), ("layer4", "grad.?cam")),
    AssignmentHint("2", (r"(?:assignment|task|a)[ _-]*2(?!\d)", r"^ii$"), ("gender", "elman")),
    AssignmentHint("3", (r"(?:assignment|task|a)[ _-]*3(?!\d)", r"^iii$"), ("SVHN", "conv2d")),
    AssignmentHint("4"),
)
SMALL = Limits(
    student_bytes=200_000,
    student_entries=50,
    ratio_from_bytes=20_000,
    notebook_bytes=100_000,
    notebook_containers=2_000,
    answers_bytes=10_000,
    depth=4,
)
DATE = (2021, 6, 18, 9, 30, 0)


def cells(*sources: str) -> list[dict[str, Any]]:
    return [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for source in sources
    ]


def notebook(*sources: str, **changes: Any) -> bytes:
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells(*(sources or ("x = 1",)))} | changes
    return json.dumps(document).encode()


def write(root: Path, files: Mapping[str, bytes | str]) -> Path:
    """A folder with files; a name that ends in ``/`` makes a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def zipped(entries: Mapping[str, bytes] | Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    pairs = entries.items() if isinstance(entries, Mapping) else entries
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pairs:
            info = name if isinstance(name, zipfile.ZipInfo) else entry(name)
            archive.writestr(info, content)
    return buffer.getvalue()


def entry(name: str, mode: int = 0, date: tuple[int, int, int, int, int, int] = DATE) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = mode << 16
    return info


def link(name: str) -> zipfile.ZipInfo:
    return entry(name, stat.S_IFLNK | 0o777)


def tarred(members: Iterable[tuple[tarfile.TarInfo | str, bytes]], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def read(tmp_path: Path, files: Mapping[str, bytes | str], **options: Any) -> Intake:
    return read_submissions(write(tmp_path / "class", files), tmp_path / "work", HINTS, **options)


def read_student(tmp_path: Path, files: Mapping[str, bytes | str], **options: Any) -> Submission:
    """Alice with these files, beside Bob with a good notebook, whom nothing may affect."""
    beside = {"bob/assignment1.ipynb": notebook("bob = 1")}
    intake = read(tmp_path, {f"alice/{name}": content for name, content in files.items()} | beside, **options)
    return only_alice(intake)


def only_alice(intake: Intake) -> Submission:
    submissions = {submission.student: submission for submission in intake.submissions}
    assert set(submissions) == {"alice", "bob"}
    assert submissions["bob"].problems == ()
    assert sources(submissions["bob"])["1"] == ["bob = 1"]
    assert intake.problems == ()
    return submissions["alice"]


def sources(submission: Submission) -> dict[str, list[str]]:
    return {
        ident: [cell.source for cell in file.notebook.cells]
        for ident, file in submission.notebooks.items()
        if file.notebook is not None
    }


def messages(found: Submission | Intake) -> list[str]:
    return [str(problem) for problem in found.problems]


def contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
