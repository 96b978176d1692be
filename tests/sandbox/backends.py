"""Fixtures that give each test every sandbox that works on this machine."""

from __future__ import annotations

import functools
import os

import pytest

from grader.errors import SandboxUnavailableError
from grader.sandbox import Backend, choose


@functools.cache
def _working(name: str) -> Backend | str:
    try:
        return choose(name)
    except SandboxUnavailableError as error:
        return str(error)


def get(name: str) -> Backend:
    """The sandbox, or a skip with its reason; a failure where the machine has promised to have it."""
    backend = _working(name)
    if not isinstance(backend, str):
        return backend
    if os.environ.get(f"GRADER_REQUIRE_{name.upper()}") == "1":
        pytest.fail(f"this machine must have it: {backend}")
    pytest.skip(backend)


_ISOLATING = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("bubblewrap", "docker")]


@pytest.fixture(params=_ISOLATING)
def isolating(request: pytest.FixtureRequest) -> Backend:
    """Every sandbox that isolates."""
    return get(request.param)


@pytest.fixture(params=[*_ISOLATING, "local"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Every sandbox, also the one without isolation."""
    return get(request.param)


@pytest.fixture
def quick() -> Backend:
    """One sandbox, for behaviour that does not depend on it."""
    name = "bubblewrap" if not isinstance(_working("bubblewrap"), str) else "local"
    return get(name)
