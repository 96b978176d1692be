"""Which notebooks get a GPU, one at a time, and what happens where it fails. No GPU is needed here."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from grader import execution
from grader.errors import UsageError
from grader.execution import GpuSlots, open_on_gpu
from grader.sandbox import gpu
from grader.sandbox.local import LocalBackend
from grader.sandboxed import gpus
from tests.execution.notebooks import job, statuses

SEES = "import os\nprint('cuda', os.environ.get('CUDA_VISIBLE_DEVICES'))"
FAILS = "if os.environ['CUDA_VISIBLE_DEVICES']:\n    raise RuntimeError({!r})"
FAILURES = (
    "CUDA error: device-side assert triggered",
    "Expected all tensors to be on the same device, but found at least two devices",
    "Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should be the same",
)


def executed(*cells: str, slots: GpuSlots):
    with open_on_gpu(job(*cells), LocalBackend(), slots) as live:
        return live.executed


def test_a_notebook_that_names_a_gpu_gets_one() -> None:
    slots = GpuSlots(["3"])
    assert executed(SEES, slots=slots).cells[0].text == "cuda 3\n"
    assert (
        executed(SEES.replace("'cuda'", "'see'").replace("CUDA_VISIBLE", "CU\\x44A_VISIBLE"), slots=slots).cells[0].text
        == "see \n"
    )
    assert executed(SEES, slots=GpuSlots([])).cells[0].text == "cuda \n"


@pytest.mark.parametrize("message", FAILURES)
def test_what_fails_over_the_gpu_runs_again_without(message: str) -> None:
    notebook = executed(SEES, FAILS.format(message), "print('after')", slots=GpuSlots(["0"]))
    assert statuses(notebook) == ["ok", "ok", "ok"]
    assert notebook.cells[0].text == "cuda \n"
    assert notebook.problems == (
        "Cell 2 failed on the GPU, so the notebook was executed again without one; what was seen there was graded.",
    )


def test_what_leaves_a_graph_on_the_gpu_runs_again_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution.gpus, "_holds_graph", lambda kernel: kernel.alive)
    notebook = executed(SEES, slots=GpuSlots(["0"]))
    assert (notebook.cells[0].text, notebook.problems) == ("cuda \n", ())


def test_other_failures_are_the_students_own() -> None:
    notebook = executed(SEES, "raise ValueError('expected 3 channels')", slots=GpuSlots(["0"]))
    assert statuses(notebook) == ["ok", "error"]
    assert notebook.cells[0].text == "cuda 0\n"
    assert notebook.problems == ()


def test_uploaded_modules_count(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("device = 'cuda'", encoding="utf-8")
    slots, asks = GpuSlots(["0"]), "import net"
    with slots.lent(job(asks, student_files=tmp_path)) as lent:
        assert lent == ("0",)
    with slots.lent(job(asks)) as lent:
        assert lent == ()


def test_a_gpu_is_lent_to_one_at_a_time() -> None:
    slots, began = GpuSlots(["0", "0"]), threading.Event()

    def third() -> None:
        with slots.lent(job(SEES)):
            began.set()

    with slots.lent(job(SEES)):
        with slots.lent(job(SEES)) as second:
            assert second == ("0",)
            waiting = threading.Thread(target=third)
            waiting.start()
            assert not began.wait(0.2)
        assert began.wait(10)
    waiting.join()


def test_gpus_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "usable_here", lambda: ("0", "1"))
    backend = LocalBackend()
    assert gpus(backend, "auto") == ("0", "1")
    assert gpus(backend, "none") == ()
    assert gpus(backend, "1, 1") == ("1", "1")
    for wrong in ("2", "", "all"):
        with pytest.raises(UsageError, match=r"--gpus: expected 'auto', 'none' or GPUs.*local can give \(0, 1\), got"):
            gpus(backend, wrong)


def test_numbers_of_gpus_are_read_from_their_nodes(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert gpu.present(tmp_path) == ("0", "2", "10")
