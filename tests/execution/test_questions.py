"""Asking a live kernel: answers, time limits, and answers that are none."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from grader.errors import KernelUnavailableError
from grader.execution import LiveKernel
from grader.probe.types import Answer, Request
from grader.sandbox import Backend
from tests.execution.notebooks import opened


def do(kernel: LiveKernel, what: str, timeout_s: float = 20, **params: object) -> Answer:
    return kernel.ask(Request("evaluate", {"do": what, **params}, timeout_s=timeout_s))


def test_data_and_tensors_go_there_and_back(backend: Backend) -> None:
    tensors = {
        "image": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "mask": np.array([True, False]),
        "empty": np.zeros((0, 3), np.int64),
    }
    with opened(backend, "x = 1") as live:
        answer = live.kernel.ask(Request("evaluate", {"text": "ä", "numbers": [1, 2.5, None]}, tensors))
        again = live.kernel.ask(Request("evaluate", {"text": "second"}))
    assert answer.error is None
    assert answer.data["params"] == {"text": "ä", "numbers": [1, 2.5, None]}
    assert {name: array.dtype for name, array in answer.tensors.items()} == {
        name: array.dtype for name, array in tensors.items()
    }
    for name, array in tensors.items():
        np.testing.assert_array_equal(answer.tensors[name], array)
    assert again.data["params"] == {"text": "second"}
    assert again.tensors == {}


def test_a_slow_answer_is_given_up_and_the_kernel_lives(isolating: Backend) -> None:
    with opened(isolating, "x = 1") as live:
        begun = time.monotonic()
        assert do(live.kernel, "sleep", 1, seconds=60).error == {
            "kind": "timeout",
            "message": "no answer to 'evaluate' within 1 s",
        }
        assert time.monotonic() - begun < 5
        assert do(live.kernel, "echo").error is None


def test_a_question_that_hangs_costs_the_kernel(isolating: Backend) -> None:
    with opened(isolating, "x = 1") as live:
        answer = do(live.kernel, "hang", 1)
        assert answer.error is not None
        assert answer.error["kind"] == "timeout"
        assert not live.kernel.alive
        with pytest.raises(KernelUnavailableError):
            do(live.kernel, "echo")


def test_a_kernel_that_dies_over_a_question(isolating: Backend) -> None:
    with opened(isolating, "x = 1") as live:
        answer = do(live.kernel, "run", code="import os; os._exit(1)")
        assert answer.error == {"kind": "died", "message": "the kernel died over 'evaluate'"}
        with pytest.raises(KernelUnavailableError):
            do(live.kernel, "echo")


MALFORMED = {
    "nothing": ("pass", "left no answer"),
    "no JSON": ("write(answer, b'{')", "not JSON"),
    "a list": ("write(answer, b'[1]')", "a JSON list, expected an object"),
    "deep JSON": ("write(answer, b'[' * 200_000)", "not JSON"),
    "not text": ("write(answer, bytes(range(256)))", "not JSON"),
    "a link": ("import os; os.symlink('/etc/passwd', answer)", "cannot be opened"),
    "a pipe": ("import os; os.mkfifo(answer)", "not a plain file"),
    "a folder": ("import os; os.mkdir(answer)", "not a plain file"),
    "a huge file": ("open(answer, 'w').truncate(70 * 2**20)", "64 MiB are allowed"),
    "an exception": ("raise ValueError('broken')", "ValueError: broken"),
    "no tensors": ("write(answer, b'{}'); write(base + '.answer.safetensors', b'xyz')", "no valid header"),
    "a pickle": (
        "import pickle; write(answer, b'{}'); write(base + '.answer.safetensors', pickle.dumps([1] * 99))",
        "no valid header",
    ),
}


def test_what_is_no_answer_is_told_as_malformed(backend: Backend) -> None:
    with opened(backend, "x = 1") as live:
        for name, (code, said) in MALFORMED.items():
            answer = do(live.kernel, "run", code=code)
            assert answer.error is not None, name
            assert answer.error["kind"] == "malformed", name
            assert said in answer.error["message"], name
        assert do(live.kernel, "echo").error is None


def packed(header: object, body: bytes = b"") -> str:
    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + body
    return f"write(answer, b'{{}}'); write(base + '.answer.safetensors', {content!r})"


def test_tensors_that_break_the_limits_are_refused(quick: Backend) -> None:
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    many = {str(number): {**entry, "shape": [0], "data_offsets": [0, 0]} for number in range(20_001)}
    cases = {
        "unknown type": packed({"x": {**entry, "dtype": "F4"}}, b"1234"),
        "wrong offsets": packed({"x": {**entry, "data_offsets": [0, 400]}}, b"1234"),
        "negative shape": packed({"x": {**entry, "shape": [-1]}}, b"1234"),
        "20,000 tensors": packed(many),
        "no entry": packed({"x": 5}),
    }
    with opened(quick, "x = 1") as live:
        for name, code in cases.items():
            answer = do(live.kernel, "run", code=code)
            assert answer.error is not None, name
            assert answer.error["kind"] == "malformed", name
        big = "write(answer, b'{}'); open(base + '.answer.safetensors', 'w').truncate(513 * 2**20)"
        answer = do(live.kernel, "run", code=big)
        assert answer.error is not None
        assert "512 MiB are allowed" in answer.error["message"]


def test_questions_leave_no_files(quick: Backend) -> None:
    code = "import json, os; write(answer, json.dumps({'files': os.listdir(os.path.dirname(base))}).encode())"
    with opened(quick, "x = 1") as live:
        for _ in range(3):
            live.kernel.ask(Request("evaluate", {}, {"x": np.ones(3, np.float32)}))
        files = set(do(live.kernel, "run", code=code).data["files"])
    assert files == {"kernel.json", "k-1", "k-2", "k-3", "k-4", "k-5", "q000004.request.json"}
