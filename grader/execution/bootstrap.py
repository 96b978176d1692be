"""Code that the kernel runs silently: before the first cell, before each cell, and to answer a question.

The text is built here and nowhere else. ``__import__`` keeps the names of the notebook untouched.
"""

from __future__ import annotations

import json

from grader.sandbox import InsidePaths

KERNEL_SIDE = "grader_kernel_side"
STREAM_HEAD_BYTES = 2 * 2**20
STREAM_TAIL_BYTES = 2**19

PREPARE = """
def _grader_prepare():
    from contextlib import nullcontext
    from IPython import get_ipython

    # IPython would keep everything that is printed, and put the streams' methods back after each request:
    # what the next request does to the streams would be undone.
    get_ipython()._tee = lambda channel: nullcontext()

try:
    _grader_prepare()
finally:
    del _grader_prepare
"""
"""Runs before, and apart from, ``start``."""
_START = """
def _grader_start(config, head, tail):
    import sys
    from IPython import get_ipython

    class Bounded:
        # Output beyond the limit never leaves the kernel: the messages would fill the host's memory.
        def __init__(self, stream):
            self.write_through, self.left = stream.write, head
            self.kept, self.size = [], 0
            stream.write = self.write

        def write(self, text):
            if self.left > 0:
                self.left -= len(text)
                if self.left >= 0:
                    return self.write_through(text)
                self.write_through(text[:self.left])
                text_rest = text[self.left:]
            else:
                text_rest = text
            self.kept.append(text_rest[-tail:])
            self.size += len(self.kept[-1])
            if self.size > 8 * tail:
                self.kept = ["".join(self.kept)[-tail:]]
                self.size = tail
            return len(text)

        def renew(self, *_):
            self.left, self.kept, self.size = head, [], 0

        def flush_kept(self, *_):
            if self.kept:
                self.write_through("\\n[\\u2026]\\n" + "".join(self.kept)[-tail:])
                self.kept, self.size = [], 0

    shell = get_ipython()
    if shell is not None:
        for stream in (sys.stdout, sys.stderr):
            try:
                bounded = Bounded(stream)
            except AttributeError:
                continue
            shell.events.register("pre_run_cell", bounded.renew)
            shell.events.register("post_run_cell", bounded.flush_kept)
        # quit() would take the kernel away from the cells and questions that follow.
        shell.ask_exit = lambda: None
    sys.path.append(config.pop("libraries"))
    __import__(config.pop("module")).start(config)
    # Last, and only now: a file of the student may bear the name of a module that we need.
    sys.path.insert(0, "")

try:
    _grader_start(**__import__("json").loads({call!r}))
finally:
    del _grader_start
"""


def start(inside: InsidePaths, *, redirect_cuda: bool, seed: int) -> str:
    """Bounds the output streams and starts the kernel side."""
    call = {
        "config": {
            "libraries": str(inside.libraries),
            "module": KERNEL_SIDE,
            "assets": str(inside.assets),
            "exchange": str(inside.exchange),
            "redirect_cuda": redirect_cuda,
            "seed": seed,
        },
        "head": STREAM_HEAD_BYTES,
        "tail": STREAM_TAIL_BYTES,
    }
    return _START.replace("{call!r}", repr(json.dumps(call)))


def next_cell(index: int, budget_s: float | None) -> str:
    """Announces the next cell, and after how long its training is cut short."""
    return f"__import__('{KERNEL_SIDE}').next_cell({index}, {budget_s!r})"


def serve(name: str) -> str:
    """Answers a question."""
    return f"__import__('{KERNEL_SIDE}').serve('{name}')"
