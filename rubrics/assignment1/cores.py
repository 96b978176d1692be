"""Which of a notebook's modules are ResNets, of which architecture, and with whose parameters."""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torchvision.models import resnet18, resnet34, resnet50, resnet101, resnet152

from grader.errors import GraderError
from grader.probe import expr
from grader.probe.types import Array, Request
from grader.probe.value import Value, steps
from grader.scoring import Student
from reference.assignment1 import Elements, load_resnet, run
from rubrics.assignment1.evidence import Evidence, entries, gather, whole

ARCHITECTURES = {
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "resnet101": resnet101,
    "resnet152": resnet152,
}
TITLES = {name: name.replace("resnet", "ResNet-") for name in ARCHITECTURES}


@dataclass(frozen=True, eq=False)
class Core:
    """A ResNet found inside a root module.

    Attributes:
        module: Number of the root module.
        architecture: ``resnet18`` and so on.
        has_fc: Whether the final linear layer belongs to the module.
        parameters: Name in torchvision's ResNet → name in the module.
        buffers: The same for batch-norm statistics.
        matched: Share of the backbone's parameters that are the pre-trained ones.
        checkpoint: Path of the checkpoint that resembles the parameters most, None where the course has none.
        same_statistics: Whether the batch-norm statistics are the pre-trained ones, too.
        original_fc: Whether the final layer, where the module has one, is the pre-trained one.
        called: Whether the module was called as a root.
    """

    module: int
    architecture: str
    has_fc: bool
    parameters: Mapping[str, str]
    buffers: Mapping[str, str]
    matched: float
    checkpoint: str | None
    same_statistics: bool
    original_fc: bool
    called: bool

    @property
    def pretrained(self) -> bool:
        """Whether every parameter of the backbone is the pre-trained one."""
        return self.matched == 1.0


@functools.cache
def layout(architecture: str) -> tuple[list[tuple[str, tuple[int, ...]]], list[tuple[str, tuple[int, ...]]]]:
    """Names and shapes of an architecture's parameters and buffers, in order."""
    with torch.device("meta"):
        network = ARCHITECTURES[architecture](weights=None)
    return (
        [(name, tuple(part.shape)) for name, part in network.named_parameters()],
        [(name, tuple(part.shape)) for name, part in network.named_buffers()],
    )


@functools.lru_cache(maxsize=64)
def checkpoint_hashes(path: str, dtype: str) -> dict[str, str]:
    """SHA-256 of each entry of a checkpoint, converted to ``dtype`` first."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    hashes = {}
    for name, entry in state.items():
        values = entry
        if entry.is_floating_point():
            values = entry.to(getattr(torch, dtype))
            values = values.float() if dtype in ("float16", "bfloat16") else values
        hashes[name] = hashlib.sha256(values.contiguous().numpy().tobytes()).hexdigest()
    return hashes


def checkpoints(student: Student, architecture: str) -> list[str]:
    """Paths of the pre-trained checkpoints on the host; empty where the course has none."""
    found = []
    for name in (architecture, f"{architecture}_v1", f"{architecture}_v2"):
        try:
            found.append(student.assets.path(name))
        except (GraderError, KeyError, OSError, ValueError):
            continue
    return found


def find_cores(student: Student) -> list[Core]:
    """The ResNets in the notebook's root modules; use it through ``student.find``."""
    evidence = student.find(gather)
    found = [_core(student, entry) for entry in evidence.modules.values()]
    return [core for core in found if core is not None]


def _core(student: Student, entry: Mapping[str, Any]) -> Core | None:
    parameters = entries(entry, "parameters")
    for architecture in ARCHITECTURES:
        wanted, buffers = layout(architecture)
        start = _subsequence([_shape(part) for part in parameters], [shape for _, shape in wanted[:-2]])
        if start is None:
            continue
        names = {name: parameters[start + at] for at, (name, _) in enumerate(wanted[:-2])}
        tail = parameters[start + len(names) :]
        linear = next(
            (at for at, part in enumerate(tail) if len(_shape(part)) == 2 and _shape(part)[1] == wanted[-2][1][1]), None
        )
        if linear is not None:
            names["fc.weight"] = tail[linear]
            if linear + 1 < len(tail) and len(_shape(tail[linear + 1])) == 1:
                names["fc.bias"] = tail[linear + 1]
        held = entries(entry, "buffers")
        first = _subsequence([_shape(part) for part in held], [shape for _, shape in buffers])
        statistics = {name: held[first + at] for at, (name, _) in enumerate(buffers)} if first is not None else {}
        trials = [(*_compare(path, names, statistics), path) for path in checkpoints(student, architecture)]
        matched, same, original, path = max(trials, default=(0.0, False, False, None), key=lambda trial: trial[0])
        return Core(
            int(entry["obj"]),
            architecture,
            "fc.weight" in names,
            {name: str(part["name"]) for name, part in names.items()},
            {name: str(part["name"]) for name, part in statistics.items()},
            matched,
            path,
            same,
            original,
            bool(entry.get("called")),
        )
    return None


def _shape(part: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(size) for size in part.get("shape") or ())


def _subsequence(shapes: Sequence[tuple[int, ...]], wanted: Sequence[tuple[int, ...]]) -> int | None:
    for start in range(len(shapes) - len(wanted) + 1):
        if list(shapes[start : start + len(wanted)]) == list(wanted):
            return start
    return None


def _compare(
    path: str, names: Mapping[str, Mapping[str, Any]], statistics: Mapping[str, Mapping[str, Any]]
) -> tuple[float, bool, bool]:
    backbone = {name: part for name, part in names.items() if not name.startswith("fc.")}
    equal = [
        part.get("sha256") == checkpoint_hashes(path, str(part.get("dtype")))[name] for name, part in backbone.items()
    ]
    hashes = checkpoint_hashes(path, "float32")
    same = bool(statistics) and all(
        part.get("sha256") == hashes.get(name)
        for name, part in statistics.items()
        if not name.endswith("num_batches_tracked")
    )
    original = all(
        part.get("sha256") == checkpoint_hashes(path, str(part.get("dtype")))[name]
        for name, part in names.items()
        if name.startswith("fc.")
    )
    return sum(equal) / max(len(equal), 1), same, original


@dataclass(eq=False)
class StudentNetwork:
    """The student's network rebuilt on the host.

    Attributes:
        core: Where it was found.
        network: A torchvision ResNet with the student's parameters.
        fc_known: Whether its final layer is the student's (or the checkpoint's) and not a blank one.
    """

    core: Core
    network: nn.Module
    fc_known: bool

    def run(self, images: Array, *, training: bool) -> Elements:
        """Logits and feature maps for (B, 3, H, W) images."""
        batch = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
        return run(self.network, batch, training=training)

    @property
    def weight(self) -> Array:
        """``fc.weight``, (O, Q)."""
        return np.asarray(self.network.get_submodule("fc").get_parameter("weight").detach().double().numpy())


def preferred_core(student: Student) -> Core | None:
    """The ResNet that the notebook works with: called ones first, pre-trained ones first among equals."""
    cores = student.find(find_cores)
    return max(cores, key=lambda core: (core.called, core.pretrained, core.has_fc), default=None)


def rebuild(student: Student) -> StudentNetwork | None:
    """The preferred ResNet on the host; use it through ``student.find``. None when there is none or it is too big."""
    core = student.find(preferred_core)
    return student.find(from_pieces) if core is None else _rebuild(student, core)


def from_pieces(student: Student) -> StudentNetwork | None:
    """The pre-trained ResNet-18 whose layers lie scattered over several modules; use it through ``student.find``."""
    path = next(iter(checkpoints(student, "resnet18")), None)
    if path is None:
        return None
    held = {
        part.get("sha256"): number
        for number, entry in student.find(gather).modules.items()
        for part in entries(entry, "parameters")
    }
    wanted = checkpoint_hashes(path, "float32")
    learned, _ = layout("resnet18")
    if not all(wanted[name] in held for name, _ in learned if not name.startswith("fc.")):
        return None
    has_fc = wanted["fc.weight"] in held
    core = Core(held[wanted["conv1.weight"]], "resnet18", has_fc, {}, {}, 1.0, path, True, has_fc, called=False)
    return StudentNetwork(core, load_resnet(path, "resnet18"), fc_known=True)


def _rebuild(student: Student, core: Core) -> StudentNetwork | None:
    path = core.checkpoint
    evidence = student.find(gather)
    if core.pretrained and path is not None:
        network = load_resnet(path, core.architecture)
        if core.same_statistics and core.original_fc:
            return StudentNetwork(core, network, fc_known=True)
        network = copy.deepcopy(network)
        state = _fetch(student, core.module, "named_buffers")
        _load(network, {name: state[own] for name, own in core.buffers.items() if own in state})
        if not core.original_fc:
            state = _fetch(student, core.module, "named_parameters")
            _load(
                network,
                {name: state[own] for name, own in core.parameters.items() if own in state and name.startswith("fc.")},
            )
        return StudentNetwork(core, network.eval(), fc_known=True)
    network = ARCHITECTURES[core.architecture](weights=None)
    state = {**_fetch(student, core.module, "named_parameters"), **_fetch(student, core.module, "named_buffers")}
    if not all(own in state for own in core.parameters.values()):
        return None
    _load(network, {name: state[own] for name, own in {**core.parameters, **core.buffers}.items() if own in state})
    known = core.has_fc or _borrow_fc(student, evidence, network)
    return StudentNetwork(core, network.eval(), fc_known=known)


def _fetch(student: Student, module: int, method: str) -> dict[str, Array]:
    wanted = expr.call(expr.importing("builtins.dict"), [expr.call(expr.attr(expr.obj(module), method))])
    answer = student.ask(Request("evaluate", {"steps": [{"slot": method, "expr": wanted}]}, timeout_s=120))
    found: dict[str, Array] = {}
    for step in steps(answer):
        for key, part in Value(step.get("value"), answer).pairs():
            array = part.array()
            if array is not None:
                found[key.text() or ""] = array
    return found


def _load(network: nn.Module, state: Mapping[str, Array]) -> None:
    """Loads entries; a final layer of another size takes the network's place."""
    weight = state.get("fc.weight")
    if weight is not None and weight.shape[0] != 1000:
        network.add_module("fc", nn.Linear(weight.shape[1], weight.shape[0], bias="fc.bias" in state))
    network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in state.items()}, strict=False)


def _borrow_fc(student: Student, evidence: Evidence, network: nn.Module) -> bool:
    """Takes the final layer from another module of the notebook."""
    width = network.get_submodule("fc").get_parameter("weight").shape[1]
    for number, entry in evidence.modules.items():
        for part in entries(entry, "parameters"):
            if _shape(part) == (1000, width) and whole(number) is not None:
                state = _fetch(student, number, "named_parameters")
                name = str(part["name"])
                weight, bias = state.get(name), state.get(name.removesuffix("weight") + "bias")
                if weight is not None:
                    _load(network, {"fc.weight": weight, **({"fc.bias": bias} if bias is not None else {})})
                    return True
    return False
