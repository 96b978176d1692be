"""Follow-through of a missing batch dimension: the notebook as it goes on when the network gets a batch of one."""

from __future__ import annotations

from collections.abc import Iterator

from grader.scoring import Outcome, Student
from rubrics.afterwards import went_on
from rubrics.assignment1.evidence import gather
from rubrics.assignment1.preprocessing import extraction, network_input

INSIDE = ("1d.size", "1d.normalize")
"""What a network may do to an image by itself, which shows only when it gets that far."""


def batched(student: Student) -> Student | None:
    """The student with the failed cells run again, or None where no network failed over an image without a batch.

    Use it through ``student.find``, when 1c and 1d are decided.
    """
    given = student.find(network_input)
    call = given.call if given is not None else None
    if call is None or not call.error or call.images is None or call.images.ndim != 3:
        return None
    failed = [cell for cell in student.notebook.code_cells if cell.status == "error"]
    after = went_on(student, failed, "batches") if failed else None
    passed = after is not None and any(one.images is not None and not one.error for one in after.find(gather).calls)
    return after if passed else None


def extraction_batched(student: Student) -> Iterator[Outcome]:
    """Outcomes of 1d; what the network does to its image is judged where it got the image as a batch."""
    own = list(extraction(student))
    after = student.find(batched)
    inside = {outcome.criterion: outcome for outcome in extraction(after)} if after is not None else {}
    yield from (inside.get(one.criterion, one) if one.criterion in INSIDE else one for one in own)
