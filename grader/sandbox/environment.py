"""The environment variables and the launcher call that every backend uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.sandbox.types import InsidePaths, SandboxSpec

LAUNCHER = Path(__file__).with_name("launcher.py")
USER = "student"
MIRROR = "/content"
"""Working folder of a well-known hosted service; notebooks have it in their paths."""
FILE_LIMIT_MIB = 1024
"""Largest single file a sandbox may write; an answer to a probe is smaller."""


def variables(spec: SandboxSpec, inside: InsidePaths, path: str) -> dict[str, str]:
    """The whole environment inside: nothing of the host's own environment gets in.

    Args:
        spec: The order; its own variables win.
        inside: Where things are.
        path: Value of ``PATH``.
    """
    threads = str(spec.limits.threads)
    return {
        "PATH": path,
        "HOME": str(inside.home),
        "USER": USER,  # a user number without a passwd entry breaks the import of torchvision
        "LOGNAME": USER,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": "/tmp",  # noqa: S108 - a private tmpfs inside the sandbox
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PIP_NO_INPUT": "1",
        "IPYTHONDIR": f"{inside.home}/.ipython",
        "MPLCONFIGDIR": f"{inside.home}/.matplotlib",
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "NUMEXPR_NUM_THREADS": threads,
        **({} if spec.gpus else {"CUDA_VISIBLE_DEVICES": ""}),
        **spec.env,
    }


@dataclass(frozen=True)
class Launch:
    """How the launcher is called.

    Attributes:
        path: Path of ``launcher.py`` inside.
        limits: Resource limits to lower, by the name of their constant.
        shared: Whether the host is another user than the one inside.
        mirror: Folder inside that gets links to the files of the working folder, or empty.
        filters: Filters of system calls that the launcher installs, by architecture, hexadecimal.
    """

    path: str
    limits: Mapping[str, int] = field(default_factory=dict)
    shared: bool = False
    mirror: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


def launch_arguments(spec: SandboxSpec, inside: InsidePaths, launch: Launch) -> list[str]:
    """The command that runs inside."""
    sources = [str(inside.uploads)] if spec.uploads else []
    if spec.assets and (spec.assets / "workdir").is_dir():
        sources.append(str(inside.assets / "workdir"))
    config = {
        "work": str(inside.work),
        "home": str(inside.home),
        "sources": sources,
        "argv": [inside.python, *spec.python_args],
        "limits": {"RLIMIT_CORE": 0, **launch.limits},
        "shared": launch.shared,
        "mirror": launch.mirror,
        "filters": dict(launch.filters),
    }
    return [inside.python, "-I", "-S", launch.path, json.dumps(config)]
