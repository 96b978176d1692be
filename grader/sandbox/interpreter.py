"""What a namespace sandbox must show of the host so that this interpreter runs inside, and where it shows it."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import itertools
import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ENVIRONMENT = PurePosixPath("/opt/grader")
"""Where a virtual environment lies inside, whatever its place on the host: its path may name a project or a person."""
SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_PARTS = ("bin", "lib", "lib64", "include", "share", "pyvenv.cfg")


@dataclass(frozen=True)
class Interpreter:
    """The running interpreter, seen from inside.

    Attributes:
        python: Its path inside.
        binds: What is mounted read-only: path on the host → path inside, parents first.
        hidden: Folders inside that stay empty: Grader itself, which holds the answers.
    """

    python: str
    binds: dict[Path, str]
    hidden: tuple[str, ...]


@functools.cache
def interpreter() -> Interpreter:
    """Looks at the running interpreter.

    Only the parts of a prefix that hold Python are shown: a prefix may be a project's own folder. A virtual
    environment is moved to ``ENVIRONMENT``, which Python allows since it finds its prefix beside its executable.
    """
    prefix = Path(sys.prefix)
    moved = sys.prefix != sys.base_prefix
    own = {prefix / part: str(ENVIRONMENT / part) for part in _PARTS} if moved else {}
    stays = {folder for folder in _unmoved(moved=moved) if not moved or not _within(folder, [prefix])}
    stays |= {folder.resolve() for folder in stays}
    system = [Path(name) for name in SYSTEM_FOLDERS]
    binds = {folder: str(folder) for folder in stays if folder.exists() and not _within(folder, system)}
    binds |= {folder: inside for folder, inside in own.items() if folder.exists()}
    binds = dict(sorted(binds.items(), key=lambda bind: bind[1]))
    python = str(ENVIRONMENT / "bin" / Path(sys.executable).name) if moved else sys.executable
    return Interpreter(python, binds, tuple(_hidden(binds)))


def _unmoved(*, moved: bool) -> set[Path]:
    """What is looked for at its own path: the interpreter's installation, and packages outside the prefix."""
    prefixes = {sys.base_prefix, sys.base_exec_prefix} | (set() if moved else {sys.prefix, sys.exec_prefix})
    found = {Path(prefix) / part for prefix in prefixes for part in _PARTS}
    found |= {Path(path) for path in sysconfig.get_paths().values() if "site-packages" in path}
    if site.ENABLE_USER_SITE:
        found.add(Path(site.getusersitepackages()))
    return found


def _hidden(binds: dict[Path, str]) -> list[str]:
    """Where our own distribution would be seen inside."""
    tops = {Path(__file__).resolve().parents[1]}
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        distribution = importlib.metadata.distribution("grader")
        names = {file.parts[0] for file in distribution.files or [] if len(file.parts) > 1}
        tops |= {Path(str(distribution.locate_file(name))) for name in names - {".."}}
    shown = {**{Path(name): name for name in SYSTEM_FOLDERS}, **binds}
    found: set[str] = set()
    for top in tops:
        if not top.is_dir() or top.name.endswith((".dist-info", "__pycache__")):
            continue
        for source, inside in shown.items():
            # What is shown may be a link itself: the ``lib64`` of a virtual environment is its ``lib``.
            for folder, shown_folder in itertools.product({top, top.resolve()}, {source, source.resolve()}):
                if _within(folder, [shown_folder]):
                    found.add(os.path.normpath(os.path.join(inside, folder.relative_to(shown_folder))))
    return sorted(found)


def _within(folder: Path, roots: Iterable[Path]) -> bool:
    return any(folder == root or root in folder.parents for root in roots)
