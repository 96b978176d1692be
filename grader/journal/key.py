"""The name of an execution: a hash of everything that could make it come out differently."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

_PACKAGES = (
    *("torch", "torchvision", "numpy", "scipy", "scikit-learn", "pandas", "pillow", "opencv-python-headless"),
    *("matplotlib", "ipykernel", "ipython"),
)
_CHUNK_BYTES = 2**20


def notebook_digest(notebook: NotebookNode) -> str:
    """Hash of the cells' kinds and sources; saved outputs and metadata prove nothing and change nothing."""
    return digest([[str(cell.cell_type), str(cell.source)] for cell in notebook.cells])


def files_digest(files: Mapping[str, Path]) -> str:
    """Hash of the names and contents of files."""
    return digest({name: file_digest(path) for name, path in files.items()})


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def environment(sandbox: str, kernel_side: Path, image: str = "", *, gpu: bool = False) -> Mapping[str, str]:
    """What a notebook runs in.

    Args:
        sandbox: Name of the sandbox.
        kernel_side: Folder of the package that runs beside the student.
        image: Id of a container's image, which then stands for the versions inside; or ``""``.
        gpu: Whether notebooks that name a GPU get one.
    """
    side = {path.relative_to(kernel_side).as_posix(): path for path in sorted(kernel_side.rglob("*.py"))}
    versions = {"image": image} if image else {"python": platform.python_version(), **_versions()}
    return {"sandbox": sandbox, "kernel_side": files_digest(side), **versions, **({"gpu": "lent"} if gpu else {})}


@functools.cache
def _versions() -> Mapping[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def digest(data: Any) -> str:
    """A short hash of JSON data."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
