"""A tiny exam that hostile notebooks sit, from their upload's notebook to the written report."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat

from grader.course import Course
from grader.data import PreparedAssets
from grader.execution import Job, open_notebook
from grader.execution.kernel import KERNEL_SIDE_FOLDER
from grader.intake import NotebookFile, Submission
from grader.notebook import Cell
from grader.pipeline import Bench, Graded, Opened, Order, grade_submission
from grader.probe.expr import call, value, var
from grader.probe.types import Request
from grader.reporting import write_student
from grader.sandbox import Backend, Limits
from grader.scoring import Outcome, Rubric, Student, met, not_met
from tests.hostile.attacks import HELPERS, Attack
from tests.hostile.killers import KILLERS
from tests.hostile.messages import MESSAGES
from tests.hostile.tricks import TRICKS
from tests.hostile.walls import WALLS

ATTACKS = [*WALLS, *MESSAGES, *KILLERS, *TRICKS]
PLAIN = Path(__file__).with_name("plain_kernel_side")
PROJECT = Path(__file__).resolve().parents[2]
LIMITS = Limits(
    cell_timeout_s=2, notebook_timeout_s=90, memory_mib=700, processes=64, output_mib=8, disk_mib=64, cell_text_kib=64
)
REAL_LIMITS = replace(LIMITS, memory_mib=1500, cell_timeout_s=20, notebook_timeout_s=180)
PROBE_TIMEOUT_S = 3.0
HONEST = "def square(x):\n    return x * x\n"
AFTER = "print('after', square(7))"
TOKEN = "GRADER_HOSTILE_TOKEN"


@dataclass(frozen=True)
class Seen:
    """What came of a kernel's attacks.

    Attributes:
        cells: The hostile cells, by the attack.
        after: The cell that follows the last of them.
        outcomes: How each attack's own question ended, and how the honest one did (``square``).
        problems: What the report tells the student.
        html: The report.
        status: Of the student's result.
        grown_mib: How much more memory the grader took, at most, than before.
        seconds: How long it took.
    """

    cells: dict[str, Cell]
    after: Cell
    outcomes: dict[str, str]
    problems: str
    html: str
    status: str
    grown_mib: float
    seconds: float
    faults: tuple[str, ...] = field(default=())


def groups() -> dict[str, list[Attack]]:
    """Attacks by the kernel that they share."""
    found: dict[str, list[Attack]] = {}
    for attack in ATTACKS:
        found.setdefault(attack.group or attack.ident, []).append(attack)
    return found


def sit(attacks: Sequence[Attack], backend: Backend, folder: Path) -> Seen:
    """Grades a notebook with these attacks and writes its report below ``folder``."""
    secret = folder / "another-student.txt"
    secret.write_text("answers")
    paths = {"{secret!r}": str(secret), "{project!r}": str(PROJECT), "{home!r}": str(Path.home())}
    values = {"{pid}": str(os.getpid()), **{name: repr(path) for name, path in paths.items()}}
    cells = [HONEST, HELPERS]
    for attack in attacks:
        cell = attack.cell
        for name, text in values.items():
            cell = cell.replace(name, text)
        cells.append(cell)
    cells.append(AFTER)
    begun, before = time.monotonic(), _memory_mib("VmRSS")
    _reset_peak()
    graded = _grade(attacks, cells, backend)
    grown = _memory_mib("VmHWM") - before
    write_student(graded.result, folder / "report")
    ran = graded.result.assignments[0].cells
    html = (folder / "report" / "report.html").read_text(encoding="utf-8")
    questions = graded.result.questions
    return Seen(
        cells={attack.ident: ran[2 + at] for at, attack in enumerate(attacks)} if ran else {},
        after=ran[-1] if ran else Cell(0, "code", "", "not-run"),
        outcomes={question.id: question.criteria[0].outcome for question in questions},
        problems=" ".join(graded.result.assignments[0].problems),
        html=html,
        status=graded.result.status,
        grown_mib=grown,
        seconds=time.monotonic() - begun,
        faults=tuple(graded.faults),
    )


def _grade(attacks: Sequence[Attack], cells: Sequence[str], backend: Backend) -> Graded:
    real = any(attack.real for attack in attacks)
    limits = replace(REAL_LIMITS if real else LIMITS, **dict(attacks[0].limits))

    @contextlib.contextmanager
    def opener(order: Order) -> Iterator[Opened]:
        side = KERNEL_SIDE_FOLDER if real else PLAIN
        job = Job(order.notebook, order.name, None, Path("/nonexistent"), limits, order.seed, kernel_side=side)
        with open_notebook(job, backend) as opened:
            yield opened

    assets = PreparedAssets(Path("/nonexistent"), (), ())
    bench = Bench(_course(attacks), {"1": _rubric(attacks)}, lambda *_: assets, opener, backend.name)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    submission = Submission("mallory", PROJECT / "tests" / "hostile", {"1": NotebookFile("a1.ipynb", None, notebook)})
    return grade_submission(bench, submission, {}, lambda _what: None)


def _course(attacks: Sequence[Attack]) -> Course:
    questions: list[dict[str, Any]] = [
        {
            "id": ident, "title": ident, "kind": "code", "points": 1,
            "criteria": [{"id": f"{ident}.x", "points": 1, "about": "x", "comment": "wrong"}],
        }
        for ident in [*(attack.ident for attack in attacks if attack.probed), "square"]
    ]  # fmt: skip
    points = len(questions)
    assignment = {"id": "1", "title": "Hostile", "points": points, "question": questions}
    return Course.model_validate(
        {"schema": "grader.course/1", "title": "Hostile", "points": points, "assignment": [assignment]}
    )


def _rubric(attacks: Sequence[Attack]) -> Rubric:
    rubric = Rubric("1")
    for attack in attacks:
        if attack.probed:
            rubric.question(attack.ident)(_asks(attack.ident, f"double_{attack.ident.replace('-', '_')}", _double))
    rubric.question("square")(_asks("square", "square", _square))
    return rubric


def _double(number: int) -> int:
    return 2 * number


def _square(number: int) -> int:
    return number * number


def _asks(ident: str, name: str, right: Any) -> Any:
    """A rubric as real ones are: fresh inputs, answers compared on the host."""

    def question(student: Student) -> list[Outcome]:
        generator = random.Random(f"{student.seed}{ident}")
        numbers = [generator.randrange(10, 1000) for _ in range(5)]
        steps = [
            {"slot": str(at), "expr": call(var(name), [value(number)]), "grad": False}
            for at, number in enumerate(numbers)
        ]
        answer = student.kernel.ask(Request("evaluate", {"steps": steps}, timeout_s=PROBE_TIMEOUT_S))
        given = [step["value"].get("value") for step in answer.data["steps"]] if answer.error is None else []
        wanted = [right(number) for number in numbers]
        return [met(f"{ident}.x") if given == wanted else not_met(f"{ident}.x", str(answer.error or given)[:200])]

    return question


def _memory_mib(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


@contextlib.contextmanager
def canary() -> Iterator[None]:
    """A variable in the grader's environment that no notebook may see."""
    os.environ[TOKEN] = "secret"
    try:
        yield
    finally:
        del os.environ[TOKEN]
