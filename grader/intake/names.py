"""Names of students and files: normal form, junk, and what is safe on a disk."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_JUNK = frozenset(
    {
        "__macosx", ".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".ipynb_checkpoints", ".git", ".gitignore",
        ".gitattributes", ".svn", ".hg", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".idea",
        ".vscode", ".venv", ".virtual_documents", ".spotlight-v100", ".trashes", ".fseventsd", "$recycle.bin",
        "system volume information", "lost+found", ".directory", ".gitkeep",
    }
)  # fmt: skip
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))})
_KEPT = " ._-(),@+'"
_EDGES = " ._-,@+'"
_DIGEST_CHARACTERS = 10
_LONGEST_SAFE_BYTES = 120


def is_junk(name: str) -> bool:
    """Whether a file or folder was left by an operating system, an editor or a version control system."""
    return name.casefold() in _JUNK or name.startswith(("._", "~$"))


def readable(name: str) -> str:
    """A file name as text in NFC; bytes that are not UTF-8 are read as Windows-1252."""
    try:
        name.encode()
    except UnicodeEncodeError:
        try:
            name = name.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
        except UnicodeEncodeError:
            name = name.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFC", name)


def collision_key(name: str) -> str:
    """Equal for names that a file system without regard to case or normal form takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def shorten(name: str, limit_bytes: int) -> str:
    """The name itself when it fits, else its beginning, a digest and its suffix."""
    if len(name.encode()) <= limit_bytes:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix.encode()) > 16:
        stem, suffix = name, ""
    tail = f"~{_digest(name)}{dot if suffix else ''}{suffix}"
    kept = stem.encode()[: limit_bytes - len(tail.encode())].decode("utf-8", "ignore")
    return kept.rstrip() + tail


def disk_name(name: str, limit_bytes: int) -> str:
    """A file name of one part that every disk takes; the name itself wherever possible."""
    kept = "".join("_" if unicodedata.category(c) in {"Cc", "Cs"} or c in "/\\" else c for c in readable(name))
    return shorten(kept if kept.strip(" .") else f"_{_digest(name)}", limit_bytes)


def safe_name(student: str) -> str:
    """A folder name for what is written about a student.

    The student's name itself when it consists of letters, digits and harmless punctuation; otherwise its readable
    rest and a digest of the whole. Different students get different names, and the same one always the same.
    """
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" or c in _KEPT else "_" for c in readable(student))
    kept = re.sub(r"[ _]{2,}", lambda run: run[0][0], kept).strip(_EDGES)
    harmless = (
        kept == student != ""
        and kept.split(".")[0].casefold() not in _RESERVED
        and len(kept.encode()) <= _LONGEST_SAFE_BYTES
        # Only names that were changed may look as if they had been.
        and not re.search(rf"-[0-9a-f]{{{_DIGEST_CHARACTERS}}}$", kept)
    )
    if harmless:
        return kept
    kept = kept.encode()[:_LONGEST_SAFE_BYTES].decode("utf-8", "ignore").strip(_EDGES)
    return f"{kept or 'student'}-{_digest(student)}"


def distinct(name: str, taken: Iterable[str]) -> str:
    """The name, or the name with the first free number: ``"alice (2)"``."""
    taken = set(taken)
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name} ({number})", number + 1
    return candidate


def listing(names: Iterable[str], shown: int = 3) -> str:
    """The first names in quotes, and how many more there are."""
    texts = [repr(readable(name)) if len(name) <= 80 else repr(readable(name)[:77] + "…") for name in names]
    more = len(texts) - shown
    return ", ".join(texts[:shown]) + (f" and {more} more" if more > 0 else "")


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]
