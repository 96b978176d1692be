"""A source of submissions, folder or archive: opened, listed, and held against the signs of the platforms."""

from __future__ import annotations

from pathlib import Path

from grader.errors import ArchiveError, UsageError
from grader.intake.archive import Unpacked, Uploaded, class_names, unpack_class
from grader.intake.entries import archive_stem
from grader.intake.platforms.importing import Source
from grader.intake.platforms.registry import Origin, Platform, confirmed, depth_of, recognised
from grader.intake.platforms.tree import Tree, tree_of
from grader.intake.types import Limits

_WORKBOOK = ".xlsx"


def open_source(source: Path, root: Path, origin: Origin, limits: Limits) -> tuple[Path, Source]:
    """Opens a class.

    Args:
        source: A folder, an archive, or a workbook of results; it is never modified.
        root: Where an archive is unpacked; does not exist yet.
        origin: What the user says of the source.
        limits: Bounds on uploads.

    Returns:
        The folder that holds the class, and what is known of it.

    Raises:
        UsageError: The source is missing or cannot be read as a whole, or ``origin`` is wrong.
    """
    if not source.exists():
        message = f"There is no folder or archive {source}."
        raise UsageError(message, hint="Give the folder or ZIP with the submissions.")
    uploaded = Uploaded()
    label = source.resolve().name
    if source.is_dir() or source.suffix.lower() == _WORKBOOK:
        tree = tree_of(source, label, limits, uploaded)
        candidates = recognised(origin, tree.names, label)
        if source.is_file() and confirmed(candidates, origin, tree) is None:
            message = f"{source} holds no results of a platform that is known."
            raise UsageError(message, hint="Give the folder or ZIP with the submissions.")
        return source, Source(tree, candidates, {}, uploaded)
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
    return root, _source(root, label, candidates, unpacked, uploaded)


def _source(
    root: Path, label: str, candidates: list[Platform], unpacked: dict[Path, Unpacked], uploaded: Uploaded
) -> Source:
    tree = tree_of(root, label, Limits(), uploaded) if candidates else Tree(label, {}, {})
    return Source(tree, candidates, unpacked, uploaded)
