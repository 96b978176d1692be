"""A source of submissions, folder or archive: opened, listed, and held against the signs of the platforms."""

from __future__ import annotations

from pathlib import Path

from grader.errors import ArchiveError, UsageError
from grader.intake.archive import Uploaded, class_names, unpack_class
from grader.intake.entries import archive_stem
from grader.intake.folder import clean_entries
from grader.intake.platforms.importing import Source
from grader.intake.platforms.registry import Origin, confirmed, depth_of, recognised
from grader.intake.platforms.tree import Tree, tree_of
from grader.intake.types import Limits

_WORKBOOK = ".xlsx"
_BESIDE = (".csv", ".tsv", ".yaml", ".yml", ".txt", ".md", ".json")


def open_source(source: Path, root: Path, origin: Origin, limits: Limits) -> tuple[Path, Source]:
    """Opens a class.

    Args:
        source: A folder, an archive, or a workbook of results; it is never modified. A folder with one export as it
            was downloaded, and nothing but tables and files of the staff beside it, stands for that export.
        root: Where an archive is unpacked; does not exist yet.
        origin: What the user says of the source.
        limits: Bounds on uploads.

    Returns:
        The folder that holds the class, or the staff's files beside its export, and what is known of it.

    Raises:
        UsageError: The source is missing or cannot be read as a whole, or ``origin`` is wrong.
    """
    if not source.exists():
        message = f"There is no folder or archive {source}."
        raise UsageError(message, hint="Give the folder or ZIP with the submissions.")
    uploaded = Uploaded()
    label = source.resolve().name
    if source.is_dir():
        return source, _download(source, root, origin, limits) or _folder(source, origin, limits)
    if source.suffix.lower() == _WORKBOOK:
        opened = _folder(source, origin, limits)
        if confirmed(opened.candidates, origin, opened.tree) is None:
            message = f"{source} holds no results of a platform that is known."
            raise UsageError(message, hint="Give the folder or ZIP with the submissions.")
        return source, opened
    if archive_stem(source.name) is None:
        message = f"{source} is neither a folder nor a ZIP or tar archive."
        raise UsageError(message, hint="Give the folder or ZIP with the submissions.")
    try:
        candidates = recognised(origin, class_names(source, limits), label)
        unpacked = unpack_class(source, root, limits, uploaded, depth_of(candidates))
    except (ArchiveError, OSError) as error:
        reason = error.args[0] if isinstance(error, ArchiveError) else error.strerror or str(error)
        message = f"{source} cannot be unpacked: {reason}."
        raise UsageError(message, hint="Download it again, or give the unpacked folder.") from error
    tree = tree_of(root, label, limits, uploaded) if candidates else Tree(label, {}, {})
    return root, Source(tree, candidates, unpacked, uploaded)


def _folder(source: Path, origin: Origin, limits: Limits) -> Source:
    uploaded = Uploaded()
    label = source.resolve().name
    tree = tree_of(source, label, limits, uploaded)
    return Source(tree, recognised(origin, tree.names, label), {}, uploaded)


def _download(source: Path, root: Path, origin: Origin, limits: Limits) -> Source | None:
    """The one export in a folder, if it shows a platform's signs, with the tables beside it."""
    entries = clean_entries(source)
    archives = [entry for entry in entries if archive_stem(entry.name) and entry.is_file(follow_symlinks=False)]
    beside = [
        entry for entry in entries if entry.name.lower().endswith(_BESIDE) and entry.is_file(follow_symlinks=False)
    ]
    if len(archives) != 1 or len(beside) + 1 != len(entries):
        return None
    archive = Path(archives[0].path)
    uploaded = Uploaded()
    try:
        candidates = recognised(origin, class_names(archive, limits), archive.name)
        if not candidates:
            return None
        unpacked = unpack_class(archive, root, limits, uploaded, depth_of(candidates))
    except ArchiveError:
        return None  # reported when the archive is read as a student's
    tree = tree_of(root, archive.name, limits, uploaded)
    if confirmed(candidates, origin, tree) is None:
        return None
    files = {(entry.name,): Path(entry.path) for entry in beside} | tree.files
    return Source(Tree(tree.label, files, tree.folders), candidates, unpacked, uploaded)
