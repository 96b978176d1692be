"""Grades the labelled notebooks as a class would be graded: uploaded files, sandboxes, reports.

Usage: ``python -m tests.fidelity.nightly [--sandbox NAME] [--sample N] [--seed N] [--jobs N]
[--gpus auto|none|LIST]``. Without
``--sample`` all of them are graded, which takes a night.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import yaml
from rich.console import Console

from grader.cli.progress import Lines
from grader.rubric_modules import bundled_course
from grader.run import Options, grade_class
from grader.sandbox import Limits
from tests.fidelity.assignments import cases
from tests.fidelity.cases import QUESTIONS, Case
from tests.fidelity.judging import Judged, verdict
from tests.fidelity.table import disagreements, page


def upload(case: Case, folder: Path) -> None:
    """Writes what a student with this notebook would upload."""
    folder.mkdir(parents=True)
    notebook = nbformat.v4.new_notebook()
    for cell in case.cells:
        make = nbformat.v4.new_markdown_cell if cell.startswith("#md") else nbformat.v4.new_code_cell
        notebook.cells.append(make(cell.removeprefix("#md").lstrip() if cell.startswith("#md") else cell))
    nbformat.write(notebook, folder / f"assignment{case.assignment}.ipynb")
    if case.answers:
        (folder / "answers.yaml").write_text(yaml.safe_dump(dict(case.answers)), encoding="utf-8")


def judged(case: Case, report: Path) -> Judged:
    """Compares a report with the label."""
    if not report.is_file():
        return Judged(case.name, case.assignment, case.faults, (), "no report was written")
    data = json.loads(report.read_text(encoding="utf-8"))
    found = {
        criterion["id"]: criterion
        for assignment in data["assignments"]
        for question in assignment["questions"]
        if question["id"] in QUESTIONS[case.assignment]
        for criterion in question["criteria"]
    }
    verdicts = tuple(_verdict(criterion, case) for criterion in found.values())
    return Judged(case.name, case.assignment, case.faults, verdicts, "" if verdicts else "nothing was graded")


def _verdict(criterion: Mapping[str, Any], case: Case) -> Any:
    share = (criterion["points"] or 0.0) / criterion["max_points"] if criterion["max_points"] else 0.0
    return verdict(
        criterion["id"], criterion["outcome"], share, str(criterion["evidence"]), case.lost.get(criterion["id"])
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a right solution lost points or a case has no report."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity.nightly")
    parser.add_argument("--sandbox", default="auto")
    parser.add_argument("--sample", type=int, help="draw this many notebooks of an assignment")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--gpus", default="auto")
    given = parser.parse_args(arguments)
    wanted: dict[str, Case] = {}
    for assignment in QUESTIONS:
        some = cases(assignment)
        if given.sample is not None and len(some) > given.sample:
            some = random.Random(given.seed).sample(some, given.sample)
        wanted |= {f"a{assignment}-{number:04d}": case for number, case in enumerate(some, 1)}
    with tempfile.TemporaryDirectory(prefix="grader-nightly-") as scratch:
        uploads, out = Path(scratch) / "uploads", Path(scratch) / "reports"
        for name, case in wanted.items():
            upload(case, uploads / name)
        limits = Limits(cell_timeout_s=120)
        options = Options(uploads, out, bundled_course(), given.sandbox, given.jobs, given.gpus, limits=limits)
        with Lines(Console(highlight=False)) as watcher:
            grade_class(options, watcher)
        results = [judged(case, out / name / "report.json") for name, case in wanted.items()]
    print("\n".join(disagreements(results)))
    print(page(results))
    return int(any(result.broken or (result.wrong and not result.faults) for result in results))


if __name__ == "__main__":
    sys.exit(main())
