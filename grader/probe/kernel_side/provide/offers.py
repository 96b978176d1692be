"""What the prepared folder offers for an address or a missing file. Standard library only: shell tools use it too."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any

NO_NETWORK = "no network while grading"
"""What every failure to reach an address says."""


@dataclass(frozen=True)
class Offer:
    """A file of the prepared folder.

    Attributes:
        name: Name of the data.
        kind: ``picture``, ``table``, ``images``, ``weights``, ``labels``, ``archive`` or ``text``.
        path: The file.
        stand_in: Whether it stands in for a real one.
    """

    name: str
    kind: str
    path: str
    stand_in: bool


class Offers:
    """The prepared folder's tables.

    Args:
        folder: The prepared folder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = os.path.abspath(folder)
        self.files = [(self._offer(entry), entry.get("missing", [])) for entry in self._read("manifest.json")["files"]]
        self._urls = [(re.compile(entry["url"]), self._offer(entry)) for entry in self._read("urls.json")]
        self._missing = [(re.compile(pattern), offer) for offer, patterns in self.files for pattern in patterns]
        self._by_file = {os.path.basename(offer.path).lower(): offer for offer, _ in self.files}

    def at_address(self, address: str) -> Offer | None:
        """What answers an address, if anything does."""
        return next((offer for pattern, offer in self._urls if pattern.search(address)), None)

    def for_missing(self, path: str) -> Offer | None:
        """What stands for a file that is not there, by its base name (also of a Windows path)."""
        name = base_name(path)
        exact = self._by_file.get(name.lower())
        return exact or next((offer for pattern, offer in self._missing if pattern.search(name)), None)

    def named_like(self, path: str) -> Offer | None:
        """The offer whose file has this base name."""
        return self._by_file.get(base_name(path).lower())

    def of_kind(self, kind: str) -> Offer | None:
        """The first offer of a kind."""
        return next((offer for offer, _ in self.files if offer.kind == kind), None)

    def _offer(self, entry: dict[str, Any]) -> Offer:
        path = os.path.join(self.folder, *entry["path"].split("/"))
        return Offer(entry["name"], entry["kind"], path, bool(entry["stand_in"]))

    def _read(self, name: str) -> Any:
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return json.load(file)


def base_name(path: str) -> str:
    """The last part of a path with forward or backward slashes."""
    return re.split(r"[\\/]", path)[-1]
