"""``grade mark`` and ``grade marks``: people's marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from grader.cli.gradebook_options import author_option, gradebook_options, marking, refresh
from grader.cli.progress import plain
from grader.errors import UsageError
from grader.gradebook import Provenance
from grader.reporting.files import write_atomically


@click.command()
@click.argument("student")
@click.argument("question")
@click.argument("points", type=float, required=False)
@click.option("--criterion", metavar="ID=POINTS", multiple=True, help="Points of one criterion; may be repeated.")
@click.option("--comment", default="", help="Read by the student; #2 is the second comment used for the question.")
@click.option("--reason", default="", help="Why; read by staff.")
@click.option("--take-back", is_flag=True, help="Take the mark back; what was there before counts again.")
@click.option("--confirm", is_flag=True, help="The mark holds for the new upload, too.")
@click.option("--history", is_flag=True, help="Show who marked what, when and why.")
@author_option
@gradebook_options
def mark(student: str, question: str, points: float | None, **given: Any) -> int:
    """Marks a question of a student; a person's mark wins over whatever is computed."""
    console = Console(highlight=False)
    by = Provenance(given["author"], "command", given["reason"])
    with marking(given) as marks:
        stored = marks.student(student)
        name = stored.record.student
        if given["history"]:
            for line in marks.history(name, question):
                console.print(plain(line), markup=False, soft_wrap=True)
            return 0
        if given["take_back"]:
            marks.take_back(name, question, by)
        elif given["confirm"]:
            marks.confirm(name, question, by)
        else:
            marks.mark(name, question, _entry(points, given), by)
    done = refresh(given, (name,))
    total = f", {done.changes[0].before:g} → {done.changes[0].after:g} points" if done.changes else ""
    console.print(f"{plain(name)} {question}: noted{total}", markup=False, soft_wrap=True)
    return 0


def _entry(points: float | None, given: dict[str, Any]) -> dict[str, Any]:
    pairs = [text.partition("=") for text in given["criterion"]]
    if (points is None) == (not pairs):
        message = "expected either POINTS or --criterion ID=POINTS."
        raise UsageError(message, hint="E.g. `grade mark alice 1b 2.5` or `--criterion 1b.steps=0`.")
    entry: dict[str, Any] = {"comment": given["comment"]} if given["comment"] else {}
    if points is not None:
        return {**entry, "points": points}
    try:
        return {**entry, "criteria": {ident: float(value) for ident, _, value in pairs}}
    except ValueError as fault:
        message = f"--criterion: expected ID=POINTS, found {given['criterion'][0]!r}."
        raise UsageError(message) from fault


@click.group()
def marks() -> None:
    """Marks as a table: export, fill in, import."""


@marks.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--question", multiple=True, help="This question alone; may be repeated. Default: what people mark.")
@click.option("--open", "only_open", is_flag=True, help="Only what is open or to be checked.")
@click.option("--anonymous", is_flag=True, help="Hide names.")
@gradebook_options
def export_marks(path: Path, question: tuple[str, ...], **given: Any) -> int:
    """Writes a CSV table in which markers fill in points, criteria and comments."""
    with marking(given, anonymous=given["anonymous"]) as book:
        rows = book.waiting(question)
        rows = [
            row for row in rows if question or row.question.kind == "text" or row.state in {"open", "check", "marked"}
        ]
        if given["only_open"]:
            rows = [row for row in rows if row.state in {"open", "check"}]
        # Spreadsheets take UTF-8 for what it is by its mark alone.
        write_atomically(path, "\ufeff" + book.table(rows))
    Console(highlight=False).print(f"{len(rows)} rows in {path}", markup=False, soft_wrap=True)
    return 0


@marks.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@author_option
@gradebook_options
def import_marks(path: Path, author: str, **given: Any) -> int:
    """Takes the marks of a filled-in table; wrong rows are named, the others count."""
    console = Console(highlight=False)
    with marking(given) as book:
        taken = book.take_table(path, author)
    if taken.students:
        refresh(given, tuple(sorted(taken.students)))
    console.print(f"{taken.added} marks taken, {taken.unchanged} unchanged", markup=False, soft_wrap=True)
    for line in taken.refused:
        console.print(f"not taken: {plain(line)}", markup=False, soft_wrap=True)
    return 1 if taken.refused else 0


@marks.command("comments")
@click.argument("question")
@gradebook_options
def comments(question: str, **given: Any) -> int:
    """Lists the comments used for a question, the most used first."""
    console = Console(highlight=False)
    with marking(given) as book:
        for number, text in enumerate(book.comments(question), 1):
            console.print(f"#{number}  {plain(text)}", markup=False, soft_wrap=True)
    return 0
