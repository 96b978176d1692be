"""The gradebook on a real PostgreSQL server that the test starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.gradebook import Provenance
from grader.keeping import Keeper
from grader.marking import Marking
from grader.regrade import RegradeOptions, regrade_class
from tests.gradebook.test_kill import ended_well, forked
from tests.support.postgresql import REQUIRED, programs, server
from tests.support.tiny import Place, make_place, write_course

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if programs() is None:
        if os.environ.get(REQUIRED):
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    with server() as found:
        yield found


def test_grade_resume_mark_and_regrade(place: Place, url: str) -> None:
    assert place.grade(gradebook=url).complete
    assert place.grade(gradebook=url).unchanged == 3
    keeper = Keeper.open(place.out, url)
    Marking(keeper).mark("s01", "1a", {"points": 2, "comment": "ü – \x00 good"}, Provenance("ann", "command", "why"))
    keeper.close()
    write_course(place.course, comment="far too small")
    done = regrade_class(RegradeOptions(place.out, gradebook=url))
    assert {change.student: change.after - change.before for change in done.changes} == {"s00": 0, "s01": 2, "s02": 0}
    assert place.play.count() == 3
    assert not (place.folder / ".grader" / "gradebook.sqlite").exists()


def test_two_graders_on_one_server(tmp_path: Path, url: str) -> None:
    place = make_place(tmp_path, 6, lasts_s=0.05)

    def run(place: Place) -> None:
        assert place.grade(gradebook=url, jobs=2).complete

    children = [forked(place, run), forked(place, run)]
    assert [ended_well(child) for child in children] == [True, True]
    assert place.play.count() == 6
