"""NVIDIA GPUs for namespaces: which device nodes belong to which GPU, and where the driver's libraries lie."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from pathlib import Path

from grader.errors import SandboxUnavailableError

_CONTROL = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset")
_LIBRARIES = ("/usr/local/nvidia", "/run/opengl-driver", "/run/nvidia/driver")
"""Where drivers lie on machines that keep them outside the system folders."""
_DRIVER = Path("/proc/driver/nvidia/gpus")
_FIELD = re.compile(r"^(GPU UUID|Device Minor)\s*:\s*(\S+)", re.MULTILINE)


def present(devices: Path = Path("/dev")) -> tuple[str, ...]:
    """Numbers of the GPUs of this machine."""
    return tuple(sorted((node.name.removeprefix("nvidia") for node in _numbered(devices)), key=int))


def usable_here() -> tuple[str, ...]:
    """Those that a process with this machine's own Python can use: none where PyTorch was built without CUDA."""
    try:
        built_without = "+cpu" in importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return ()
    return () if built_without else present()


def flags(gpus: Iterable[str], devices: Path = Path("/dev"), driver: Path = _DRIVER) -> list[str]:
    """Flags of bubblewrap that show these GPUs, and no other, inside; to come after ``--dev``.

    Args:
        gpus: Numbers (``"0"``) or UUIDs (``"GPU-…"``); ``MIG-…`` shows the capability devices of all instances.
        devices: Folder of the device nodes.
        driver: Where the driver tells UUIDs and minor numbers.

    Raises:
        SandboxUnavailableError: This machine has no such GPU.
    """
    wanted = list(gpus)
    if not wanted:
        return []
    nodes = [devices / name for name in _CONTROL]
    for name in wanted:
        nodes += _nodes(name, devices, driver)
    # CUDA reads the topology of the machine there.
    found = ["--ro-bind-try", "/sys", "/sys"]
    for node in dict.fromkeys(nodes):
        found += ["--dev-bind-try", str(node), str(node)]
    for folder in _LIBRARIES:
        found += ["--ro-bind-try", folder, folder]
    return found


def _nodes(name: str, devices: Path, driver: Path) -> list[Path]:
    if name.startswith("MIG-"):
        # Which of them belongs to an instance is known to the driver's own tools alone.
        return [*_numbered(devices), devices / "nvidia-caps"]
    minors = {name} if name.isdigit() else {minor for uuid, minor in _known(driver) if uuid == name}
    nodes = [devices / f"nvidia{minor}" for minor in minors]
    if not nodes or not all(node.exists() for node in nodes):
        have = ", ".join(node.name.removeprefix("nvidia") for node in _numbered(devices)) or "none"
        raise SandboxUnavailableError(
            f"bubblewrap: this machine has no GPU '{name}' (found: {have}).",
            hint="'nvidia-smi -L' lists GPUs; without that program, install the driver, or run without a GPU.",
        )
    return nodes


def _numbered(devices: Path) -> list[Path]:
    return sorted(node for node in devices.glob("nvidia*") if node.name.removeprefix("nvidia").isdigit())


def _known(driver: Path) -> Iterable[tuple[str, str]]:
    for information in driver.glob("*/information"):
        fields = dict(_FIELD.findall(information.read_text(encoding="utf-8", errors="replace")))
        if len(fields) == 2:
            yield fields["GPU UUID"], fields["Device Minor"]
