"""Lists of the ImageNet class names, in the three forms that notebooks download."""

from __future__ import annotations

import json
from pathlib import Path


def lines(path: Path) -> None:
    """One class name a line."""
    path.write_text("\n".join(_categories()) + "\n", encoding="utf-8")


def array(path: Path) -> None:
    """A JSON list of class names."""
    path.write_text(json.dumps(_categories()), encoding="utf-8")


def index(path: Path) -> None:
    """A JSON object: class number → [identifier, name]; the identifiers are made up."""
    entries = {str(i): [f"n{i:08d}", name.replace(" ", "_")] for i, name in enumerate(_categories())}
    path.write_text(json.dumps(entries), encoding="utf-8")


def _categories() -> list[str]:
    from torchvision.models import ResNet18_Weights  # noqa: PLC0415 -- seconds to import

    return list(ResNet18_Weights.DEFAULT.meta["categories"])
