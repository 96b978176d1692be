"""Questions and answers as files in the exchange folder; an answer comes from the student's side and is not trusted."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from grader.probe.types import Answer, Array, Request

JSON_LIMIT_MIB = 64
TENSORS_LIMIT_MIB = 512
MAX_TENSORS = 20_000
MAX_VALUES = 8_000_000
"""Values in an answer's JSON: empty lists take twenty times the memory of their text."""
_DTYPES = {"BOOL", "U8", "I8", "I16", "U16", "I32", "U32", "I64", "U64", "F16", "F32", "F64"}
_HEADER_LIMIT = 16 * 2**20
_MIB = 2**20
_COUNT = re.compile(rb'"data_offsets"')


class MalformedAnswerError(Exception):
    """An answer breaks its format or its limits."""


def write_request(exchange: Path, name: str, request: Request) -> None:
    """Puts a question into the exchange folder, readable for the user inside."""
    if request.tensors:
        path = exchange / f"{name}.request.safetensors"
        save_file({key: np.ascontiguousarray(array) for key, array in request.tensors.items()}, path)
        path.chmod(0o644)
    path = exchange / f"{name}.request.json"
    path.write_text(json.dumps({"verb": request.verb, "params": request.params}), encoding="utf-8")
    path.chmod(0o644)


def read_answer(exchange: Path, name: str) -> Answer:
    """Reads what the kernel side left.

    Raises:
        MalformedAnswerError: It is missing, no plain file, too big, or not in the format.
    """
    text = _read(exchange / f"{name}.answer.json", JSON_LIMIT_MIB)
    if text is None:
        message = "the kernel left no answer"
        raise MalformedAnswerError(message)
    packed = _read(exchange / f"{name}.answer.safetensors", TENSORS_LIMIT_MIB)
    return Answer(data=_parse(text), tensors=_unpack(packed) if packed is not None else {})


def discard(exchange: Path, name: str) -> None:
    """Removes the files of a question and its answer."""
    for suffix in ("request.json", "request.safetensors", "answer.json", "answer.safetensors"):
        with contextlib.suppress(OSError):
            (exchange / f"{name}.{suffix}").unlink()


def _read(path: Path, limit_mib: int) -> bytes | None:
    try:
        # Without O_NONBLOCK a named pipe would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"{path.name} cannot be opened ({error.strerror})"
        raise MalformedAnswerError(message) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        message = f"{path.name} is not a plain file"
        raise MalformedAnswerError(message)
    with os.fdopen(descriptor, "rb") as stream:
        # The file may still grow: what counts is what is read.
        content = stream.read(limit_mib * _MIB + 1) if status.st_size <= limit_mib * _MIB else b""
    if status.st_size > limit_mib * _MIB or len(content) > limit_mib * _MIB:
        message = f"{path.name} has {status.st_size:,} bytes, {limit_mib} MiB are allowed"
        raise MalformedAnswerError(message)
    return content


def _parse(text: bytes) -> Mapping[str, Any]:
    if text.count(b",") + text.count(b"[") + text.count(b"{") > MAX_VALUES:
        message = f"the answer has more than {MAX_VALUES:,} values"
        raise MalformedAnswerError(message)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"the answer is not JSON ({error})"
        raise MalformedAnswerError(message) from error
    if not isinstance(data, dict):
        message = f"the answer is a JSON {type(data).__name__}, expected an object"
        raise MalformedAnswerError(message)
    return data


def _unpack(packed: bytes) -> dict[str, Array]:
    """Tensors of known types, no more than allowed; the header is looked at before anything is made of it."""
    size = int.from_bytes(packed[:8], "little") if len(packed) >= 8 else -1
    if not 0 <= size <= min(len(packed) - 8, _HEADER_LIMIT):
        message = "the tensors have no valid header"
        raise MalformedAnswerError(message)
    header = packed[8 : 8 + size]
    if len(_COUNT.findall(header)) > MAX_TENSORS:
        message = f"the answer has more than {MAX_TENSORS:,} tensors"
        raise MalformedAnswerError(message)
    for name, entry in _parse(header).items():
        if name != "__metadata__" and (not isinstance(entry, dict) or str(entry.get("dtype")) not in _DTYPES):
            message = f"tensor '{name[:80]}' has an unknown type"
            raise MalformedAnswerError(message)
    try:
        arrays: dict[str, Array] = load(packed)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        message = f"the tensors cannot be read ({error})"
        raise MalformedAnswerError(message) from error
    return arrays
