"""``grade review``: a local page for deciding what is open."""

from __future__ import annotations

import webbrowser
from typing import Any

import click
from rich.console import Console

from grader.cli.gradebook_options import author_option, gradebook_options
from grader.errors import UsageError


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on loopback; default: a free one.")
@click.option("--second", is_flag=True, help="Mark as second marker: without seeing the first one's marks.")
@click.option("--anonymous", is_flag=True, help="Hide names.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--accept-proposals", is_flag=True, help="Accept every proposal for what is open; recorded as such.")
@author_option
@gradebook_options
def review(port: int, second: bool, no_browser: bool, **given: Any) -> int:
    """Opens a page on which staff decide what is open, question by question; Ctrl-C ends it."""
    try:
        # Only this command needs a web server, which is an extra.
        from grader.review.serve import Review, ReviewOptions, serve  # noqa: PLC0415
    except ImportError as fault:
        message = f"`grade review` needs {fault.name}."
        raise UsageError(message, hint="pip install 'grader[review]'") from fault
    console = Console(highlight=False)

    def begun(address: str, opened: Review) -> None:
        if opened.accepted:
            console.print(f"{opened.accepted} questions marked by accepted proposals", markup=False)
        console.print(f"{address}\nCtrl-C ends the review; every mark is kept at once.", markup=False, soft_wrap=True)
        if not no_browser:
            webbrowser.open(address)

    serve(ReviewOptions(**given, role="second" if second else "first"), port, begun)
    console.print("The reports are up to date.", markup=False)
    return 0
