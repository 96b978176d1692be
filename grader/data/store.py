"""The asset folder of a machine: finds real files, makes stand-ins, lays data out for sandboxes."""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import platformdirs
from filelock import FileLock

from grader.data import checksums, layout
from grader.data.catalogue import Asset, load_catalogue
from grader.data.prepared import PreparedAssets
from grader.errors import CourseError, UsageError, UserError

ENVIRONMENT = "GRADER_ASSETS"
"""Environment variable that names the asset folder."""


@dataclass(frozen=True)
class AssetStatus:
    """A row of ``grade data``.

    Attributes:
        name: Name of the data.
        title: What they are.
        file: Usual file name.
        kind: Whether a run would use the real file or a stand-in.
        checksum: ``ok``; ``accepted`` (another variant that an instructor accepted); ``mismatch`` (a run that needs it
            stops); ``unknown`` (no checksum is publicly known); ``""`` for stand-ins.
        path: The file that is used, or where the stand-in will be made.
        put_at: Where to put the real file.
        source: Where to get the real file.
        message: What is wrong and what to do, or an empty text.
    """

    name: str
    title: str
    file: str
    kind: Literal["real", "stand-in"]
    checksum: str
    path: Path
    put_at: Path
    source: str
    message: str = ""


class AssetStore:
    """All data of a course on this machine.

    Safe to use from several processes at once: files appear under their names only when they are whole.

    Args:
        folder: The asset folder; default: ``GRADER_ASSETS``, else a folder in the user's cache.
        catalogue: The course's ``assets.toml``; default: the bundled course's.
    """

    def __init__(self, folder: Path | None = None, catalogue: Path | None = None) -> None:
        self.folder = (folder or default_folder()).expanduser().absolute()
        self.assets = load_catalogue(catalogue or bundled_catalogue())
        self._by_name = {asset.name: asset for asset in self.assets}

    @property
    def real_folder(self) -> Path:
        """Where instructors put real files."""
        return self.folder / "real"

    def names_for(self, assignment: str | None, sources: Iterable[str] = ()) -> tuple[str, ...]:
        """The data that a notebook gets.

        Args:
            assignment: Id of its assignment, or None for data of all assignments.
            sources: The notebook's cells, in which further data may be mentioned.
        """
        text = "\n".join(sources)
        return tuple(
            asset.name
            for asset in self.assets
            if assignment in asset.assignments
            or (assignment is None and asset.assignments)
            or (asset.wanted and re.search(asset.wanted, text))
        )

    def prepare(self, names: Sequence[str] | None = None) -> PreparedAssets:
        """Lays data out in a folder, making the stand-ins that are missing.

        Args:
            names: Names of the data; default: those of all assignments.

        Raises:
            UsageError: A name is not in the catalogue.
            UserError: A real file has another checksum than expected, or the folder cannot be written.
            CourseError: A stand-in could not be made.
        """
        wanted = self.names_for(None) if names is None else tuple(dict.fromkeys(names))
        chosen = [self._choose(self._asset(name)) for name in wanted]
        try:
            folder = layout.lay_out(self.folder / "prepared", chosen)
        except OSError as error:
            message = f"The asset folder {self.folder} cannot be written: {error.strerror or error}."
            raise UserError(message, hint=f"Set {ENVIRONMENT} to a folder that can.") from error
        return PreparedAssets(
            folder,
            stand_ins=tuple(item.asset.name for item in chosen if item.stand_in),
            real=tuple(item.asset.name for item in chosen if not item.stand_in),
            files={item.asset.name: f"{item.asset.folder}/{item.asset.file}" for item in chosen},
        )

    def status(self) -> tuple[AssetStatus, ...]:
        """What a run would use, a row for every entry of the catalogue; makes nothing."""
        return tuple(self._status(asset) for asset in self.assets)

    def _status(self, asset: Asset) -> AssetStatus:
        put_at = self.real_folder / asset.file
        real = put_at.is_file()
        verdict, expected, found = checksums.check(put_at, asset, self._memory) if real else ("", "", "")
        return AssetStatus(
            name=asset.name,
            title=asset.title,
            file=asset.file,
            kind="real" if real else "stand-in",
            checksum=verdict,
            path=put_at if real else self._stand_in_path(asset),
            put_at=put_at,
            source=asset.source,
            message=_mismatch(put_at, expected, found) if verdict == "mismatch" else "",
        )

    def _asset(self, name: str) -> Asset:
        if name not in self._by_name:
            message = f"No data are named {name!r}; there are {', '.join(self._by_name)}."
            raise UsageError(message)
        return self._by_name[name]

    def _choose(self, asset: Asset) -> layout.Chosen:
        status = self._status(asset)
        if status.message:
            raise UserError(status.message)
        if status.kind == "real":
            return layout.Chosen(asset, status.path, stand_in=False)
        return layout.Chosen(asset, self._make(asset), stand_in=True)

    @property
    def _memory(self) -> Path:
        return self.folder / "checksums.json"

    def _stand_in_path(self, asset: Asset) -> Path:
        return self.folder / "stand-ins" / _version(asset.stand_in.partition(":")[0]) / asset.file

    def _make(self, asset: Asset) -> Path:
        path = self._stand_in_path(asset)
        if path.is_file():
            return path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_name(f".{path.name}.lock")):
                if not path.is_file():
                    self._write_stand_in(asset, path)
        except OSError as error:
            message = f"The stand-in {path} cannot be written: {error.strerror or error}."
            raise UserError(message, hint=f"Set {ENVIRONMENT} to a folder that can.") from error
        return path

    @staticmethod
    def _write_stand_in(asset: Asset, path: Path) -> None:
        module, _, function = asset.stand_in.partition(":")
        try:
            maker = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError) as error:
            message = f"assets.toml: [[asset]] {asset.name}, stand_in: {asset.stand_in!r} cannot be found: {error}."
            raise CourseError(message) from error
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            made = Path(scratch) / asset.file
            maker(made)
            if not made.is_file():
                message = f"assets.toml: [[asset]] {asset.name}: {asset.stand_in} wrote no file {asset.file}."
                raise CourseError(message)
            made.chmod(0o644)
            made.replace(path)


def default_folder() -> Path:
    """``GRADER_ASSETS``, else a folder in the user's cache."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else Path(platformdirs.user_cache_dir("grader", appauthor=False)) / "assets"


def bundled_catalogue() -> Path:
    """The ``assets.toml`` of the bundled course."""
    return Path(str(resources.files("rubrics") / "assets.toml"))


def _mismatch(path: Path, expected: str, found: str) -> str:
    return (
        f"{path} is not the file it should be: expected {expected}, found {found}. Get it again, remove it (a stand-in "
        f"is used then), or accept it as it is with `sha256sum {path.name} > {path.name}.sha256` in {path.parent}."
    )


def _version(module: str) -> str:
    """Name of the folder of stand-ins: changes with the code that makes them."""
    package = module.rpartition(".")[0] or module
    try:
        folder = resources.files(package)
        sources = sorted((item.name, item.read_bytes()) for item in folder.iterdir() if item.name.endswith(".py"))
    except (ImportError, OSError) as error:
        message = f"assets.toml: the stand-ins of {module!r} cannot be found: {error}."
        raise CourseError(message) from error
    digest = hashlib.sha256()
    for name, text in sources:
        digest.update(name.encode() + b"\0" + text)
    return digest.hexdigest()[:12]
