"""``grade status``: what is open, by question and by marker."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from grader.cli.gradebook_options import gradebook_options, marking
from grader.cli.progress import plain

STATES = ("open", "check", "marked", "computed", "missing")


@click.command()
@click.option("--anonymous", is_flag=True, help="Hide names.")
@click.option("--students", is_flag=True, help="Name the students behind each open question.")
@gradebook_options
def status(students: bool, **given: Any) -> int:
    """Shows what is open in a class, question by question, and who marked how much."""
    console = Console(highlight=False)
    with marking(given, anonymous=given["anonymous"]) as book:
        waiting = book.waiting()
    table = Table(box=None, pad_edge=False)
    for heading in ("Question", *STATES):
        table.add_column(heading, justify="left" if heading == "Question" else "right")
    for question in dict.fromkeys(one.question.id for one in waiting):
        counts = Counter(one.state for one in waiting if one.question.id == question)
        if not set(counts) <= {"computed", "missing"}:
            table.add_row(question, *(str(counts[state] or "") for state in STATES))
    console.print(table)
    markers = Counter(one.mark.by.author for one in waiting if one.mark is not None)
    for author, count in markers.most_common():
        console.print(f"{plain(author)} marked {count}", markup=False, soft_wrap=True)
    for one in waiting if students else ():
        if one.state in {"open", "check"}:
            why = " (marked for an earlier upload)" if one.outdated else ""
            console.print(f"{one.question.id}: {plain(one.shown)}{why}", markup=False, soft_wrap=True)
    waits = [one.student for one in waiting if one.state in {"open", "check"}]
    everybody = len({one.student for one in waiting})
    line = f"{len(waits)} open, of {len(set(waits))} of {everybody} students"
    console.print(line, markup=False, soft_wrap=True)
    return 0
