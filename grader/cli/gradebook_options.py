"""Options of all commands that work on the gradebook of a class."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from grader.keeping import Keeper
from grader.marking import Marking
from grader.regrade import Regraded, RegradeOptions, regrade_class

Command = TypeVar("Command", bound=Callable[..., Any])


def gradebook_options(command: Command) -> Command:
    """Adds ``--out``, ``--course``, ``--gradebook`` and ``--class-name``."""
    options = (
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            default=Path("reports"),
            show_default=True,
            help="Folder of the reports.",
        ),
        click.option("--course", type=click.Path(path_type=Path), help="Course pack; default: the last run's."),
        click.option("--gradebook", metavar="FILE|URL", help="Gradebook; default: the one beside the reports."),
        click.option("--class-name", default="", help="Name of the class; default: the reports' folder."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def author_option(command: Command) -> Command:
    """Adds ``--author``."""
    return click.option("--author", default=_user, help="Who marks; default: your user name.")(command)


@contextlib.contextmanager
def marking(given: Mapping[str, Any], *, anonymous: bool = False) -> Iterator[Marking]:
    """The marks of the class that the options name."""
    with contextlib.closing(Keeper.open(given["out"], given["gradebook"], given["class_name"])) as keeper:
        yield Marking(keeper, given["course"], anonymous=anonymous)


def refresh(given: Mapping[str, Any], students: tuple[str, ...]) -> Regraded:
    """Brings the reports of these students and the class's tables up to date."""
    where = {name: given[name] for name in ("out", "course", "gradebook", "class_name")}
    return regrade_class(RegradeOptions(**where, only=students, jobs=1))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "staff"
