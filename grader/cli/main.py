"""The console script ``grade``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import IntEnum

import typer
from click.exceptions import ClickException
from rich.console import Console

from grader.cli import check, data, image, run
from grader.errors import GraderError, InfrastructureError, UserError


class ExitStatus(IntEnum):
    """Exit statuses of every command."""

    DONE = 0
    """Every submission was graded, whatever its points."""
    SOME_FAILED = 1
    """Some could not be graded; they are named, the others are graded."""
    USAGE = 2
    """Wrong usage, a broken course pack, or no sandbox."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; what was done is kept."""


COMMANDS = {"run", "check", "data", "image"}

app = typer.Typer(
    name="grade", help="Grades notebook submissions. `grade SUBMISSIONS` is short for `grade run SUBMISSIONS`.",
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)
run.add_to(app)
check.add_to(app)
data.add_to(app)
image.add_to(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with an :class:`ExitStatus`."""
    sys.exit(call(list(sys.argv[1:] if arguments is None else arguments)))


def call(arguments: list[str]) -> int:
    """Runs a command and returns its exit status; messages go to standard error."""
    console = Console(stderr=True, highlight=False)
    if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        arguments = ["run", *arguments]
    elif arguments and arguments[0].startswith("-") and arguments[0] not in {"--help", "-h"}:
        arguments = ["run", *arguments]
    try:
        status = app(arguments, standalone_mode=False, prog_name="grade")
    except ClickException as fault:
        fault.show(sys.stderr)
        return ExitStatus.USAGE
    except (KeyboardInterrupt, typer.Abort):
        console.print("Stopped.")
        return ExitStatus.INTERRUPTED
    except (UserError, InfrastructureError) as fault:
        console.print(f"grade: {fault}", markup=False)
        return ExitStatus.USAGE
    except GraderError as fault:
        console.print(f"grade: {fault}", markup=False)
        return ExitStatus.SOME_FAILED
    return int(status or 0)
