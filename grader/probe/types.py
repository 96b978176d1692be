"""Requests, answers and the kernel protocol: data only, never code or pickles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

Verb = Literal["inventory", "evaluate", "scan", "trace", "rerun", "shortened", "graph", "again"]
"""The few things a kernel can be asked; ``docs/probes.md`` describes each."""


@dataclass(frozen=True)
class Request:
    """A question to the kernel.

    Attributes:
        verb: What is asked.
        params: JSON data of the verb; expressions as made by ``grader.probe.expr``.
        tensors: Inputs chosen by the host, by the name under which expressions refer to them.
        timeout_s: Wall-clock limit; not part of the key, since it does not change a right answer.
    """

    verb: Verb
    params: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Array] = field(default_factory=dict)
    timeout_s: float = 60.0

    @property
    def key(self) -> str:
        """A stable name of the request: the same question has the same key in every run."""
        digest = hashlib.sha256(json.dumps([self.verb, self.params], sort_keys=True).encode())
        for name in sorted(self.tensors):
            array = np.ascontiguousarray(self.tensors[name])
            digest.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()[:32]


@dataclass(frozen=True)
class Answer:
    """What the kernel said.

    Attributes:
        data: JSON data; its layout belongs to the verb.
        tensors: Arrays that ``data`` names.
        error: Set when the request as a whole failed: ``{"kind": "timeout" | "died" | "malformed", "message": …}``.
            A student's exception inside a step is data of that step, not an error of the answer.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Array] = field(default_factory=dict)
    error: Mapping[str, str] | None = None


class Kernel(Protocol):
    """Whatever answers requests: a live kernel in a sandbox, or a journal."""

    def ask(self, request: Request) -> Answer:
        """Answers a request.

        Raises:
            KernelUnavailableError: The kernel is gone, or the journal holds no answer to this request.
        """
        ...
