"""What hostile notebooks try, and what must come of it. ``docs/security.md`` shows this as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Group = Literal["walls", "messages", "tricks", ""]
"""Attacks that do each other no harm share a kernel; the empty group is for those that need one of their own."""


@dataclass(frozen=True)
class Attack:
    """One hostile notebook.

    Attributes:
        ident: Short name.
        does: What the notebook does, for the table.
        cell: The hostile cell. ``{secret}``, ``{project}`` and ``{home}`` are paths on the host.
        expected: What must come of it, for the table.
        statuses: How the cell may end.
        shows: Text that the cell's output must hold.
        says: What the report tells the student (in the notebook's problems), or empty.
        group: Which attacks it shares a kernel with.
        probed: The cell defines ``double_IDENT``, which the exam asks for right answers that it does not have.
        real: Whether it needs the real kernel side, with torch.
        neighbour: What may become of the honest question beside it.
        limits: Limits that differ from the usual ones.
    """

    ident: str
    does: str
    cell: str
    expected: str
    statuses: frozenset[str] = frozenset({"ok"})
    shows: str = ""
    says: str = ""
    group: Group = ""
    probed: bool = False
    real: bool = False
    neighbour: frozenset[str] = frozenset({"met"})
    limits: Mapping[str, Any] = field(default_factory=dict)


HELPERS = '''
def attempt(what, function, *arguments):
    """Prints whether a wall was there."""
    try:
        result = function(*arguments)
    except BaseException as error:
        print("refused:", what, type(error).__name__)
    else:
        print("REACHED:", what, repr(result)[:200])
'''
"""Comes before the hostile cells of the groups."""

FORGE = """
from IPython import get_ipython
kernel = get_ipython().kernel
def send(kind, content, **more):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent(), ident=b"x", **more)
"""
"""What hostile messages are sent with."""
ANY_END = frozenset({"ok", "error", "timeout", "killed"})
ANY_NEIGHBOUR = frozenset({"met", "review", "not-met"})
