"""Data laid out in a folder for sandboxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from grader.errors import RubricError

WORKDIR = "workdir"
"""Sub-folder whose files are copied beside the notebook before it runs."""


@dataclass(frozen=True)
class PreparedAssets:
    """A folder that a sandbox sees read-only, and where rubrics look up the same data.

    Attributes:
        folder: Holds ``manifest.json``, ``urls.json``, ``workdir/`` and the folders that the catalogue names. It is
            shared by all notebooks that asked for the same data: never write to it.
        stand_ins: Names of the data that are stand-ins.
        real: Names of the data that are real files.
        files: Name → path relative to ``folder``.
    """

    folder: Path
    stand_ins: tuple[str, ...]
    real: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def workdir(self) -> Path:
        """Folder whose files are copied beside the notebook."""
        return self.folder / WORKDIR

    def path(self, name: str) -> str:
        """Where the file of a data set lies on this machine.

        Raises:
            RubricError: The data were not prepared.
        """
        if name not in self.files:
            message = f"Data {name!r} were not prepared; there are {', '.join(sorted(self.files)) or 'none'}."
            raise RubricError(message, hint="Names are those of the course's assets.toml.")
        return str(self.folder / self.files[name])

    def array(self, name: str) -> npt.NDArray[Any]:
        """The pixels of a picture, (H, W, 3) uint8.

        Raises:
            RubricError: The data were not prepared or are no picture.
        """
        try:
            with Image.open(self.path(name)) as picture:
                return np.asarray(picture.convert("RGB"))
        except OSError as error:
            message = f"Data {name!r} ({self.files[name]}) cannot be read as a picture: {error}."
            raise RubricError(message) from error
