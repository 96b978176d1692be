"""How cells go, and what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.execution import Progress, open_notebook
from grader.probe.types import Request
from grader.sandbox import Backend
from tests.execution.notebooks import executed, job, opened, statuses, within

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


def test_a_failing_cell_does_not_end_the_notebook(backend: Backend) -> None:
    notebook = executed(backend, "x = 1", "#md Text", "x = 2\n\ndef f():\n    1 / 0\nf()", "print(x)")
    assert statuses(notebook) == ["ok", "ok", "error", "ok"]
    failed = notebook.cells[2]
    assert (failed.error_name, failed.error_message, failed.error_line) == ("ZeroDivisionError", "division by zero", 5)
    assert notebook.cells[1].kind == "markdown"
    assert notebook.cells[3].text == "2\n"
    assert notebook.problems == ()
    assert notebook.fault == ""


def test_plots_come_back_as_pictures(isolating: Backend) -> None:
    notebook = executed(isolating, PLOT, "import matplotlib\nmatplotlib.get_backend()")
    assert [picture.mime for picture in notebook.cells[0].pictures] == ["image/png"]
    assert notebook.cells[0].pictures[0].base64.startswith("iVBOR")
    assert "inline" in notebook.cells[1].text


def test_a_syntax_error_names_its_line(quick: Backend) -> None:
    cell = executed(quick, "x = 1\ny = (2,\nprint(").cells[0]
    assert (cell.status, cell.error_name) == ("error", "_IncompleteInputError") or cell.error_name == "SyntaxError"
    assert cell.error_line is not None


def test_asking_for_input_fails_at_once(quick: Backend) -> None:
    notebook = executed(quick, "name = input('Name? ')", "print('on')")
    assert notebook.cells[0].error_name == "StdinNotImplementedError"
    assert notebook.cells[0].duration_s < 5
    assert notebook.cells[1].text == "on\n"


def test_quitting_does_not_take_the_kernel_away(quick: Backend) -> None:
    notebook = executed(quick, "x = 1\nquit()", "import sys\nsys.exit()", "print(x)")
    assert statuses(notebook) == ["ok", "error", "ok"]
    assert notebook.cells[2].text == "1\n"


def test_uploads_and_course_files_lie_in_the_working_folder(isolating: Backend, tmp_path: Path) -> None:
    uploads, assets = tmp_path / "alice", tmp_path / "assets"
    (uploads / "data").mkdir(parents=True)
    (assets / "workdir").mkdir(parents=True)
    (uploads / "helper.py").write_text("VALUE = 42\n")
    (uploads / "data" / "mine.csv").write_text("1,2\n")
    (uploads / "secret").symlink_to("/etc/shadow")
    (assets / "workdir" / "image.jpg").write_text("picture")
    notebook = executed(
        isolating,
        "import os, helper\nprint(helper.VALUE, sorted(os.listdir('.')), os.listdir('data'))\nopen('new', 'w')\n_ = 0",
        student_files=uploads,
        assets=assets,
    )
    assert notebook.cells[0].text.startswith("42 ['data', 'helper.py', 'image.jpg'] ['mine.csv']")
    assert notebook.problems == (
        "These uploaded files were not given to the notebook, being links, special files or too big: secret.",
    )
    assert not (uploads / "new").exists()


def test_an_upload_named_like_a_module_of_python_does_not_stop_the_kernel(quick: Backend, tmp_path: Path) -> None:
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('taken over')\n")
    assert executed(quick, "print('runs')", student_files=tmp_path).cells[0].text == "runs\n"


def test_uploads_beyond_the_disk_limit_stay_out(quick: Backend, tmp_path: Path) -> None:
    with (tmp_path / "big.bin").open("wb") as stream:
        stream.truncate(100 * 2**20)
    notebook = executed(quick, "import os\nprint(os.listdir('.'))", student_files=tmp_path)
    assert notebook.cells[0].text == "[]\n"
    assert "big.bin" in notebook.problems[0]


def test_the_uploaded_notebook_is_not_changed(quick: Backend) -> None:
    order = job("print(1)", "#md text")
    before = str(order.notebook)
    with open_notebook(order, quick):
        pass
    assert str(order.notebook) == before


def test_progress_is_told_cell_by_cell(quick: Backend) -> None:
    seen: list[Progress] = []
    with open_notebook(job("1", "#md text", "2"), quick, seen.append):
        pass
    assert seen == [Progress("assignment.ipynb", 1, 2), Progress("assignment.ipynb", 2, 2)]


def test_the_kernel_side_is_started_and_told_each_cell(quick: Backend) -> None:
    with opened(quick, "1", "#md text", "2", seed=5) as live:
        seen = live.kernel.ask(Request("inventory")).data["seen"]
    assert seen["cells"] == [0, 2]
    assert seen["config"]["seed"] == 5
    assert seen["config"]["redirect_cuda"] is True


def test_a_kernel_side_that_fails_is_our_fault(quick: Backend) -> None:
    with pytest.raises(SandboxError, match="kernel side did not start: RuntimeError: broken on purpose"):
        executed(quick, "1", seed=666)


def test_string_hashes_are_the_same_in_every_run(quick: Backend) -> None:
    assert len({executed(quick, "print(hash('a'))", seed=3).cells[0].text for _ in range(2)}) == 1


def test_a_huge_print_is_cut_to_its_head_and_tail(isolating: Backend) -> None:
    code = "for i in range(200_000):\n    print(i, '-' * 40)"
    cell = executed(isolating, "print('first')\n" + code).cells[0]
    assert (cell.status, cell.truncated) == ("ok", True)
    assert len(cell.text) < 1.1 * 2**20
    assert cell.text.startswith("first\n0 ---")
    assert "output cut here" in cell.text
    assert cell.text.rstrip().endswith("199999 " + "-" * 40)


def test_one_hundred_megabytes_in_one_print_are_cut(isolating: Backend) -> None:
    cell = executed(isolating, "print('x' * 100_000_000)").cells[0]
    assert cell.status == "ok"
    assert len(cell.text) < 1.1 * 2**20


def test_pictures_are_counted(quick: Backend) -> None:
    code = "from IPython.display import *\nimage = Image(data=b'x' * 10, format='png')\ndisplay(*[image] * 9)"
    cell = executed(quick, code, limits=within(cell_pictures=4)).cells[0]
    assert len(cell.pictures) == 4
    assert cell.truncated


def test_a_picture_beyond_the_limit_is_left_out(quick: Backend) -> None:
    code = "from IPython.display import Image\nImage(data=b'x' * 3_000_000, format='png')"
    cell = executed(quick, code, limits=within(picture_mib=2)).cells[0]
    assert cell.pictures == ()
    assert cell.truncated


def test_cleared_output_is_gone_and_progress_bars_show_their_end(quick: Backend) -> None:
    clearing = "from IPython.display import clear_output\nprint('old')\nclear_output(wait=True)\nprint('new')"
    notebook = executed(quick, clearing, "print('10%\\r50%\\r100%')", "print('\\x1b[31mred\\x1b[0m')")
    assert [cell.text for cell in notebook.cells] == ["new\n", "100%\n", "red\n"]


def test_a_later_cell_cannot_change_what_an_earlier_one_showed(quick: Backend) -> None:
    shows = "from IPython.display import display, update_display\nhandle = display('wrong', display_id='result')"
    notebook = executed(quick, shows, "update_display('right', display_id='result')\ndisplay('x', display_id='result')")
    assert notebook.cells[0].text == "'wrong'\n"
