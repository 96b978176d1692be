"""How notebooks end early, and the sentence a student reads about it."""

from __future__ import annotations

import time

import pytest

from grader.errors import KernelUnavailableError
from grader.probe.types import Request
from grader.sandbox import Backend
from tests.execution.notebooks import executed, opened, statuses, within

ENDLESS = "while True:\n    pass"
DEAF = "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except KeyboardInterrupt: pass"


def test_an_endless_cell_is_stopped_and_the_next_ones_run(isolating: Backend) -> None:
    with opened(isolating, "x = 1", ENDLESS, "print(x)", limits=within(cell_timeout_s=2)) as live:
        notebook = live.executed
        assert live.kernel.ask(Request("inventory")).error is None
    assert statuses(notebook) == ["ok", "timeout", "ok"]
    assert notebook.cells[2].text == "1\n"
    assert notebook.problems == ("Cell 2 ran longer than the 2 seconds allowed for a cell and was stopped.",)
    assert notebook.fault == ""


def test_a_cell_that_cannot_be_interrupted_is_killed(isolating: Backend) -> None:
    begun = time.monotonic()
    notebook = executed(isolating, "print('kept')", DEAF, "print(1)", limits=within(cell_timeout_s=2))
    assert time.monotonic() - begun < 20
    assert statuses(notebook) == ["ok", "timeout", "not-run"]
    assert notebook.cells[0].text == "kept\n"
    assert notebook.fault == "time"
    assert "it did not react, so the cells after it could not run" in notebook.problems[0]


def test_the_notebook_as_a_whole_has_a_limit(isolating: Backend) -> None:
    sleep = "import time\ntime.sleep(2)"
    with opened(isolating, sleep, sleep, sleep, limits=within(notebook_timeout_s=3)) as live:
        notebook = live.executed
        assert live.kernel.ask(Request("inventory")).error is None
    assert statuses(notebook) == ["ok", "timeout", "not-run"]
    assert notebook.fault == "time"
    assert notebook.problems == (
        "The notebook as a whole ran longer than the 3 seconds allowed; it was stopped in cell 2, "
        "and the cells after it did not run.",
    )


def test_a_process_that_ends_itself_is_told(isolating: Backend) -> None:
    with opened(isolating, "print('kept')", "import os\nos._exit(3)", "print(1)") as live:
        notebook = live.executed
        with pytest.raises(KernelUnavailableError):
            live.kernel.ask(Request("inventory"))
    assert statuses(notebook) == ["ok", "killed", "not-run"]
    assert notebook.cells[0].text == "kept\n"
    assert notebook.fault == "killed"
    assert notebook.problems == ("Cell 2 ended the Python process (exit status 3), so the cells after it did not run.",)


def test_a_crash_of_python_is_told(isolating: Backend) -> None:
    notebook = executed(isolating, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert statuses(notebook) == ["killed"]
    assert notebook.problems == (
        "Cell 1 crashed Python itself (a segmentation fault), so the cells after it did not run.",
    )


def test_too_much_memory_is_told(backend: Backend) -> None:
    code = "import time\nx = bytearray(b'x') * (2 * 10**9)\ntime.sleep(20)"
    notebook = executed(backend, "print('kept')", code, "print(1)", limits=within(memory_mib=512))
    assert statuses(notebook) == ["ok", "killed", "not-run"]
    assert notebook.fault == "memory"
    assert notebook.problems == (
        "Cell 2 needed more memory than the 0.5 GiB allowed, "
        "so the notebook was stopped there and the cells after it did not run.",
    )


def test_a_flood_of_output_is_stopped(isolating: Backend) -> None:
    code = "from IPython.display import display, Markdown\nwhile True:\n    display('x' * 100_000)"
    notebook = executed(isolating, code, "print(1)", limits=within(output_mib=8))
    assert statuses(notebook) == ["killed", "not-run"]
    assert notebook.fault == "output"
    assert notebook.problems[0].startswith("Cell 1 produced more output than the 8 MiB allowed")


def test_a_fork_bomb_leaves_a_sentence_or_goes_on(isolating: Backend) -> None:
    code = "import os, time\nfor _ in range(1000):\n    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)"
    notebook = executed(isolating, code, "print('on')", limits=within(processes=64))
    assert notebook.cells[0].error_name in {"BlockingIOError", "OSError"}
    assert notebook.cells[1].status in {"ok", "killed"}


def test_no_network(isolating: Backend) -> None:
    code = "import urllib.request\nurllib.request.urlopen('http://192.0.2.1', timeout=3)"
    cell = executed(isolating, code).cells[0]
    assert cell.error_name == "URLError"
    assert cell.duration_s < 3


BAD_SIGNATURE = """
from IPython import get_ipython
kernel = get_ipython().kernel
key, kernel.session.key = kernel.session.key, b"another"
print("unsigned")
import sys; sys.stdout.flush()
"""
BROKEN_MESSAGES = """
from IPython import get_ipython
kernel = get_ipython().kernel
for content in [{}, {"name": "stdout"}, {"name": 1, "text": {"a": []}}, {"data": 5}, {"execution_state": None}]:
    for kind in "stream display_data execute_result error status comm_open clear_output nonsense".split():
        kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent(), ident=b"x")
deep = []
for _ in range(5000):
    deep = [deep]
print("survived")
"""
FALSE_IDLE = """
from IPython import get_ipython
kernel = get_ipython().kernel
kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"}, parent=kernel.get_parent(), ident=b"x")
x = 5
"""


@pytest.mark.parametrize("code", [BAD_SIGNATURE, BROKEN_MESSAGES, FALSE_IDLE])
def test_messages_that_break_the_protocol_harm_nobody_else(quick: Backend, code: str) -> None:
    notebook = executed(quick, code, "print('next')", limits=within(cell_timeout_s=5))
    assert notebook.cells[0].status in {"ok", "error", "timeout", "killed"}
    assert notebook.cells[1].status in {"ok", "timeout", "not-run"}


def test_closed_sockets_cost_the_time_limit_only(quick: Backend) -> None:
    code = "from IPython import get_ipython\nget_ipython().kernel.shell_stream.close()"
    notebook = executed(quick, code, "print('next')", limits=within(cell_timeout_s=2))
    assert notebook.cells[1].status in {"ok", "timeout", "not-run", "killed"}
