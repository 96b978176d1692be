"""Commands, their messages and exit statuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from grader.cli.main import call

GRADE = [sys.executable, "-c", "from grader.cli.main import main; main()"]


def notebook(path: Path, *cells: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-folder"], "no-such-folder"),
        (["."], "course.toml"),
        ([".", "--sandbox", "chroot"], "chroot"),
        ([".", "--jobs", "0"], "--jobs"),
        (["check", "missing.ipynb"], "expected a notebook, found no such file"),
        ([], "Usage"),
    ],
)
def test_wrong_usage_is_told_with_status_2(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    extra = ["--course", str(tmp_path)] if arguments == ["."] else []
    assert call([*arguments, *extra]) == 2
    assert message in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("run", "check", "data", "image"))


def test_data_shows_real_and_stand_ins(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_ASSETS", str(tmp_path))
    assert call(["data"]) == 0
    shown = capsys.readouterr().out
    assert "stand-in" in shown
    assert "name_gender_dataset.csv" in shown


def test_unknown_student_and_wrong_marks_end_before_anything_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    notebook(tmp_path / "class" / "alice" / "assignment1.ipynb", "1")
    assert call([str(tmp_path / "class"), "--only", "bob", "--out", str(tmp_path / "out")]) == 2
    assert "no submission of 'bob'; found alice" in capsys.readouterr().err
    (tmp_path / "class" / "marks.yaml").write_text("alice: {9z: 1}")
    assert call([str(tmp_path / "class"), "--out", str(tmp_path / "out")]) == 2
    assert "the course has no question '9z'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_keeps_what_is_done(tmp_path: Path) -> None:
    source, out = tmp_path / "class", tmp_path / "out"
    (source / "anna").mkdir(parents=True)
    (source / "anna" / "answers.yaml").write_text("4a: [wrong, right, wrong, right, right]")
    notebook(source / "berta" / "assignment1.ipynb", "import time\nopen('started', 'w').close()\ntime.sleep(600)")
    run = subprocess.Popen(
        [*GRADE, str(source), "--out", str(out), "--sandbox", "local", "--jobs", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not (out / "anna" / "report.json").is_file() and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(3)
        run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 130, said
    assert "not graded yet: berta" in said
    assert json.loads((out / "anna" / "report.json").read_text())["points"] == 5.0
    assert "anna" in (out / "grades.csv").read_text()
    assert not (out / "berta").exists()
