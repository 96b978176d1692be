"""Makes the calls by which notebooks get data and devices work without a network and without a GPU.

``install`` is called once, before the first cell. Data come from the folder that the host prepared: ``manifest.json``
lists its files, ``urls.json`` the addresses that they answer. Nothing here knows a particular course.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def install(assets: str, *, redirect_cuda: bool, note: Callable[[dict[str, Any]], None]) -> None:
    """Replaces the usual ways to data and devices.

    Args:
        assets: The prepared folder.
        redirect_cuda: Whether requests for a GPU go to the CPU.
        note: Gets an event for what was asked: ``picture`` (``path``, ``size``, ``stand_in``), ``file`` (``path``,
            ``name``, ``stand_in``), ``input`` (``prompt``, ``answer``), ``move`` (``what``, ``object``).
    """
    from . import (
        addresses,
        compiling,
        datasets,
        displays,
        files,
        modules,
        parts,
        pictures,
        progress,
        prompts,
        shell,
        weights,
    )
    from .provision import Provision

    provision = Provision(assets, note)
    files.install(provision)
    pictures.install(provision)
    addresses.install(provision)
    datasets.install(provision)
    weights.install(provision)
    modules.install(provision)
    shell.install(provision)
    prompts.install(provision)
    compiling.install()
    progress.install()
    displays.install()
    parts.install()
    if redirect_cuda:
        from . import devices

        devices.install(note)
