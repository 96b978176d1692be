"""Judged cases in a folder, so that a long run that was interrupted goes on where it was."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from tests.fidelity.cases import Case
from tests.fidelity.judging import Judged, Verdict

ROOT = Path(__file__).resolve().parents[2]
SHARED = ("grader/probe", "grader/scoring", "reference", "tests/support", "rubrics/*.toml")
"""What every grade depends on, beside the case and its assignment's rubric."""
JUDGING = ("tests/fidelity/judging.py", "tests/fidelity/cases.py")


class Kept:
    """Results of cases that were judged by the code as it is now; those of other code are not looked at."""

    def __init__(self, folder: Path) -> None:
        """Reads what is there; the folder is made when it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "judged.jsonl"
        self._known: dict[str, Judged] = {}
        for line in self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else ():
            found = json.loads(line)
            verdicts = tuple(Verdict(**one) for one in found["judged"].pop("verdicts"))
            self._known[found["key"]] = Judged(**found["judged"], verdicts=verdicts)

    def of(self, case: Case) -> Judged | None:
        """The result of a case, or None."""
        return self._known.get(key(case))

    def add(self, case: Case, result: Judged) -> None:
        """Keeps a result."""
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key(case), "judged": asdict(result)}) + "\n")


def key(case: Case) -> str:
    """What a case and the code that grades it are."""
    said = json.dumps([asdict(case), code_of(case.assignment)], sort_keys=True)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def code_of(assignment: str) -> str:
    """A hash of all sources that take part in grading an assignment."""
    places = [path for pattern in (*SHARED, f"rubrics/assignment{assignment}", *JUDGING) for path in ROOT.glob(pattern)]
    files = {file for path in places for file in (path.rglob("*") if path.is_dir() else [path])}
    files |= _imported({file for file in files if "rubrics" in file.parts and file.suffix == ".py"})
    sources = sorted(file for file in files if file.suffix in {".py", ".toml", ".json", ".ipynb"})
    total = hashlib.sha256()
    for file in sources:
        total.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _imported(files: Collection[Path]) -> set[Path]:
    """The files of ``rubrics/`` itself that some files import, and what these import."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        source = waiting.pop().read_text(encoding="utf-8")
        for name in re.findall(r"^(?:from|import) rubrics\.(\w+)", source, re.MULTILINE):
            file = ROOT / "rubrics" / f"{name}.py"
            if file.exists() and file not in found:
                found.add(file)
                waiting.append(file)
    return found
