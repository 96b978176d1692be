"""The prepared folder as the replaced functions see it, and notes of what was asked."""

from __future__ import annotations

import contextlib
import filecmp
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .offers import Offer, Offers, base_name

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".jfif", ".heic", ".avif")

Note = Callable[[dict[str, Any]], None]


class Provision(Offers):
    """Finds what stands for missing files and addresses.

    Args:
        folder: The prepared folder.
        note: Gets the events.
    """

    def __init__(self, folder: str, note: Note) -> None:
        super().__init__(folder)
        self._note = note
        self._state = threading.local()

    def note(self, **event: Any) -> None:
        """Passes an event on, unless notes are held back in this thread."""
        if not self._held_back():
            self._note(event)

    @contextlib.contextmanager
    def quietly(self) -> Iterator[None]:
        """Holds notes back: one call of the student's is one event, however many functions it passes through."""
        self._state.depth = self._held_back() + 1
        try:
            yield
        finally:
            self._state.depth -= 1

    def instead(self, path: Any, *, any_picture: bool = False) -> Any:
        """The path to open: the given one when it exists, else a provided file or the given one.

        Args:
            path: What a function that opens files was given.
            any_picture: Whether the function reads pictures only, so that every missing file is one.
        """
        text = as_text(path)
        if text is None:
            return path
        if os.path.exists(text):
            self._note_existing(text)
            return path
        own = base_name(text)
        if own != text and os.path.isfile(own):  # uploaded or written by the notebook, under another folder's name
            self._note_existing(own)
            return own
        offer = self.for_missing(text)
        if offer is None and any_picture and "://" not in text:
            offer = self.of_kind("picture")
        if offer is None:
            return path
        self.note_offer(offer, text)
        return offer.path

    def note_offer(self, offer: Offer, asked: str) -> None:
        """Notes that an offer was given for a path or an address."""
        if offer.kind == "picture":
            self.note(e="picture", path=asked, size=self._size(offer.path), stand_in=offer.stand_in)
        else:
            self.note(e="file", path=asked, name=offer.name, stand_in=offer.stand_in)

    def opened(self, path: Any) -> None:
        """Notes a file that was opened under its own name, if it is a picture."""
        text = as_text(path)
        if text is not None:
            self._note_existing(text)

    def is_offer(self, path: str) -> Offer | None:
        """The offer of which a file is a copy, whatever it is called."""
        for offer, _ in self.files:
            with contextlib.suppress(OSError), self.quietly():
                if os.path.getsize(path) == os.path.getsize(offer.path) and filecmp.cmp(
                    path, offer.path, shallow=False
                ):
                    return offer
        return None

    def _note_existing(self, path: str) -> None:
        if self._held_back() or not path.lower().endswith(PICTURE_SUFFIXES) or _belongs_to_a_library(path):
            return
        copy = self.is_offer(path)
        stand_in = copy is not None and copy.stand_in
        self.note(e="picture", path=path, size=self._size(path), stand_in=stand_in)

    def _held_back(self) -> int:
        depth: int = getattr(self._state, "depth", 0)
        return depth

    def _size(self, path: str) -> list[int] | None:
        """Width and height, when a library that can tell is loaded."""
        pil = sys.modules.get("PIL.Image")
        if pil is None or self._held_back():
            return None
        try:
            with self.quietly(), pil.open(path) as picture:
                return list(picture.size)
        except Exception:
            return None


def as_text(path: Any) -> str | None:
    """A path as text, or None for file objects, descriptors and arrays."""
    if isinstance(path, (str, bytes, os.PathLike)):
        return os.fsdecode(path)
    return None


def _belongs_to_a_library(path: str) -> bool:
    full = os.path.abspath(path)
    return any(
        full.startswith(os.path.abspath(folder) + os.sep) for folder in {sys.prefix, sys.base_prefix} - {"/", "/usr"}
    ) or ("site-packages" in full or "dist-packages" in full)
