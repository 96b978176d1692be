"""Checksums of real files, remembered so that large files are read once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Literal

from grader.data.catalogue import Asset

Verdict = Literal["ok", "accepted", "mismatch", "unknown"]


def check(path: Path, asset: Asset, memory: Path) -> tuple[Verdict, str, str]:
    """Compares a real file with what the catalogue knows of it.

    A file ``<name>.sha256`` beside it, as written by ``sha256sum``, accepts another variant.

    Args:
        path: The file.
        asset: Its entry.
        memory: JSON file where checksums are kept between runs.

    Returns:
        The verdict, the expected and the found checksum as texts.
    """
    algorithm, expected = _expected(asset)
    sidecar = path.with_name(path.name + ".sha256")
    if not expected and not sidecar.is_file():
        return "unknown", "", ""
    found = digest(path, algorithm or "sha256", memory)
    if expected and found.startswith(expected):
        return "ok", f"{algorithm} {expected}", f"{algorithm} {found}"
    if sidecar.is_file() and sidecar.read_text(encoding="utf-8").split()[:1] == [digest(path, "sha256", memory)]:
        return "accepted", f"{algorithm} {expected}".strip(), f"{algorithm} {found}".strip()
    return "mismatch", f"{algorithm} {expected}".strip() or f"that of {sidecar.name}", f"{algorithm} {found}".strip()


def digest(path: Path, algorithm: str, memory: Path) -> str:
    """Checksum of a file, from memory when size and time of change are as they were."""
    stat = path.stat()
    key = f"{algorithm}:{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
    known = _read(memory)
    if key not in known:
        with path.open("rb") as file:
            known[key] = hashlib.file_digest(file, algorithm).hexdigest()
        _write(memory, known)
    return known[key]


def _expected(asset: Asset) -> tuple[str, str]:
    if asset.sha256 or asset.sha256_prefix:
        return "sha256", asset.sha256 or asset.sha256_prefix
    return ("md5", asset.md5) if asset.md5 else ("", "")


def _read(memory: Path) -> dict[str, str]:
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(memory: Path, known: dict[str, str]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    temporary = memory.with_name(f"{memory.name}.{os.getpid()}")
    temporary.write_text(json.dumps(known, indent=1), encoding="utf-8")
    temporary.replace(memory)
