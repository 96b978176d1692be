"""Hostile notebooks: the grader survives, no point is gained, nothing is left, and the report says what happened."""

from __future__ import annotations

import functools
import html
import json
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.sandbox import Backend
from tests.execution.test_cleanup import containers, control_groups, eventually, kernels
from tests.hostile.attacks import Attack
from tests.hostile.exam import ATTACKS, Seen, canary, groups, sit
from tests.sandbox.backends import get

MEMORY_BOUND_MIB = 512
"""How much more memory the grader may take while it grades one notebook, whatever the notebook sends."""
SECONDS_BOUND = 120


def seen(backend: str, group: str) -> Seen:
    """What came of the attacks of a group, which sit the exam once."""
    found = _seen(backend, group)
    if isinstance(found, AssertionError):
        raise AssertionError(str(found)) from found
    return found


@functools.cache
def _seen(backend: str, group: str) -> Seen | AssertionError:
    sandbox = get(backend)
    try:
        return _sat(backend, sandbox, group)
    except AssertionError as left:
        return left


def _sat(backend: str, sandbox: Backend, group: str) -> Seen:
    """Lets them sit it; leftovers are looked for at once."""
    with tempfile.TemporaryDirectory(prefix="h-") as temporary, tempfile.TemporaryDirectory(prefix="h-") as out:
        original, tempfile.tempdir = tempfile.tempdir, temporary
        try:
            with canary():
                found = sit(groups()[group], sandbox, Path(out))
        finally:
            tempfile.tempdir = original
        assert os.listdir(temporary) == [], "left in the folder for temporary files"
        assert eventually(lambda: not kernels(Path(temporary)), 5), "left processes"
    assert control_groups() == set(), "left control groups"
    if backend == "docker":
        assert containers(os.getpid()) == set(), "left containers"
    if report := os.environ.get("GRADER_HOSTILE_REPORT"):
        _note(Path(report), backend, group, found)
    return found


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.ident)
def test_a_hostile_notebook_gains_nothing_and_harms_nobody(isolating: Backend, attack: Attack) -> None:
    found = seen(isolating.name, attack.group or attack.ident)
    cell = found.cells[attack.ident]
    assert cell.status in attack.statuses, (cell.error_name, cell.error_message, found.problems)
    assert "REACHED" not in cell.text, cell.text
    assert attack.shows in cell.text, cell.text[-500:]
    assert attack.says in found.problems
    assert html.escape(attack.says, quote=False) in found.html.replace("&#39;", "'")
    if attack.probed:
        assert found.outcomes[attack.ident] in {"not-met", "review"}, found.outcomes
    assert found.outcomes["square"] in attack.neighbour, (found.outcomes, found.problems, found.faults)
    assert found.grown_mib < MEMORY_BOUND_MIB
    assert found.seconds < SECONDS_BOUND


def test_a_neighbour_is_graded_as_if_alone(isolating: Backend, tmp_path: Path) -> None:
    honest = Attack("honest", "", "y = square(2)", "")
    hostile = [attack for attack in ATTACKS if attack.ident in {"kill-all", "fork-bomb"}]
    folders = [tmp_path / attack.ident for attack in (honest, *hostile)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(len(folders)) as pool:
        running = [
            pool.submit(sit, [attack], isolating, folder) for attack, folder in zip(hostile, folders[1:], strict=True)
        ]
        quiet = sit([honest], isolating, folders[0])
        for future in running:
            assert future.result().outcomes["square"] == "met"
    assert (quiet.outcomes, quiet.problems, quiet.after.text) == ({"square": "met"}, "", "after 49\n")


@pytest.mark.parametrize("group", groups())
def test_the_cells_after_an_attack_go_on_or_are_told_not_to(isolating: Backend, group: str) -> None:
    found = seen(isolating.name, group)
    assert found.status in {"final", "provisional"}  # never a failure of the grader's own
    if found.after.status == "ok" and all(cell.status == "ok" for cell in found.cells.values()):
        shown = {"after", "49"} <= set(re.findall("after|49", found.after.text))  # threads may print in between
        assert shown or found.outcomes["square"] != "met" or group in {"tricks", *SILENT}
    assert found.after.status in {"ok", "not-run", "timeout", "killed", "error"}


SILENT = {"stop-output-thread", "giant-message", "frames-without-end", "close-sockets", "redirect-sockets", "messages"}
"""Attacks that take the notebook's own outputs away."""


def test_there_are_enough_of_them() -> None:
    assert len({attack.ident for attack in ATTACKS}) == len(ATTACKS) >= 40


def _note(report: Path, backend: str, group: str, found: Seen) -> None:
    """Keeps what was seen for the table in docs/security.md."""
    kept = json.loads(report.read_text()) if report.exists() else {}
    for attack in groups()[group]:
        cell = found.cells[attack.ident]
        words = {"ok": "cell ran", "error": f"cell failed ({cell.error_name})", "timeout": "stopped by the clock"}
        points = f"; its question: {found.outcomes[attack.ident]}" if attack.probed else ""
        if attack.group == "walls":
            words["ok"] = f"{cell.text.count('refused:')} attempts, all refused"
        said = f"{words.get(cell.status, 'kernel ended')}; honest question: {found.outcomes['square']}{points}"
        kept.setdefault(attack.ident, {})[backend] = said
    report.write_text(json.dumps(kept, indent=1))
