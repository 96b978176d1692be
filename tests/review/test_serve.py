"""The command itself: loopback alone, one address, and an end that leaves nothing behind."""

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from grader.cli.main import call
from grader.errors import UsageError
from grader.review.serve import listen
from grader.review.similar import Likeness
from tests.support.tiny import Place


def test_only_loopback_listens_and_a_taken_port_is_named() -> None:
    with listen(0) as found:
        address, port = found.getsockname()
        assert address == "127.0.0.1"
        with pytest.raises(UsageError, match=str(port)):
            listen(port)


def test_without_a_graded_class_the_next_step_is_told(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["review", "--out", str(tmp_path / "reports"), "--no-browser"]) == 2
    assert "Grade the submissions first" in capsys.readouterr().err


def test_the_command_prints_its_address_and_ends_with_ctrl_c(place: Place) -> None:
    place.grade()
    start = "from grader.cli.main import main; main()"
    command = [sys.executable, "-c", start, "review", "--out", str(place.out), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout
            line = process.stdout.readline().strip()
            hit = re.fullmatch(r"(http://127\.0\.0\.1:\d+/)\?token=([\w-]{40,})", line)
            assert hit, line
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(hit.group(1), timeout=30)
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            assert b"3 open" in opener.open(line, timeout=30).read()
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert "up to date" in rest
    assert hit.group(2) not in rest


def test_answers_that_are_alike_come_one_after_the_other() -> None:
    likeness = Likeness(
        ["K×D, K×K, 1×K", "a threshold on the softmax", "KxD, K x K, 1xK", "", "a threshold for softmax"]
    )
    assert likeness.order() == [0, 2, 1, 4, 3]
    assert [at for at, _ in likeness.like(0)] == [2]
    assert likeness.like(3) == []


@pytest.mark.parametrize("answers", [[], [""], ["", ""], ["x"], ["a", "b"], ["the", "the"], ["\u200b", "!"]])
def test_any_answers_can_be_compared(answers) -> None:
    assert sorted(Likeness(answers).order()) == list(range(len(answers)))
