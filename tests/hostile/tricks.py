"""Attacks on the exam itself: the kernel side, the probes, the recorder. They need the real kernel side."""

from __future__ import annotations

from typing import Any

from tests.hostile.attacks import ANY_END, ANY_NEIGHBOUR, Attack


def trick(ident: str, does: str, cell: str, expected: str = "no point", **more: Any) -> Attack:
    given: dict[str, Any] = {"group": "tricks", "probed": True, "real": True, **more}
    return Attack(ident, does, cell.replace("DOUBLE", f"double_{ident.replace('-', '_')}"), expected, **given)


def alone(ident: str, does: str, cell: str, expected: str = "no point; what it broke is lost", **more: Any) -> Attack:
    given: dict[str, Any] = {"group": "", "statuses": ANY_END, "neighbour": ANY_NEIGHBOUR, **more}
    return trick(ident, does, cell, expected, **given)


WRONG = "def DOUBLE(x): return 3 * x\n"
TRICKS = [
    trick(
        "allclose",
        "patches torch.allclose, torch.equal and numpy's comparisons",
        WRONG
        + """
import torch, numpy as np
for module in (torch, np, np.testing):
    for name in ("allclose", "equal", "isclose", "array_equal", "assert_allclose"):
        if hasattr(module, name): setattr(module, name, lambda *a, **k: True)
""",
    ),
    trick(
        "equal-to-all",
        "returns an object that is equal to everything",
        """
class Yes(int):
    __eq__ = lambda self, other: True
    __hash__ = int.__hash__
    __ne__ = __lt__ = __gt__ = lambda self, other: False
def DOUBLE(x): return Yes(0)
""",
    ),
    trick(
        "print",
        "patches print and the streams",
        WRONG
        + """
import builtins, sys
builtins.print = lambda *a, **k: None
sys.stdout.write = lambda text: len(text)
""",
    ),
    trick(
        "inspect",
        "patches inspect: signatures and sources are what it says",
        WRONG
        + """
import inspect
inspect.signature = lambda f, **k: inspect.Signature()
inspect.getsource = lambda f: "def double(x):\\n    return 2 * x\\n"
""",
    ),
    trick(
        "forward-hooks",
        "hooks every module, so that outputs are changed on the way",
        WRONG
        + """
import torch
torch.nn.modules.module.register_module_forward_hook(lambda module, inputs, output: torch.zeros(1))
torch.nn.Module.__call__ = lambda self, *a, **k: torch.ones(1)
""",
    ),
    trick(
        "any-attribute",
        "leaves an object whose attributes, items and calls answer anything",
        """
class Anything:
    def __getattr__(self, name): return Anything()
    def __call__(self, *a, **k): return self
    def __getitem__(self, key): return self
    def __iter__(self):
        while True: yield self
    def __len__(self): return 10**9
    def __eq__(self, other): return True
    def __index__(self): return 4
    __int__ = __hash__ = __index__
DOUBLE = Anything()
""",
    ),
    trick(
        "changes-its-mind",
        "leaves a function that is right for every other question",
        """
calls = [0]
def DOUBLE(x):
    calls[0] += 1
    return 2 * x if calls[0] % 2 else 3 * x
""",
    ),
    trick(
        "recognises-grader",
        "recognises the grader and looks for the expected answer in its frames and objects",
        """
import gc, sys
def DOUBLE(x):
    frame = sys._getframe()
    while frame is not None:
        for name, thing in list(frame.f_locals.items()):
            if any(word in str(name).lower() for word in ("expect", "reference", "solution", "truth")):
                return thing
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) is dict and ("expected" in thing or "reference" in thing):
            return thing.get("expected", thing.get("reference"))
    return 3 * x
""",
    ),
    trick(
        "giant-values",
        "returns lists, names and texts of any size, cyclic ones, too deep ones",
        """
class Big:
    __slots__ = ()
    def __repr__(self): return "x" * 10**8
    __str__ = __repr__
Big.__name__ = Big.__qualname__ = "N" * 10**6
loop = []; loop.append(loop)
deep = []
for _ in range(50_000): deep = [deep]
values = [Big(), loop, deep, "x" * 10**8, list(range(10**6)), {number: "y" for number in range(10**5)}, 10**5000]
def DOUBLE(x): return values[x % len(values)]
""",
    ),
    trick(
        "hostile-errors",
        "raises errors whose texts raise errors, loop or are enormous",
        """
class Bad(Exception):
    def __str__(self): raise Bad()
    def __repr__(self): raise Bad()
class Long(Exception):
    def __str__(self): return "x" * 10**8
def DOUBLE(x): raise Bad() if x % 2 else Long()
""",
    ),
    trick(
        "lying-tensor",
        "returns a tensor whose methods lie about shape, type and value",
        """
import torch
class Lie(torch.Tensor):
    @property
    def shape(self): return torch.Size([])
    def item(self): return 2
    def numel(self): return 1
    def __torch_function__(self, *a, **k): return True
    def numpy(self): return 2
def DOUBLE(x): return torch.zeros(3).as_subclass(Lie)
""",
    ),
    trick(
        "stray-thread",
        "changes the function while questions are asked",
        """
import threading, time
def change():
    while True:
        globals()["DOUBLE"] = lambda x: 3 * x
        time.sleep(0.001)
        globals()["DOUBLE"] = lambda x: 4
        time.sleep(0.001)
threading.Thread(target=change, daemon=True).start()
def DOUBLE(x): return 3 * x
""",
    ),
    trick(
        "hooks-gone",
        "removes the hooks of the notebook's own code and of IPython",
        WRONG
        + """
import builtins
from IPython import get_ipython
get_ipython().ast_transformers.clear()
for name in [name for name in vars(builtins) if "grader" in name.lower()]: delattr(builtins, name)
""",
        statuses=ANY_END,
    ),
    alone(
        "isinstance",
        "patches isinstance, type checks and len",
        WRONG
        + """
import builtins
builtins.isinstance = lambda *a: True
builtins.len = lambda thing: 1
""",
        limits={"cell_timeout_s": 5},
    ),
    alone(
        "forged-service",
        "replaces what answers the exam's questions by a forger",
        WRONG
        + """
import sys
side = sys.modules["grader_kernel_side"]
answer = {"steps": [{"slot": "a", "ok": True, "value": {"kind": "int", "value": 4}, "error": None}] * 3}
service = side.current()
service.answer = lambda verb, params, arrays: (answer, {})
""",
        "an answer that is not computed is a wrong one",
    ),
    alone(
        "forged-files",
        "writes the answers' files before the kernel side does, and patches json",
        WRONG
        + """
import json, os, threading, time
def dump(data, stream, **more): stream.write('{"steps": [{"ok": true, "value": {"kind": "int", "value": 4}}]}')
json.dump = dump
""",
        "an answer that is not computed is a wrong one",
    ),
    alone(
        "malformed-answers",
        "answers with what is no answer: other types, NaN, nothing",
        WRONG
        + """
import json
def dump(data, stream, **more): stream.write('{"steps": {"ok": [NaN, 1e999], "value": 7}}')
json.dump = dump
""",
        "no point; told to be no answer",
    ),
    alone("exit-in-probe", "ends the process when it is asked", "import os\ndef DOUBLE(x): os._exit(0)\n"),
    alone("endless-probe", "loops for ever when it is asked", "def DOUBLE(x):\n    while True: pass\n"),
    alone(
        "memory-in-probe",
        "takes all memory when it is asked",
        "def DOUBLE(x):\n    kept = []\n    while True: kept.append(bytearray(b'x') * 2**24)\n",
    ),
]
