"""A learning platform's export → the neutral layout in a folder of the user's."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from grader.errors import UsageError
from grader.intake.opening import open_source
from grader.intake.platforms.importing import bring_in
from grader.intake.platforms.keeping import Imported, check_destination, keep
from grader.intake.platforms.registry import Origin
from grader.intake.types import Limits


def import_submissions(
    source: Path,
    dest: Path,
    origin: Origin | None = None,
    *,
    questions: Collection[str] | Mapping[str, str] = (),
    limits: Limits | None = None,
) -> Imported:
    """Writes a class in the neutral layout.

    Args:
        source: A folder, archive or workbook; it is never modified.
        dest: Where the layout goes: a folder that is missing, empty, or holds an earlier import of the same source.
        origin: Which platform the source comes from; recognised by default.
        questions: Ids of the course's questions, perhaps with their titles, by which items are recognised.
        limits: Bounds on uploads; the usual ones by default.

    Raises:
        UsageError: The source shows no platform's signs or cannot be read, or ``dest`` cannot be used.
    """
    origin = origin or Origin()
    check_destination(source, dest)
    with tempfile.TemporaryDirectory(prefix="grader-import-") as scratch:
        _, opened = open_source(source, Path(scratch) / "class", origin, limits or Limits())
        neutral = bring_in(opened, origin, Path(scratch) / "neutral", questions, limits)
        if neutral is None:
            message = f"{source} shows the signs of no platform that is known."
            hint = "Name it with --from, or give --pattern; a folder a student needs no import."
            raise UsageError(message, hint=hint)
        return keep(source, dest, neutral)
