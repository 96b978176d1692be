"""What the kernel side says of small notebooks, in a forked process."""

import numpy as np
import pytest
from torch import nn

from grader.probe import expr
from grader.probe.kernel_side.anatomy import layer_type
from grader.probe.types import Request
from grader.probe.value import Value, step_values, steps
from grader.scoring import Student
from tests.support.harness import close, run_cells

TRAINING = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.fc = nn.Linear(4, classes)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        hidden = self.fc(x)
        return self.drop(hidden)

def train(epochs):
    torch.manual_seed(0)
    data = TensorDataset(torch.randn(20, 4), torch.randint(0, 3, (20,)))
    loader = DataLoader(data, batch_size=5, shuffle=True)
    net = Net(3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(epochs):
        for x, t in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), t)
            loss.backward()
            optimizer.step()
        print("epoch", epoch, loss.item())
    net.eval()
    with torch.no_grad():
        net(torch.ones(2, 4))
    return net
"""


@pytest.fixture(scope="module")
def trained():
    student = run_cells([TRAINING, "1 / 0", "train(2);", "answer = [1.5, 2.5]"])
    yield student
    close(student)


@pytest.fixture
def inventory(trained: Student):
    answer = trained.ask(Request("inventory"))
    assert answer.error is None, answer.error
    return answer


def test_cells_go_on_after_an_error(trained: Student) -> None:
    assert [cell.status for cell in trained.notebook.cells] == ["ok", "error", "ok", "ok"]
    assert (trained.notebook.cells[1].error_name, trained.notebook.cells[1].error_line) == ("ZeroDivisionError", 1)


def test_objects_local_to_a_function_are_found(inventory) -> None:
    (module,) = inventory.data["modules"]
    (loader,) = inventory.data["loaders"]
    (optimizer,) = inventory.data["optimizers"]
    assert (module["type"], module["own_class"], module["training"]) == ("Net", True, False)
    assert (loader["batch_size"], loader["shuffle"], loader["iterations"]) == (5, True, 2)
    assert {parameter["module"] for parameter in optimizer["parameters"]} == {module["obj"]}
    assert optimizer["steps"] == 8
    assert {dataset["type"] for dataset in inventory.data["datasets"]} == {"TensorDataset"}


def test_functions_and_their_calls(inventory) -> None:
    functions = {function["name"]: function for function in inventory.data["functions"]}
    assert set(functions) == {"Net.__init__", "Net.forward", "train"}
    (call,) = functions["train"]["calls"]
    assert call["args"]["epochs"] == {"kind": "int", "value": 2}
    assert call["locals"]["loader"]["kind"] == "loader"
    assert functions["Net.forward"]["source"].startswith("def forward(self, x)")
    assert functions["train"]["cell"] == 0


def test_globals_know_their_cell(inventory) -> None:
    found = {entry["name"]: entry["cell"] for entry in inventory.data["globals"]}
    assert found["answer"] == 3
    assert found["train"] == 0


def test_sightings_of_assignments(inventory) -> None:
    hidden = [sighting for sighting in inventory.data["sightings"] if sighting["name"] == "hidden"]
    assert Value(hidden[0]["value"], inventory).shape == (5, 3)
    assert hidden[0]["function"] == "Net.forward"


def test_trace_tells_the_loop(trained: Student) -> None:
    events = trained.ask(Request("trace")).data["events"]
    loop = [event["e"] for event in events if event["e"] in {"batch", "zero", "forward", "loss", "backward", "step"}]
    assert loop[:6] == ["batch", "zero", "forward", "loss", "backward", "step"]
    backward = [event for event in events if event["e"] == "backward"]
    assert len(backward) == 8
    assert all(event["clean"] for event in backward)
    forward = [event for event in events if event["e"] == "forward"]
    assert forward[0]["batch"] == next(event["s"] for event in events if event["e"] == "batch")
    assert (forward[-1]["grad"], forward[-1]["norm_training"]) == (False, False)
    printed = [event["text"] for event in events if event["e"] == "print"]
    assert printed[0].startswith("epoch 0")


def test_gradients_never_zeroed_are_seen() -> None:
    student = run_cells([TRAINING.replace("optimizer.zero_grad()", "pass"), "train(1)"])
    events = student.ask(Request("trace")).data["events"]
    clean = [event["clean"] for event in events if event["e"] == "backward"]
    assert clean == [True, False, False, False]
    close(student)


def test_evaluate_and_errors(trained: Student) -> None:
    batch = np.ones((2, 5), np.float32)
    net = expr.call(expr.var("Net"), [expr.value(3)])
    request = Request(
        "evaluate",
        {"steps": [
            {"slot": "net", "expr": net, "seed": 1},
            {"slot": "bad", "expr": expr.call(expr.slot("net"), [expr.tensor("x")])},
            {"slot": "after", "expr": expr.attr(expr.slot("bad"), "shape")},
            {"slot": "ok", "expr": expr.call(expr.slot("net"), [expr.tensor("x")]), "lenient": True, "ops": True},
        ]},
        {"x": batch},
    )  # fmt: skip
    answer = trained.ask(request)
    bad, after, ok = steps(answer)[1:]
    assert (bad["ok"], bad["error"]["type"], bad["error"]["own_cell"]) == (False, "RuntimeError", 0)
    assert after["error"]["type"] == "MissingSlot"
    assert ok["resized"] == [{"in_features_was": 4, "in_features_now": 5, "out_features": 3}]
    assert "addmm" in [op["op"] for op in ok["ops"]]
    value = step_values(answer)["ok"]
    assert value is not None
    assert value.shape == (2, 3)


def test_probing_leaves_no_trace_in_the_record(trained: Student) -> None:
    before = len(trained.ask(Request("trace")).data["events"])
    trained.ask(Request("evaluate", {"steps": [{"slot": "x", "expr": expr.call(expr.var("train"), [expr.value(1)])}]}))
    assert len(trained.ask(Request("trace")).data["events"]) == before


def test_rerun_with_a_substitute() -> None:
    cells = [TRAINING, "loader = wrong\nfor x, t in loader:\n    print(x.shape)\n"]
    student = run_cells(cells)
    arrays = {"x": np.zeros((7, 4), np.float32), "t": np.zeros(7, np.int64)}
    names = {"loader": expr.loader(expr.tensor_dataset("x", "t"), 7)}
    answer = student.ask(
        Request("rerun", {"sources": [cells[1]], "names": names, "keep": ["loader"], "budget_s": 20}, arrays)
    )
    assert answer.data["results"] == [{"ok": True, "error": None}]
    assert answer.data["stdout"] == "torch.Size([7, 4])\n"
    close(student)


def test_rerun_stops_when_its_steps_are_used_up() -> None:
    student = run_cells([TRAINING])
    answer = student.ask(Request("rerun", {"sources": ["train(10_000)"], "budget_s": 60, "max_steps": 5}))
    assert answer.data["stopped"] is True
    close(student)


def test_cuda_runs_on_the_cpu_and_counts_as_moved() -> None:
    moved = TRAINING.replace("net = Net(3)", "net = Net(3).to('cuda')").replace("net(x), t", "net(x.cuda()), t.cuda()")
    student = run_cells([moved, "train(1)"])
    assert student.notebook.cells[1].status == "ok", student.notebook.cells[1]
    forward = [event for event in student.ask(Request("trace")).data["events"] if event["e"] == "forward"]
    assert all(event["moved"] and event["parameters_moved"] for event in forward[:4])
    close(student)


def test_features_kept_by_a_hook_are_seen_by_watch() -> None:
    cells = ["import torch\nfrom torch import nn\nkept = {}\nnet = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))\n"
             "net[0].register_forward_hook(lambda m, i, o: kept.update(out=o))"]  # fmt: skip
    student = run_cells(cells)
    step = {"slot": "y", "expr": expr.call(expr.var("net"), [expr.tensor("x")]), "watch": {"numel": [18]}}
    answer = student.ask(Request("evaluate", {"steps": [step]}, {"x": np.ones((3, 4), np.float32)}))
    assert [found["path"] for found in steps(answer)[0]["watch"]] == ["kept['out']"]
    close(student)


def test_pictures_that_are_shown_are_kept() -> None:
    cells = ["import numpy as np\nimport matplotlib.pyplot as plt\nplt.imshow(np.eye(3) * 0.5, alpha=0.5)\nplt.close()"]
    student = run_cells(cells)
    answer = student.ask(Request("inventory"))
    (shown,) = answer.data["shown"]
    array = Value(shown["value"], answer).array()
    assert shown["alpha"] == 0.5
    assert array is not None
    assert np.allclose(array, np.eye(3) * 0.5)
    close(student)


def test_a_class_with_the_name_of_a_layer_is_what_it_derives_from() -> None:
    class LSTM(nn.Module):
        pass

    class Dropout(nn.Dropout2d):
        pass

    class Mine(nn.Linear):
        pass

    found = [layer_type(part) for part in (nn.LSTM(2, 2), LSTM(), Dropout(), Mine(2, 2))]
    assert found == ["LSTM", "Module", "Dropout2d", "Mine"]
