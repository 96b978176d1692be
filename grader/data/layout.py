"""Laying files out in the folder that sandboxes see."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.data.catalogue import Asset
from grader.data.prepared import WORKDIR

SCHEMA = "grader.prepared/1"

_ARCHIVE_TIME = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Chosen:
    """The file that is used for an asset.

    Attributes:
        asset: Its entry in the catalogue.
        path: The real file or the stand-in.
        stand_in: Which of the two.
    """

    asset: Asset
    path: Path
    stand_in: bool


def lay_out(parent: Path, chosen: Sequence[Chosen]) -> Path:
    """Makes the folder for a choice of files, or finds the one made before.

    Args:
        parent: Holds the folders, one for every choice.
        chosen: What goes in.

    Returns:
        The folder: read-only for all, readable by any user.
    """
    folder = parent / _key(chosen)
    if folder.is_dir():
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=parent, prefix=".new-"))
    try:
        _fill(scratch, chosen)
        for inner in (scratch, *(path for path in scratch.rglob("*") if path.is_dir())):
            inner.chmod(0o755)  # whatever the umask: the sandbox may run as another user
        scratch.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another process was faster
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _key(chosen: Sequence[Chosen]) -> str:
    digest = hashlib.sha256(SCHEMA.encode())
    for item in chosen:
        stat = item.path.stat()
        facts = [item.asset.model_dump_json(), str(item.path), stat.st_size, stat.st_mtime_ns, item.stand_in]
        digest.update(json.dumps(facts).encode())
    return digest.hexdigest()[:16]


def _fill(folder: Path, chosen: Sequence[Chosen]) -> None:
    files: list[dict[str, Any]] = []
    urls: list[dict[str, Any]] = []
    (folder / WORKDIR).mkdir()
    for item in chosen:
        asset, facts = item.asset, {"name": item.asset.name, "kind": item.asset.kind, "stand_in": item.stand_in}
        main = f"{asset.folder}/{asset.file}"
        _place(item.path, folder / main)
        if asset.copy_to_workdir:
            _place(item.path, folder / WORKDIR / asset.file)
        files.append({**facts, "path": main, "missing": list(asset.missing)})
        for number, answer in enumerate(asset.answers):
            text = f"answers/{asset.name}-{number}"
            _write(folder / text, answer.text.strip())
            urls.append({**facts, "kind": "text", "url": answer.url, "path": text})
        urls += [{**facts, "url": pattern, "path": main} for pattern in asset.urls]
        if asset.archive:
            packed = f"archives/{asset.archive}"
            _pack(item.path, folder / packed, asset.file)
            files.append({**facts, "kind": "archive", "path": packed, "missing": list(asset.archive_missing)})
            urls += [{**facts, "kind": "archive", "url": pattern, "path": packed} for pattern in asset.archive_urls]
    _write(folder / "manifest.json", json.dumps({"schema": SCHEMA, "files": files}, indent=1))
    _write(folder / "urls.json", json.dumps(urls, indent=1))


def _place(source: Path, target: Path) -> None:
    """Links a file, or copies it where links cannot be made or would show the wrong rights."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source = source.resolve()
    if source.stat().st_mode & 0o044 == 0o044:
        try:
            os.link(source, target)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(source, target)
    target.chmod(0o644)


def _pack(source: Path, target: Path, name: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _ARCHIVE_TIME), source.read_bytes(), zipfile.ZIP_DEFLATED)
    target.chmod(0o644)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
