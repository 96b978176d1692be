"""The grader is killed at random points, and two graders work at once: the end is that of an undisturbed run."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from tests.support.tiny import Place, install, make_place

STUDENTS = 12
JOBS = 2
KILLS = 20
LASTS_S = 0.15


def forked(place: Place, work: Callable[[Place], object]) -> int:
    """Runs ``work`` in a process of its own; returns its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        with open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink):
            install(place.play, lambda name, value: mock.patch(name, value).start())
            work(place)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def run(place: Place) -> None:
    assert place.grade(jobs=JOBS).complete


def ended_well(child: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def undisturbed(folder: Path) -> tuple[Place, dict[str, bytes], float]:
    """An undisturbed run: place, what it wrote, how long it took in seconds."""
    place = make_place(folder, STUDENTS, LASTS_S)
    begun = time.monotonic()
    assert ended_well(forked(place, run))
    return place, place.files(), time.monotonic() - begun


def integrity(place: Place) -> str:
    with contextlib.closing(sqlite3.connect(place.folder / ".grader" / "gradebook.sqlite")) as database:
        return str(database.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.timeout(900)
def test_killed_at_twenty_points_the_end_is_the_same(tmp_path: Path) -> None:
    _, wanted, whole_s = undisturbed(tmp_path / "calm")
    place = make_place(tmp_path / "killed", STUDENTS, LASTS_S)
    chance, killed, span_s = random.Random(20), 0, whole_s
    while killed < KILLS:
        child = forked(place, run)
        time.sleep(chance.uniform(0.0, span_s))
        os.kill(child, signal.SIGKILL)
        if ended_well(child):
            span_s = max(span_s * 0.7, 0.05)  # later runs find more done and end sooner
        else:
            killed += 1
        if (place.folder / ".grader" / "gradebook.sqlite").exists():
            assert integrity(place) == "ok"
    assert ended_well(forked(place, run))
    assert place.files() == wanted
    assert place.play.count() <= STUDENTS + killed * JOBS
    executed = place.play.count()
    assert ended_well(forked(place, run))
    assert place.play.count() == executed


@pytest.mark.timeout(300)
def test_two_graders_share_the_work(tmp_path: Path) -> None:
    _, wanted, _ = undisturbed(tmp_path / "calm")
    place = make_place(tmp_path / "two", STUDENTS, LASTS_S)
    children = [forked(place, run), forked(place, run)]
    assert [ended_well(child) for child in children] == [True, True]
    assert place.files() == wanted
    assert place.play.count() == STUDENTS
    assert integrity(place) == "ok"


@pytest.mark.timeout(300)
def test_a_grader_that_holds_a_notebook_and_is_killed_lets_go_of_it(tmp_path: Path) -> None:
    place = make_place(tmp_path / "held", 1, lasts_s=60)
    holder = forked(place, run)
    while not place.play.count():
        time.sleep(0.02)
    place.play.lasts_s = 0
    waiting = forked(place, run)
    time.sleep(0.5)
    os.kill(holder, signal.SIGKILL)
    assert not ended_well(holder)
    assert ended_well(waiting)
    assert place.play.count() == 2
