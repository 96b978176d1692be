"""``grade data``: which data notebooks get, real or stand-in, and where real files go."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.data import AssetStore


@click.command()
def data() -> int:
    """Shows the data of the course: real files are checked, stand-ins are named."""
    console = Console(highlight=False)
    store = AssetStore()
    rows = store.status()
    table = Table(box=None, pad_edge=False)
    for heading in ("Data", "Used", "Checksum", "Real file goes to"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(Text(row.title), row.kind, row.checksum or "-", Text(str(row.put_at)))
    console.print(table)
    for row in rows:
        if row.message:
            console.print(row.message, markup=False, style="red")
        elif row.kind == "stand-in":
            console.print(f"{row.file}: get the real one from {row.source}", markup=False, soft_wrap=True)
    return 2 if any(row.message for row in rows) else 0
