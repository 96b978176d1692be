"""``grade doctor``: tries what the sandboxes of this machine promise, and prints what came out."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.errors import SandboxUnavailableError
from grader.sandbox import AUTOMATIC, NAMES, Backend, choose
from grader.sandbox.conformance import CHECKS, Finding, State, examine

_STYLES = {State.KEPT: "green", State.BROKEN: "bold red", State.KNOWN: "yellow", State.NOT_HERE: ""}
_SAW_LIMIT = 300


@click.command()
@click.option(
    "--sandbox", type=click.Choice([name for name in NAMES if name != "auto"]), multiple=True, help="This one alone."
)
def doctor(sandbox: tuple[str, ...]) -> int:
    """Tries every sandbox of this machine: walls, limits, signals, clean-up, data, GPU.

    Exit status: 0 when every sandbox that works here keeps its promises, 1 when one breaks a promise, 2 when none of
    those that isolate works.
    """
    console = Console(highlight=False)
    found: dict[str, list[Finding]] = {}
    for name in sandbox or [name for name in NAMES if name != "auto"]:
        try:
            backend = choose(name)
        except SandboxUnavailableError as why:
            console.print(f"{name}: not available. {why}", markup=False, soft_wrap=True)
            continue
        console.print(f"{name}: {backend.describe()}", markup=False, soft_wrap=True)
        found[name] = _examined(console, backend)
    if found:
        console.print(_table(found))
        _explain(console, found)
    if any(finding.state is State.BROKEN for findings in found.values() for finding in findings):
        return 1
    return 0 if set(found) & set(AUTOMATIC) or (sandbox and found) else 2


def _examined(console: Console, backend: Backend) -> list[Finding]:
    with console.status(f"{backend.name} …") as status:
        return list(examine(backend, on_check=lambda check: status.update(f"{backend.name}: {check.promise}")))


def _table(found: dict[str, list[Finding]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("A notebook …", overflow="fold")
    for name in found:
        table.add_column(name)
    area = ""
    for number, check in enumerate(CHECKS):
        if check.area != area:
            area = check.area
            table.add_row(Text(area, style="bold"))
        states = [findings[number].state for findings in found.values()]
        table.add_row("  " + check.promise, *(Text(state.value, style=_STYLES[state]) for state in states))
    return table


def _explain(console: Console, found: dict[str, list[Finding]]) -> None:
    """A line for each reason; promises with the same reason share it."""
    for name, findings in found.items():
        reasons: dict[tuple[State, str], list[str]] = {}
        for finding in findings:
            if finding.state is not State.KEPT:
                reasons.setdefault((finding.state, finding.saw), []).append(finding.check.promise)
        for (state, saw), promises in reasons.items():
            text = f"{name}, {state.value}: {'; '.join(promises)}: {saw[:_SAW_LIMIT]}"
            console.print(text, markup=False, soft_wrap=True)
