"""``grade image build``: makes the image of the Docker sandbox."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from grader.sandbox.image import DEFAULT_BASE, build_image


@click.group()
def image() -> None:
    """The image of the Docker sandbox."""


@image.command("build")
@click.option("--base-image", default=DEFAULT_BASE, show_default=True, help="Image with Python to start from.")
@click.option(
    "--wheels",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Install from these wheels, without network.",
)
def build(base_image: str, wheels: Path | None) -> int:
    """Builds the image; does nothing when an image with the same content exists."""
    console = Console(highlight=False)
    name = build_image(base_image, wheels=wheels, report=lambda line: console.print(line, markup=False))
    console.print(f"image {name} is ready", markup=False)
    return 0
