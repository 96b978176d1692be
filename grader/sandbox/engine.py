"""The connection to the Docker engine."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Any

import docker
import docker.constants
import docker.errors
import requests

from grader.errors import SandboxUnavailableError

ENGINE_ERRORS = (docker.errors.DockerException, requests.RequestException, OSError)
"""What docker-py lets through when the engine refuses or is gone."""

_UNIX = "unix://"
_DEFAULT_HOST = "unix:///var/run/docker.sock"


@contextlib.contextmanager
def engine(timeout_s: int = 60) -> Iterator[Any]:
    """A client for the time of a ``with`` block; see ``connect``."""
    client = connect(timeout_s)
    try:
        yield client
    finally:
        client.close()


def connect(timeout_s: int = 60) -> Any:
    """A client of the engine that the environment names (``DOCKER_HOST``), else of this machine's.

    Socket and version of the protocol are tried here: docker-py leaves its socket open when that fails.

    Raises:
        SandboxUnavailableError: There is no engine, or no right to use it.
    """
    try:
        _try_socket(os.environ.get("DOCKER_HOST") or _DEFAULT_HOST)
        client = docker.from_env(version=docker.constants.DEFAULT_DOCKER_API_VERSION, timeout=timeout_s)
    except ENGINE_ERRORS as error:
        raise no_engine(error) from error
    try:
        version = client.api.version(api_version=False)["ApiVersion"]
    except ENGINE_ERRORS as error:
        raise no_engine(error) from error
    finally:
        client.close()
    return docker.from_env(version=version, timeout=timeout_s)


def _try_socket(host: str) -> None:
    """Connects once where the engine listens on a unix socket.

    Raises:
        OSError: Nobody listens there, or we may not.
    """
    if host.startswith(_UNIX):
        path = "/" + host.removeprefix(_UNIX).lstrip("/")
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(path)
            except OSError as error:
                message = f"{path}: {error.strerror or error}"
                raise OSError(message) from error


def no_engine(error: BaseException) -> SandboxUnavailableError:
    """What to tell people about it."""
    return SandboxUnavailableError(
        f"docker: the Docker engine cannot be reached ({' '.join(str(error).split())[:500]}).",
        hint="Install and start it ('apt install docker.io'), and add your user to the group 'docker'.",
    )
