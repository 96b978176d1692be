"""The image of the Docker sandbox: its name, its content, and how it is built."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import importlib.metadata
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors

import grader
from grader.errors import SandboxError
from grader.sandbox.engine import ENGINE_ERRORS, engine, no_engine

PYTHON = "/opt/grader/bin/python"
"""Interpreter inside the image, as the Dockerfile makes it."""
IMAGE = f"grader-sandbox:{grader.__version__}"
BASE_IMAGE = "python:3.11-slim"
CONTENT_LABEL = "grader.content"
_FOLDER = Path(__file__).parent
_BUILD_TIMEOUT_S = 3_600


@dataclass(frozen=True)
class BuiltImage:
    """Attributes: tag of the image, hash of its content, and whether it was built now or found."""

    tag: str
    content: str
    built: bool


def build(
    base_image: str = BASE_IMAGE,
    *,
    tag: str = IMAGE,
    constraints: Path | None = None,
    wheels: Path | None = None,
    on_line: Callable[[str], None] = lambda line: None,
) -> BuiltImage:
    """Builds the image, unless one with the same content is there.

    Args:
        base_image: An image with ``python3`` and its ``venv`` module.
        tag: Name of the image to make.
        constraints: Versions to install; without it those of the environment that runs Grader.
        wheels: Folder with every package as a wheel, for machines without network
            (``pip download --dest wheels --requirement grader/sandbox/requirements.txt``).
        on_line: Called with each line that tells how far the build is.

    Raises:
        SandboxUnavailableError: The Docker engine cannot be reached.
        SandboxError: The build failed; the message ends with what it said last.
    """
    pins = constraints.read_text(encoding="utf-8") if constraints else installed_versions()
    with engine(_BUILD_TIMEOUT_S) as client:
        try:
            content = _content_hash(_base(client, base_image).id, pins)
            if _existing_content(client, tag) == content:
                on_line(f"The image {tag} is up to date.")
                return BuiltImage(tag, content, built=False)
            with _served(wheels) as pip_arguments:
                arguments = {"BASE_IMAGE": base_image, "PIP_ARGUMENTS": pip_arguments}
                _build(client, tag, pins, {"buildargs": arguments, "labels": {CONTENT_LABEL: content}}, on_line)
        except docker.errors.ImageNotFound as error:
            raise SandboxError(
                f"The base image '{base_image}' is not there and cannot be pulled.",
                hint="Give another with '--base-image'.",
            ) from error
        except ENGINE_ERRORS as error:
            raise no_engine(error) from error
    return BuiltImage(tag, content, built=True)


def up_to_date(base_image: str = BASE_IMAGE, *, tag: str = IMAGE, constraints: Path | None = None) -> bool:
    """Whether ``build`` would find the image as it should be, without pulling or building anything.

    Raises:
        SandboxUnavailableError: The Docker engine cannot be reached.
    """
    pins = constraints.read_text(encoding="utf-8") if constraints else installed_versions()
    with engine() as client:
        try:
            base = client.images.get(base_image)
            return _existing_content(client, tag) == _content_hash(base.id, pins)
        except docker.errors.ImageNotFound:
            return False


def installed_versions() -> str:
    """The versions of this environment, as a constraints file: notebooks then meet the same libraries everywhere."""
    pins = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name and name.lower() != "grader":
            # A local version such as '+cpu' is not on the package index; without it any build of the version fits.
            pins[name.lower()] = distribution.version.partition("+")[0]
    return "".join(f"{name}=={pins[name]}\n" for name in sorted(pins))


def _base(client: Any, name: str) -> Any:
    try:
        return client.images.get(name)
    except docker.errors.ImageNotFound:
        return client.images.pull(name)


def _content_hash(base_id: str, pins: str) -> str:
    """Names what would be built: the same recipe on the same base."""
    digest = hashlib.sha256(base_id.encode())
    for part in ((_FOLDER / "Dockerfile").read_text(), (_FOLDER / "requirements.txt").read_text(), pins):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:32]


def _existing_content(client: Any, tag: str) -> str | None:
    try:
        labels: dict[str, str] = client.images.get(tag).labels
    except docker.errors.ImageNotFound:
        return None
    return labels.get(CONTENT_LABEL)


def _build(client: Any, tag: str, pins: str, options: dict[str, Any], on_line: Callable[[str], None]) -> None:
    context = _context(
        {
            "Dockerfile": (_FOLDER / "Dockerfile").read_text(),
            "requirements.txt": (_FOLDER / "requirements.txt").read_text(),
            "constraints.txt": pins,
        }
    )
    # With the host's network, the packages that we serve below are in reach, and so is the host's own name service.
    stream = client.api.build(
        fileobj=context,
        custom_context=True,
        tag=tag,
        rm=True,
        forcerm=True,
        decode=True,
        network_mode="host",
        **options,
    )
    said: list[str] = []
    for event in stream:
        line = str(event.get("stream") or event.get("status") or "").strip()
        if line:
            said = [*said[-20:], line]
            on_line(line)
        if "error" in event:
            raise SandboxError(f"The image could not be built: {event['error']}\n" + "\n".join(said))


def _context(files: dict[str, str]) -> io.BytesIO:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    return context


@contextlib.contextmanager
def _served(wheels: Path | None) -> Iterator[str]:
    """Serves the wheels to the build on this machine's own address: as part of the build they would be copied twice.

    Yields:
        Arguments for pip.
    """
    if wheels is None:
        yield ""
        return
    if not any(wheels.glob("*.whl")):
        raise SandboxError(f"There are no wheels in '{wheels}'.", hint="Fill it with 'pip download --dest'.")
    handler = functools.partial(_QuietHandler, directory=str(wheels))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"--no-index --find-links http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line of log for each."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's signature
        """Says nothing."""
