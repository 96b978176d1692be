# ruff: noqa: E501 -- pieces of notebook code
"""Requests for a GPU on a machine without one, one piece of code each."""

from __future__ import annotations

from typing import Any

import pytest
import torch

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="nothing is redirected where there is a GPU")

SNIPPETS = {
    "usual_choice": """
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
assert device.type == "cuda" and isinstance(device, torch.device)
model = nn.Linear(3, 2).to(device)
x = torch.randn(4, 3)
y = x.to(device, non_blocking=True)
assert moved(model) and moved(y) and not moved(x) and y is not x
assert next(model.parameters()).device.type == "cuda" and y.device == next(model.parameters()).device and y.is_cuda
assert x.device.type == "cpu" and not x.is_cuda
model(y).sum().backward()
assert [e["what"] for e in events] == ["module", "tensor"] and events[0]["object"] is model
assert events[1]["object"] is y
""",
    "device_spellings": """
x = torch.ones(2)
for device in ("cuda", "cuda:0", 0, "mps", torch.device("cuda"), torch.device("cuda:0"), torch.device("cuda", 0)):
    assert moved(x.to(device)) and moved(x.to(device=device)), device
    assert moved(nn.Linear(2, 2).to(device)) and moved(nn.Linear(2, 2).to(device=device)), device
assert moved(x.cuda()) and moved(x.cuda(0)) and moved(nn.Linear(1, 1).cuda()) and not moved(x)
assert moved(x.to("cuda", torch.float64)) and x.to("cuda", torch.float64).dtype == torch.float64
""",
    "compile": """
model = nn.Linear(2, 2)
assert torch.compile(model) is model and torch.compile(model, mode="reduce-overhead") is model
@torch.compile
def double(x):
    return 2 * x
@torch.compile(fullgraph=True)
def triple(x):
    return 3 * x
assert double(2) == 4 and triple(2) == 6 and model.compile() is None
assert model(torch.ones(1, 2)).shape == (1, 2)
""",
    "no_move": """
x = torch.ones(2)
for y in (x.to("cpu"), x.to(torch.float64), x.to(torch.device("cpu")), x.cpu(), x.double()):
    assert not moved(y)
assert x.to("cpu") is x and not moved(nn.Linear(2, 2).to("cpu")) and not moved(nn.Linear(2, 2).to(torch.float64))
assert events == []
""",
    "moved_tensor_is_a_copy": """
x = torch.zeros(3)
y = x.to("cuda")
y += 1
assert x.sum() == 0 and y.to("cuda") is y
z = y.cpu()
assert not moved(z) and moved(y)
assert moved(y.float().long()) and moved(y.to(torch.float64)) and y.view(3, 1)._base is y
""",
    "move_keeps_gradients": """
w = torch.ones(3, requires_grad=True)
(w.to("cuda") * 2).sum().backward()
assert w.grad.tolist() == [2, 2, 2]
""",
    "lazy_layers": """
model = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2)).to("cuda")
x = torch.ones(1, 3, 5, 5, device="cuda")
assert model.float()(x).shape == (1, 2) and moved(model) and nn.LazyLinear(3).cuda().double()(x.double()).shape[-1] == 3
""",
    "and_back": """
model = nn.Sequential(nn.Linear(2, 2)).to("cuda")
assert moved(model) and moved(model[0]) and moved(model[0].weight)
model.to("cpu")
assert not moved(model) and not moved(model[0]) and not moved(model[0].weight)
assert not moved(model.cuda().cpu())
""",
    "move_to_where_the_model_is": """
model = nn.Linear(3, 2).cuda()
x = torch.ones(1, 3)
assert moved(x.to(next(model.parameters()).device)) and moved(x.to(model.weight))
""",
    "factories": """
for make in (lambda d: torch.zeros(3, device=d), lambda d: torch.tensor([1.0], device=d), lambda d: torch.randn(2, device=d),
             lambda d: torch.arange(3, device=d), lambda d: torch.ones(2).new_zeros(2, device=d), lambda d: torch.eye(2, device=d),
             lambda d: torch.full((2,), 1.0, device=d), lambda d: torch.zeros_like(torch.ones(2), device=d),
             lambda d: torch.as_tensor([1, 2], device=d), lambda d: torch.as_tensor(torch.ones(2), device=d),
             lambda d: torch.empty(2, device=d), lambda d: torch.randint(0, 2, (3,), device=d)):
    assert moved(make("cuda")) and moved(make(torch.device("cuda:0"))) and not moved(make("cpu")) and not moved(make(None))
assert moved(nn.Linear(2, 2, device="cuda").weight) and not moved(nn.Linear(2, 2).weight)
h = torch.zeros(1, 3, device=torch.ones(2).cuda().device)
assert moved(h)
""",
    "queries": """
assert torch.cuda.device_count() == 1 and torch.cuda.current_device() == 0
assert isinstance(torch.cuda.get_device_name(0), str) and torch.cuda.get_device_properties(0).total_memory > 0
torch.cuda.synchronize(); torch.cuda.empty_cache(); torch.cuda.manual_seed(0); torch.cuda.manual_seed_all(0)
assert torch.cuda.memory_allocated() == 0 and torch.cuda.max_memory_allocated() == 0 and torch.cuda.memory_reserved(0) == 0
torch.cuda.set_device(0); torch.cuda.reset_peak_memory_stats(); torch.manual_seed(3)
torch.backends.cudnn.deterministic = True; torch.backends.cudnn.benchmark = False
start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
start.record(); end.record(); end.synchronize(); assert start.elapsed_time(end) >= 0
with torch.cuda.device(0), torch.cuda.stream(torch.cuda.Stream()):
    pass
assert torch.accelerator.is_available() and torch.accelerator.current_accelerator().type == "cuda"
assert torch.backends.mps.is_available() and torch.ones(1).cuda().get_device() == 0
torch.use_deterministic_algorithms(True)
""",
    "mixed_precision": """
model = nn.Linear(3, 1).cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with warnings.catch_warnings():
    warnings.simplefilter("error", UserWarning)
    for autocast, scaler in ((lambda: torch.amp.autocast("cuda"), torch.amp.GradScaler("cuda")),
                             (lambda: torch.autocast(device_type="cuda", dtype=torch.float16), torch.amp.GradScaler()),
                             (lambda: torch.autocast(device_type=torch.device("cuda").type), torch.amp.GradScaler("cuda"))):
        before = model.weight.clone()
        optimizer.zero_grad()
        with autocast():
            loss = model(torch.ones(2, 3).cuda()).mean()
        assert loss.dtype == torch.float32
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        scaler.step(optimizer); scaler.update()
        assert not torch.equal(before, model.weight)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)
    scaler = torch.cuda.amp.GradScaler()
    with torch.cuda.amp.autocast():
        model(torch.ones(2, 3).cuda())
""",
    "default_device": """
torch.set_default_device("cuda")
assert torch.get_default_device().type == "cuda"
model = nn.Linear(2, 2)
assert moved(model) and model(torch.ones(1, 2)).shape == (1, 2)
torch.set_default_device("cpu")
assert not moved(nn.Linear(2, 2)) and torch.get_default_device().type == "cpu"
with torch.device("cuda"):
    assert moved(nn.Linear(2, 2))
assert not moved(nn.Linear(2, 2))
""",
    "data_parallel": """
model = nn.DataParallel(nn.Linear(2, 2)).cuda()
assert moved(model) and moved(model.module) and model(torch.ones(1, 2).cuda()).shape == (1, 2)
assert nn.DataParallel(nn.Linear(2, 2).cuda(), device_ids=[0])(torch.ones(1, 2)).shape == (1, 2)
""",
    "loader_and_generator": """
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(8.0)[:, None], torch.arange(8))
generator = torch.Generator(device="cuda").manual_seed(1)
assert isinstance(generator, torch.Generator) and isinstance(torch.default_generator, torch.Generator)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message=".*pin_memory.*no accelerator is found")
    for x, y in DataLoader(data, batch_size=4, shuffle=True, generator=generator, pin_memory=True):
        assert not moved(x) and moved(x.to("cuda")) and not moved(x.pin_memory())
assert torch.utils.data.random_split(data, [4, 4], generator=torch.Generator("cuda").manual_seed(0))
assert torch.rand(2, generator=torch.Generator()).shape == (2,)
""",
    "save_and_load": """
model = nn.Linear(2, 2).to("cuda")
torch.save(model.state_dict(), "m.pth")
for place in ("cuda", "cuda:0", torch.device("cuda"), {"cuda:0": "cuda:0"}, None, "cpu", lambda storage, where: storage.cuda()):
    state = torch.load("m.pth", map_location=place, weights_only=True)
    model.load_state_dict(state)
torch.save({"x": torch.ones(2).cuda()}, "x.pth")
assert torch.load("x.pth")["x"].sum() == 2
import copy
assert moved(copy.deepcopy(model))
""",
    "packed_sequences": """
packed = nn.utils.rnn.pack_sequence([torch.ones(3, 2), torch.ones(2, 2)])
far = packed.to("cuda")
assert moved(far.data) and not moved(packed.data) and moved(packed.cuda().data)
out, h = nn.RNN(2, 4).cuda()(far)
""",
    "legacy_types": """
kind = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor
assert torch.ones(2).type(kind).dtype == torch.float32
""",
    "optimizers_take_the_same_way_as_on_the_cpu": """
def train(device):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 2)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(5):
        x = torch.randn(6, 4, device="cpu").to(device)
        optimizer.zero_grad()
        model(x).square().mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model[0].weight.detach().cpu()
assert torch.equal(train("cpu"), train("cuda"))
""",
    "printing": """
x = torch.ones(2).cuda()
assert "1., 1." in repr(x) and f"{x.device}" == "cuda:0" and x.numpy().sum() == 2 and x.cpu().numpy().sum() == 2
assert x.tolist() == [1, 1] and x.sum().item() == 2
""",
    "subclass_that_moves_itself": """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.device = torch.device("cuda")
        self.fc = nn.Linear(2, 2)
        self.to(self.device)
    def forward(self, x):
        return self.fc(x.to(self.device))
net = Net()
assert moved(net) and moved(net.fc) and net(torch.ones(1, 2)).shape == (1, 2)
""",
    "resnet": """
from torchvision.models import resnet18
model = resnet18(weights="DEFAULT").eval().to("cuda")
with torch.no_grad():
    assert model(torch.zeros(1, 3, 64, 64).to("cuda")).shape == (1, 1000)
""",
}

PREFIX = """
import warnings
import torch
from torch import nn

def moved(thing):
    return "_grader_moved" in thing.__dict__
"""


@pytest.fixture(scope="module")
def results(run_snippets: Any) -> Any:
    return run_snippets({name: PREFIX + code for name, code in SNIPPETS.items()})


@pytest.mark.parametrize("name", SNIPPETS)
def test_gpu_code_runs_on_the_cpu_and_is_noted(results: Any, name: str) -> None:
    assert results[name]["error"] == ""


def test_nothing_is_redirected_unless_asked(run_snippets: Any) -> None:
    code = "import torch\nassert not torch.cuda.is_available() and torch.ones(1).to('cpu').device.type == 'cpu' and not events"
    assert run_snippets({"plain": code}, redirect_cuda=False)["plain"]["error"] == ""
