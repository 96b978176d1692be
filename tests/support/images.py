"""Asset folders with few house numbers, so that a notebook trains in seconds."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from scipy.io import loadmat, savemat


def fewer_images(folder: Path, images: tuple[int, int]) -> Path:
    """A copy of an asset folder with so many images for training and for testing (and as many further ones)."""
    copy = Path(tempfile.mkdtemp(prefix="grader-assets-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    training, testing = images
    for split, count in {"train": training, "test": testing, "extra": training}.items():
        for file in copy.rglob(f"{split}_32x32.mat"):
            whole = loadmat(file)
            file.unlink()
            savemat(file, {"X": whole["X"][..., :count], "y": whole["y"][:count]})
    return copy
