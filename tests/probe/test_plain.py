"""Functions that are called very often run without hooks until questions are asked."""

from __future__ import annotations

from grader.probe import expr
from grader.probe.types import Request
from grader.probe.value import step_values
from tests.support.harness import close, run_cells

CELLS = [
    "def one_more(x):\n    y = x + 1\n    return y\n",
    "class Counter:\n    def add(self, x):\n        return x + 2\n\ncounter = Counter()\n",
    "total = 0\nfor _ in range(3000):\n    total = one_more(total)\n    total = counter.add(total)\n"
    "names = one_more.__code__.co_names + Counter.add.__code__.co_names\n",
]


def test_hooks_go_and_come_back() -> None:
    student = run_cells(CELLS)
    try:
        now = expr.attr(expr.attr(expr.var("one_more"), "__code__"), "co_names")
        steps = [{"slot": name, "expr": expr.var(name)} for name in ("total", "names")]
        answer = student.ask(Request("evaluate", {"steps": [*steps, {"slot": "now", "expr": now}]}))
        values = step_values(answer)
        assert values["total"].number() == 9000
        assert [part.text() for part in values["names"].items()] == []
        assert "__grader__" in [part.text() for part in values["now"].items()]
    finally:
        close(student)
