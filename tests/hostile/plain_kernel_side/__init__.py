"""A kernel side without torch, so that a hostile notebook costs a second: it can call functions with numbers."""

import json
import os

CONFIG = {}


def start(config):
    CONFIG.update(config)


def next_cell(index, budget_s=None):
    """Nothing is recorded."""


def serve(name):
    from IPython import get_ipython

    base = os.path.join(CONFIG["exchange"], name)
    with open(base + ".request.json") as stream:
        steps = json.load(stream)["params"]["steps"]
    answer = {"steps": [_step(step["expr"]["call"], get_ipython().user_ns) for step in steps]}
    with open(base + ".tmp", "w") as stream:
        json.dump(answer, stream)
    os.replace(base + ".tmp", base + ".answer.json")


def _step(call, names):
    target, arguments = call[0]["var"], [argument["value"] for argument in call[1]]
    try:
        return {"ok": True, "value": {"kind": "int", "value": int(names[target](*arguments))}, "error": None}
    except Exception as fault:
        return {"ok": False, "value": {"kind": "none"}, "error": {"type": type(fault).__name__, "message": str(fault)}}
