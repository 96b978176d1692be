"""Answers the verb ``inventory``: what the notebook left behind, as far as rubrics may ask for it."""

from __future__ import annotations

import gc
import hashlib
import types
from typing import Any

import torch
from torch import nn
from torch.nn.modules.loss import _Loss
from torch.utils.data import DataLoader, Dataset

from .anatomy import layer_type, module_moved
from .describe import Describer, is_lazy, to_array
from .instrument import AssignSite, CallRecord, FunctionSite, Instrument
from .reach import half_made, walk
from .recorder import Recorder, RootCall
from .session import Session

CONFIG = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "padding_mode",
    "dilation",
    "groups",
    "in_features",
    "out_features",
    "p",
    "input_size",
    "hidden_size",
    "num_layers",
    "nonlinearity",
    "batch_first",
    "bidirectional",
    "num_features",
    "num_embeddings",
    "embedding_dim",
    "output_size",
    "inplace",
    "dim",
    "start_dim",
)


class Inventory:
    """Describes the notebook's objects."""

    def __init__(self, session: Session, instrument: Instrument, recorder: Recorder, describer: Describer) -> None:
        self.session, self.instrument, self.recorder, self.describer = session, instrument, recorder, describer
        self.small = describer.limited(64, 200)
        self.names: dict[int, list[str]] = {}
        for name, thing in session.globals().items():
            self.names.setdefault(id(thing), []).append(name)

    def all(self) -> dict[str, Any]:
        """The whole answer."""
        reached = [thing for _, thing in walk(self.session, self.instrument)]
        roots, parents = self._root_modules(reached)
        return {
            "globals": self._globals(),
            "functions": [self._function(site) for site in self.instrument.functions if not site.forgotten],
            "classes": self._classes(reached),
            "modules": [self._module(module, parents.get(id(module), [])) for module in roots],
            "losses": [self._named(thing) for thing in _unique(reached) if isinstance(thing, _Loss)],
            "datasets": [self._dataset(thing) for thing in self._datasets(reached)],
            "loaders": [self._loader(thing) for thing in self._found(reached, DataLoader, self.recorder.loaders)],
            "optimizers": self._optimizers(reached, roots),
            "calls": [self._call(call) for call in self._calls()],
            "hooks": self._hooks(roots),
            "shown": [{**shown, "value": self.describer.describe(shown["value"])} for shown in self.recorder.shown],
            "sightings": self._sightings(),
            "pictures": self.recorder.pictures,
        }

    # -- names and code -----------------------------------------------------------------------------------------

    def _globals(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "value": self.small.describe(thing), "cell": self.session.bound_in.get(name)}
            for name, thing in self.session.globals().items()
            if not isinstance(thing, types.ModuleType) and not name.startswith("_")
        ]

    def _named(self, thing: Any) -> dict[str, Any]:
        kind = type(thing)
        return {"obj": self.session.number(thing), "type": kind.__name__, "names": self.names.get(id(thing), [])}

    def _function(self, site: FunctionSite) -> dict[str, Any]:
        function = self._holder(site)
        return {
            "name": site.name,
            "cell": site.cell,
            "line": site.line,
            "source": site.source[:20_000],
            "params": self.small.parameters(function)
            if function is not None
            else [{"name": name, "kind": "positional", "default": None} for name in site.params],
            "is_method": site.class_name is not None,
            "class": site.class_name,
            "global": function is not None and id(function) in self.names,
            "obj": self.session.number(function) if function is not None else None,
            "visits": site.visits,
            "calls": [self._call_record(record, function) for record in site.calls()],
        }

    def _holder(self, site: FunctionSite) -> Any:
        """The function object made from a definition: in a global, a class, or held by its code object."""
        if site.code is not None:
            holders = [thing for thing in gc.get_referrers(site.code) if isinstance(thing, types.FunctionType)]
            if holders:
                return holders[-1]
        thing: Any = self.session.namespace.get(site.name.split(".")[0])
        for part in site.name.split(".")[1:]:
            thing = vars(thing).get(part) if isinstance(thing, type) else None
        code = getattr(thing, "__code__", None)
        fits = code is not None and self.session.files.get(code.co_filename) == site.cell
        return thing if fits else None

    def _call_record(self, record: CallRecord, function: Any) -> dict[str, Any]:
        number = self.session.number
        return {
            "obj_args": {name: number(thing) for name, thing in record.args.items()},
            "args": {name: self.small.describe(thing, 2) for name, thing in record.args.items()},
            "returned": self.describer.limited(200_000, 300).describe(record.returned) if record.finished else None,
            "returned_obj": number(record.returned) if record.finished else None,
            "function_obj": number(function) if function is not None else None,
            "locals": {name: self.small.describe(thing, 1) for name, thing in record.local_values.items()},
            "locals_obj": {name: number(thing) for name, thing in record.local_values.items()},
            "error": None
            if record.finished
            else {
                "type": "Unfinished",
                "message": "",
                "own_cell": None,
                "own_line": None,
                "text": "the call did not return",
            },
            "cell": record.cell,
            "serial": record.serial,
        }

    def _classes(self, reached: list[Any]) -> list[dict[str, Any]]:
        found = []
        kinds = {thing.__qualname__: thing for thing in reached if isinstance(thing, type)}
        for thing in reached:
            kinds.setdefault(type(thing).__qualname__, type(thing))
        for site in self.instrument.classes:
            kind = kinds.get(site.name)
            found.append(
                {
                    "name": site.name,
                    "cell": site.cell,
                    "line": site.line,
                    "source": site.source[:20_000],
                    "bases": [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__][:20] if kind else [],
                    "obj": self.session.number(kind) if kind else None,
                    "methods": {
                        name: self.small.parameters(member)
                        for name, member in vars(kind).items()
                        if isinstance(member, types.FunctionType)
                    }
                    if kind
                    else {},
                    "instances": [
                        self.session.number(thing) for thing in _unique(reached) if kind and type(thing) is kind
                    ],
                }
            )
        return found

    # -- modules ------------------------------------------------------------------------------------------------

    def _root_modules(self, reached: list[Any]) -> tuple[list[nn.Module], dict[int, list[nn.Module]]]:
        called = [calls.first[0].module for calls in self.recorder.calls.values() if calls.first]
        top = [thing for thing in (*self.session.globals().values(), *called) if isinstance(thing, nn.Module)]
        modules = _unique([*top, *(thing for thing in reached if isinstance(thing, nn.Module))])
        modules = [module for module in modules if not isinstance(module, _Loss) and not half_made(module)]
        parents: dict[int, list[nn.Module]] = {}
        for module in modules:
            for part in module.modules():
                if part is not module:
                    parents.setdefault(id(part), []).append(module)
        keep = {id(module) for module in top}
        return [module for module in modules if id(module) in keep or id(module) not in parents][:100], parents

    def _module(self, module: nn.Module, parents: list[nn.Module]) -> dict[str, Any]:
        calls = self.recorder.calls.get(id(module))
        return {
            **self._named(module),
            "own_class": type(module).__module__ == "__main__",
            "training": bool(module.training),
            "tree": [self._part(name, part) for name, part in list(module.named_modules())[:400]],
            "parameters": [self._weights(name, thing) for name, thing in list(module.named_parameters())[:600]],
            "buffers": [self._weights(name, thing) for name, thing in list(module.named_buffers())[:600]],
            "parents": [self.session.number(parent) for parent in parents[:20]],
            "called": calls.count if calls else 0,
            "moved": module_moved(module),
        }

    def _part(self, name: str, part: nn.Module) -> dict[str, Any]:
        config = {key: _config(getattr(part, key)) for key in CONFIG if hasattr(part, key)}
        return {"name": name, "type": layer_type(part), "training": bool(part.training), "config": config}

    def _weights(self, name: str, thing: torch.Tensor) -> dict[str, Any]:
        lazy = is_lazy(thing)
        array = None if lazy else to_array(thing)
        return {
            "name": name,
            "shape": [] if lazy else list(thing.shape),
            "dtype": str(thing.dtype).removeprefix("torch."),
            "sha256": hashlib.sha256(array.tobytes()).hexdigest() if array is not None else None,
            "requires_grad": bool(thing.requires_grad),
            "lazy": lazy,
        }

    def _calls(self) -> list[RootCall]:
        found = [call for calls in self.recorder.calls.values() for call in (*calls.first, *calls.last)]
        return sorted(found, key=lambda call: call.serial)

    def _call(self, call: RootCall) -> dict[str, Any]:
        describer = self.describer.limited(1_000_000, 32)
        return {
            "module": self.session.number(call.module),
            "cell": call.cell,
            "training": call.training,
            "norm_training": call.norm_training,
            "grad": call.grad,
            "inputs": [describer.describe(thing) for thing in call.inputs],
            "output": describer.describe(call.output),
            "in_function": call.in_function,
            "serial": call.serial,
            "moved": call.moved,
            "error": call.error,
        }

    def _hooks(self, roots: list[nn.Module]) -> list[dict[str, Any]]:
        found = []
        for hook in self.recorder.hooks:
            root = next((module for module in roots if any(part is hook["module"] for part in module.modules())), None)
            name = (
                next((name for name, part in root.named_modules() if part is hook["module"]), "")
                if root is not None
                else ""
            )
            table = hook["handle"].hooks_dict_ref()
            found.append(
                {
                    "module": self.session.number(hook["module"]),
                    "name": name,
                    "kind": hook["kind"],
                    "root": self.session.number(root) if root is not None else None,
                    "active": table is not None and hook["handle"].id in table,
                }
            )
        return found

    # -- data ---------------------------------------------------------------------------------------------------

    def _found(self, reached: list[Any], kind: type, known: list[Any]) -> list[Any]:
        return _unique([*(thing for thing in reached if isinstance(thing, kind)), *known])[:60]

    def _datasets(self, reached: list[Any]) -> list[Any]:
        pending = self._found(reached, Dataset, [loader.dataset for loader in self.recorder.loaders])
        for thing in list(pending):
            inner = getattr(thing, "dataset", None)
            pending += [inner] if isinstance(inner, Dataset) else []
            pending += [part for part in getattr(thing, "datasets", None) or () if isinstance(part, Dataset)]
        used = [loader.dataset for loader in self.recorder.loaders if hasattr(loader.dataset, "__getitem__")]
        return _unique([*pending, *used])[:60]

    def _dataset(self, thing: Any) -> dict[str, Any]:
        described = self.small.describe(thing, 0)
        held = vars(thing) if hasattr(thing, "__dict__") else {}
        brief = self.describer.limited(0, 3)
        answer = {
            **self._named(thing),
            "mro": described.get("mro", []),
            "length": described.get("length"),
            "own_class": type(thing).__module__ == "__main__",
            "attrs": {name: brief.describe(item, 1) for name, item in list(held.items())[:60]},
        }
        for name in ("split", "train"):
            if isinstance(held.get(name), (str, bool)):
                answer[name] = held[name]
        if "_grader_download" in held:
            answer["download"] = bool(held["_grader_download"])
        if "transform" in held:
            answer["transform"] = _text(held["transform"])
            answer["transform_obj"] = self.session.number(held["transform"])
        inner = held.get("dataset")
        if inner is not None:
            answer["dataset"] = self.session.number(inner)
        if isinstance(held.get("datasets"), (list, tuple)):
            answer["datasets"] = [self.session.number(part) for part in held["datasets"][:20]]
        return answer

    def _loader(self, loader: Any) -> dict[str, Any]:
        collate = getattr(loader, "collate_fn", None)
        return {
            **self._named(loader),
            "dataset": self.session.number(loader.dataset),
            "batch_size": loader.batch_size,
            "shuffle": type(loader.sampler).__name__
            in {"RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler"},
            "sampler": type(loader.sampler).__name__,
            "drop_last": bool(loader.drop_last),
            "collate": getattr(collate, "__name__", type(collate).__name__),
            "length": self.small.describe(loader, 0).get("length"),
            "iterations": self.recorder.iterations.get(id(loader), 0),
        }

    def _optimizers(self, reached: list[Any], roots: list[nn.Module]) -> list[dict[str, Any]]:
        owners = {
            id(parameter): (self.session.number(module), name)
            for module in reversed(roots)
            for name, parameter in module.named_parameters()
        }
        steps: dict[int, int] = {}
        for event in self.recorder.events:
            if event["e"] == "step":
                steps[event["optimizer"]] = steps.get(event["optimizer"], 0) + 1
        found = []
        for optimizer in self._found(reached, torch.optim.Optimizer, self.recorder.optimizers):
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            held = [owners.get(id(p), (None, "")) for p in parameters[:600]]
            found.append(
                {
                    **self._named(optimizer),
                    "groups": [
                        {key: _config(item) for key, item in group.items() if key != "params"}
                        for group in optimizer.param_groups
                    ],
                    "parameters": [{"module": module, "name": name} for module, name in held],
                    "steps": steps.get(self.session.number(optimizer), 0),
                }
            )
        return found

    def _sightings(self) -> list[dict[str, Any]]:
        found = [
            (serial, site, value) for site in self.instrument.assigns for serial, value in (*site.first, *site.last)
        ]
        return [self._sighting(*sighting) for sighting in sorted(found, key=lambda sighting: sighting[0])[-3_000:]]

    def _sighting(self, serial: int, site: AssignSite, value: Any) -> dict[str, Any]:
        return {
            "cell": site.cell,
            "line": site.line,
            "name": site.name,
            "function": site.function,
            "serial": serial,
            "value": self.describer.describe(value),
        }


def _unique(things: list[Any]) -> list[Any]:
    seen: set[int] = set()
    found = []
    for thing in things:
        if id(thing) not in seen:
            seen.add(id(thing))
            found.append(thing)
    return found


def _config(value: Any) -> Any:
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, (list, tuple)) and len(value) <= 8:
        return [_config(item) for item in value]
    return str(value)[:200]


def _text(thing: Any) -> str:
    try:
        return repr(thing)[:4_000]
    except Exception:
        return type(thing).__name__
