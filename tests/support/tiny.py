"""A tiny course, a class for it, and a sandbox that plays: for tests of what is kept between runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest

from grader.data import PreparedAssets
from grader.notebook import Cell, ExecutedNotebook
from grader.pipeline import Order
from grader.probe.types import Answer, Request
from grader.run import Options, Summary, grade_class

COURSE = """
schema = "grader.course/1"
title = "Tiny"
points = 6
{policies}
[[assignment]]
id = "1"
title = "One"
points = 6
names = ['assignment1']
[[assignment.question]]
id = "1a"
title = "Text"
kind = "text"
points = 2
criteria = [
  {{ id = "1a.idea", points = 1, about = "the idea", comment = "no idea" }},
  {{ id = "1a.steps", points = 1, about = "the steps", comment = "no steps" }},
]
[[assignment.question]]
id = "1b"
title = "Size"
kind = "code"
points = 2
criteria = [{{ id = "1b.size", points = 2, about = "x is large", comment = "{comment}" }}]
[[assignment.question]]
id = "1c"
title = "Key"
kind = "choice"
points = 1
statements = [{{ text = "s", key = "right" }}]
[[assignment.question]]
id = "1d"
title = "Sign"
kind = "code"
points = 1
criteria = [{{ id = "1d.sign", points = 1, about = "x is positive", comment = "x is not positive" }}]
"""

RUBRIC = """
from grader.probe.expr import var
from grader.probe.types import Request
from grader.scoring import Rubric, met, not_met

rubric = Rubric("1")


def value(student, name):
    steps = [{{"slot": "x", "expr": var(name)}}]
    answer = student.ask(Request("evaluate", {{"steps": steps}}))
    return answer.data["steps"][0]["value"]["value"]


@rubric.question("1b")
def size(student):
    x = value(student, "x")
    yield met("1b.size", f"x = {{x}}") if x >= {least} else not_met("1b.size", f"x = {{x}}")


@rubric.question("1d")
def sign(student):
    x = value(student, "{asked}")
    yield met("1d.sign", "") if x > 0 else not_met("1d.sign", f"x = {{x}}")
"""


def write_course(
    folder: Path, *, comment: str = "x is small", least: int = 5, asked: str = "x", policies: str = ""
) -> Path:
    """A course with a text question, two code questions and one with a key.

    Args:
        folder: Where.
        comment: Of criterion 1b.size.
        least: From which x that criterion is met.
        asked: The name that question 1d asks for.
        policies: A ``[policies]`` table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "course.toml").write_text(COURSE.format(comment=comment, policies=policies), encoding="utf-8")
    (folder / "assignment1.py").write_text(RUBRIC.format(least=least, asked=asked), encoding="utf-8")
    return folder


def write_student(folder: Path, x: int, answer: str = "an idea") -> Path:
    """A student whose notebook sets ``x``."""
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"x = {x}")])
    nbformat.write(notebook, folder / "assignment1.ipynb")
    (folder / "answers.yaml").write_text(f"1a: {answer}\n1c: [right]\n", encoding="utf-8")
    return folder


def write_class(folder: Path, size: int) -> Path:
    """Students s00, s01, … with x = 0, 1, …"""
    for number in range(size):
        write_student(folder / f"s{number:02}", number)
    return folder


@dataclass
class PlayKernel:
    """Knows ``x`` and ``y = -x`` from the notebook's source, and as ``asked`` how often it was asked."""

    x: int
    asked: int = 0

    def ask(self, request: Request) -> Answer:
        self.asked += 1
        known = {"x": self.x, "y": -self.x, "asked": self.asked}
        values = [{"kind": "int", "value": known[step["expr"]["var"]]} for step in request.params["steps"]]
        steps = [{"slot": "x", "ok": True, "value": value} for value in values]
        return Answer({"steps": steps}, {"unused": np.arange(3)})


@dataclass
class Play:
    """A sandbox that plays: takes its time and notes what it executed.

    Attributes:
        log: File with a line an execution.
        lasts_s: How long an execution takes.
    """

    log: Path
    lasts_s: float = 0.0
    executed: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def __call__(self, order: Order) -> Iterator[Any]:
        source = order.notebook.cells[0].source
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{source}\n")
        time.sleep(self.lasts_s)
        cell = Cell(0, "code", source, duration_s=1.5)
        notebook = ExecutedNotebook(order.name, (cell,), duration_s=1.5, startup_s=0.5)
        yield SimpleNamespace(executed=notebook, kernel=PlayKernel(int(source.partition("=")[2])))

    def count(self) -> int:
        """Executions so far, of all processes."""
        return len(self.log.read_text(encoding="utf-8").splitlines()) if self.log.exists() else 0


class Silent:
    """Watches nothing."""

    def begin(self, students: Sequence[str], sandbox: str) -> None: ...

    def doing(self, student: str, what: str) -> None: ...

    def done(self, student: str, graded: Any) -> None: ...


def install(play: Play, patch: Any) -> None:
    """Puts the play in the place of sandbox and data.

    Args:
        play: The sandbox.
        patch: Called with a dotted name and its new value.
    """
    backend = SimpleNamespace(name="bubblewrap", identity="", gpus=tuple)
    assets = PreparedAssets(Path("prepared-0"), (), ())
    patch("grader.run.choose", lambda name: backend)
    patch("grader.run.opener", lambda backend, limits, slots: play)
    patch("grader.run.preparer", lambda store: lambda assignment, sources: assets)
    patch("grader.regrade.preparer", lambda store: lambda assignment, sources: assets)


@dataclass
class Place:
    """Where a test grades. Attributes: folder, the play; ``course``, ``source`` and ``out`` lie in the folder."""

    folder: Path
    play: Play

    @property
    def course(self) -> Path:
        return self.folder / "course"

    @property
    def source(self) -> Path:
        return self.folder / "submissions"

    @property
    def out(self) -> Path:
        return self.folder / "reports"

    def grade(self, **options: Any) -> Summary:
        """Grades the class."""
        given = {"source": self.source, "out": self.out, "course": self.course, **options}
        return grade_class(Options(**given), Silent())

    def files(self) -> dict[str, bytes]:
        """Name → content of all that a run wrote into the reports' folder."""
        return {
            path.relative_to(self.out).as_posix(): path.read_bytes()
            for path in sorted(self.out.rglob("*"))
            if path.is_file()
        }


def make_place(folder: Path, size: int, lasts_s: float = 0.0) -> Place:
    """A place with the tiny course and a class."""
    place = Place(folder, Play(folder / "executed.log", lasts_s))
    write_course(place.course)
    write_class(place.source, size)
    return place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Three students."""
    found = make_place(tmp_path, 3)
    install(found.play, monkeypatch.setattr)
    return found
