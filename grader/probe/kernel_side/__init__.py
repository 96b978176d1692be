"""All of Grader that runs beside the student, mounted into the sandbox as ``grader_kernel_side``.

It answers requests about the notebook's objects with data, and records what training did. It knows no
assignment, holds no answer, and imports nothing else of Grader. ``docs/probes.md`` is its contract.
"""

from __future__ import annotations

from typing import Any

_STATE: dict[str, Any] = {}


def start(config: dict[str, Any]) -> None:
    """Installs data provisioning, recorder and instrumentation; called once, before the first cell.

    Args:
        config: ``assets`` and ``exchange`` (folders), ``redirect_cuda`` (bool), ``seed`` (int), and optionally
            ``namespace`` (a dict, where there is no IPython).
    """
    from .service import Service

    _STATE["service"] = Service(config)


def next_cell(index: int, budget_s: float | None = None) -> None:
    """Says that the cell at ``index`` runs next, and after how many seconds its training is cut short."""
    _STATE["service"].next_cell(index, budget_s)


def serve(name: str) -> None:
    """Answers the request that lies in the exchange folder under ``name``."""
    _STATE["service"].serve(name)


def current() -> Any:
    """The running service, for callers in the same process."""
    return _STATE["service"]
