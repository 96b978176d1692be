"""A notebook that ran on a real GPU answers afterwards as one that had none; most of it needs a machine with a GPU."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from grader.probe import expr
from grader.probe.kernel_side.provide.landing import is_alive
from grader.probe.types import Request
from grader.probe.value import step_values, steps
from tests.probe.test_kernel_side import TRAINING
from tests.support.harness import close, run_cells

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")

WITHOUT = """
import gc, torch
from torch import cuda, nn, zeros
from grader.probe.kernel_side.provide.landing import land
net, scaler, wrapped = nn.Linear(2, 1), torch.amp.GradScaler("cpu"), nn.DataParallel(nn.Linear(1, 1))
noted = []
land(globals(), noted.append)
assert scaler._enabled is False and wrapped.device_ids == []
assert zeros(2, device="cuda").device.type == "cuda", "imported before, redirected now"
assert cuda.is_available() and torch.randn(3).to("cuda").is_cuda
assert next(net.cuda().parameters()).is_cuda
assert [note["what"] for note in noted] == ["tensor", "tensor", "module"], noted
loader = torch.utils.data.DataLoader([1.0, 2.0], pin_memory=True)
assert len(list(loader)) == 2
"""

HOLDING = """
import torch
from torch import nn
from torch import nn, zeros, autocast
device = torch.device("cuda")
net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2)).to(device)
rnn = nn.RNN(3, 5, batch_first=True).to(device)
kept = {}
net[0].register_forward_hook(lambda m, i, o: kept.update(out=o))
optimizer = torch.optim.Adam(net.parameters())
scaler = torch.amp.GradScaler("cuda")
for _ in range(2):
    with autocast("cuda"):
        loss = net(torch.randn(8, 4, device=device)).square().mean()
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
base = torch.arange(6.0, device=device)
view = base[2:4]
left = net(zeros(3, 4, device=device))

def step(x):
    optimizer.zero_grad()
    loss = net(x.to(device)).square().mean()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    return loss.item()

def shared():
    base.zero_()
    return view.sum()

def made():
    return zeros(2, device=device) + base[:2]
"""


def test_landing_redirects_what_follows() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT], check=True, timeout=120)


@pytest.fixture(scope="module")
def landed():
    student = run_cells([HOLDING], on_gpu=True)
    assert student.notebook.cells[0].status == "ok", student.notebook.cells[0]
    yield student
    close(student)


def ask(student, code, **arrays):
    """The answer to a call: a function's name, and perhaps that of an array."""
    name, _, argument = code.partition(" ")
    given = [expr.tensor(argument)] if argument else []
    step = {"slot": "y", "expr": expr.call(expr.var(name), given)}
    answer = student.ask(Request("evaluate", {"steps": [step]}, arrays))
    assert answer.error is None, answer.error
    return answer


@needs_gpu
def test_the_notebook_ran_on_the_gpu() -> None:
    student = run_cells(["import torch\nprint(torch.cuda.get_device_name())"], on_gpu=True)
    assert "CPU" not in student.notebook.cells[0].text
    close(student)


@needs_gpu
@pytest.mark.parametrize("call", ["net x", "step x", "made", "rnn z"])
def test_networks_and_functions_compute_with_plain_arrays(landed, call) -> None:
    answer = ask(landed, call, x=np.ones((3, 4), np.float32), z=np.ones((2, 4, 3), np.float32))
    assert steps(answer)[0].get("ok"), steps(answer)


@needs_gpu
def test_what_was_there_counts_as_moved() -> None:
    moved = TRAINING.replace("net = Net(3)", "net = Net(3).to('cuda')").replace("net(x), t", "net(x.cuda()), t.cuda()")
    moved = moved.replace("net(torch.ones(2, 4))", "net(torch.ones(2, 4).cuda())")
    student = run_cells([moved, "net = train(1)"], on_gpu=True)
    assert student.notebook.cells[1].status == "ok", student.notebook.cells[1]
    forward = [event for event in student.ask(Request("trace")).data["events"] if event["e"] == "forward"]
    assert forward
    assert all(event["moved"] and event["parameters_moved"] for event in forward)
    inventory = student.ask(Request("inventory")).data
    assert [module["moved"] for module in inventory["modules"] if "net" in str(module)][:1] == [True]
    close(student)


@needs_gpu
def test_views_share_their_memory_still(landed) -> None:
    sum_of_view = step_values(ask(landed, "shared"))["y"]
    assert sum_of_view.array() == 0.0


@needs_gpu
def test_a_graph_that_is_kept_is_told() -> None:
    cells = ["import torch\nnet = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU()).cuda()", ""]
    for forward, kept in (("y = net({}).sum()", True), ("net({}).sum().backward()", False)):
        cells[1] = forward.format("torch.ones(1, 4).cuda()")
        student = run_cells(cells, on_gpu=True)
        assert student.ask(Request("graph")).data == {"on_gpu": kept}
        close(student)


def test_a_graph_lives_until_it_was_gone_through() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    loss = nn.functional.cross_entropy(net(torch.ones(2, 4)), torch.tensor([0, 1])) * 2 + 1
    assert is_alive(loss.grad_fn)
    loss.backward(retain_graph=True)
    assert is_alive(loss.grad_fn)
    loss.backward()
    assert not is_alive(loss.grad_fn)
