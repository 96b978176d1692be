"""``grade image build``: makes the image of the Docker sandbox."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from grader.sandbox.image import BASE_IMAGE
from grader.sandbox.image import build as build_image

PATH = click.Path(path_type=Path, exists=True)


@click.group()
def image() -> None:
    """The image of the Docker sandbox."""


@image.command("build")
@click.option("--base-image", default=BASE_IMAGE, show_default=True, help="Image with Python to start from.")
@click.option("--constraints", type=PATH, help="Versions to install; default: those of this environment.")
@click.option("--wheels", type=PATH, help="Folder with wheels to install from, without network.")
def build(base_image: str, constraints: Path | None, wheels: Path | None) -> int:
    """Builds the image; does nothing when an image with the same content exists."""
    console = Console(highlight=False)

    def tell(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    made = build_image(base_image, constraints=constraints, wheels=wheels, on_line=tell)
    console.print(f"Image {made.tag} is ready.", markup=False, soft_wrap=True)
    return 0
