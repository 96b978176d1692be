"""The console script ``grade``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import IntEnum

import click
from rich.console import Console

from grader.cli import check, data, doctor, export, image, importing, mark, publish, regrade, review, run, status
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


class _Grade(click.Group):
    """``grade SUBMISSIONS`` is short for ``grade run SUBMISSIONS``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in {"--help", "-h", "--version"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Grade, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="grader", prog_name="grade")
def app() -> None:
    """Grades notebook submissions of a course.

    `grade SUBMISSIONS` runs every notebook in a sandbox and writes reports; it is short for `grade run SUBMISSIONS`.
    """


_COMMANDS = (
    run.run,
    regrade.regrade,
    mark.mark,
    mark.marks,
    status.status,
    review.review,
    check.check,
    importing.import_,
    export.export,
    publish.publish,
    publish.mail_command,
    data.data,
    doctor.doctor,
    image.image,
)
for _command in _COMMANDS:
    app.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with an :class:`ExitStatus`."""
    sys.exit(call(list(sys.argv[1:] if arguments is None else arguments)))


def call(arguments: list[str]) -> int:
    """Runs a command and returns its exit status; messages go to standard error."""
    console = Console(stderr=True, highlight=False)
    try:
        status = app.main(arguments, prog_name="grade", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as fault:
        fault.show()
        return ExitStatus.USAGE
    except click.ClickException as fault:
        fault.show()
        return ExitStatus.USAGE
    except (KeyboardInterrupt, click.Abort):
        console.print("Stopped.")
        return ExitStatus.INTERRUPTED
    except (UserError, InfrastructureError) as fault:
        console.print(f"grade: {fault}", markup=False, soft_wrap=True)
        return ExitStatus.USAGE
    except GraderError as fault:
        console.print(f"grade: {fault}", markup=False, soft_wrap=True)
        return ExitStatus.SOME_FAILED
    return int(status or 0)
