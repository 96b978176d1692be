"""How long scoring from journals takes: against executing again, and for classes of 300 and 3,000.

Usage: ``python -m tests.bench_regrade [--sizes 300 3000] [--sandbox bubblewrap] [--work DIR] [--write]``. The sample
class is executed once (kept in ``--work`` for the next time). Larger classes are made of its journals, under names and
keys of their own, so that nothing is scored once for several students. Each is re-graded after a change of

- comments and points: decisions are looked up, every student changes
- the code of one question (2f): its decisions are made again from the journals
- all rubric code: every decision is made again from the journals

Sizes above the smallest are measured with the first of these alone.

``--write`` puts the table into ``docs/gradebook.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import event

from grader.gradebook import StoredResult
from grader.journal import digest
from grader.keeping import Keeper
from grader.regrade import Regraded, RegradeOptions, regrade_class
from grader.rubric_modules import bundled_course
from grader.run import Options, Summary, grade_class
from grader.sandbox import Limits
from tests.support.pages import put
from tests.support.tiny import Silent

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "gradebook.md"
JOBS = 2


def executed(work: Path, sandbox: str) -> float:
    """Executes the sample class, unless that was done before; returns seconds of wall-clock."""
    note = work / "executed.json"
    if not note.exists():
        options = Options(
            ROOT / "submissions", work / "reports", bundled_course(), sandbox, JOBS, limits=Limits(cell_timeout_s=60)
        )
        summary: Summary = grade_class(options, Silent())
        assert summary.complete, summary.failed or summary.faults
        note.write_text(json.dumps(summary.wall_s))
    # Code may have changed since: the decisions that are copied shall be today's.
    regrade_class(RegradeOptions(work / "reports", bundled_course()))
    return float(json.loads(note.read_text()))


def synthesised(work: Path, into: Path, size: int) -> None:
    """A class of ``size`` students out of the sample class's journals, each under a name and keys of its own."""
    (into / "reports").mkdir(parents=True)
    source, target = Keeper.open(work / "reports"), Keeper.open(into / "reports")
    _carelessly(target)
    current, last = source.book.current(), source.book.last_run()
    assert last is not None
    results = source.book.results(stored.id for stored in current.values())
    students = list(current.values())
    names = {f"{students[at % len(students)].record.student}-{at:05}": at for at in range(size)}
    run = target.book.begin_run("run", last.options, "bench")
    target.book.enrol(list(names), run)
    for name, at in names.items():
        stored = students[at % len(students)]
        result = results[stored.id]
        keys = {assignment: digest([key, at]) for assignment, key in result.journals.items()}
        for assignment, key in result.journals.items():
            path = target.journals.path(keys[assignment])
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(source.journals.path(key), path)
            copies = {
                (question, code): text
                for question, texts in source.book.decisions(key).items()
                for code, text in texts.items()
            }
            target.book.decide(keys[assignment], copies)
        submitted = target.book.submit(
            replace(stored.record, student=name, content=digest([stored.record.content, at]))
        )
        kept = StoredResult("", keys, replace(result.result, student=name), result.made_at)
        target.book.keep_result(submitted.id, run, kept)
    source.close()
    target.close()


def _carelessly(keeper: Keeper) -> None:
    """Making the class is not what is measured: nothing is waited for."""
    engine = keeper.book.database.engine
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    engine.dispose()


def pack(folder: Path, change: str) -> Path:
    """A copy of the bundled course with a change: ``comments``, ``question`` or ``everything``."""
    shutil.copytree(bundled_course(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    course = folder / "course.toml"
    if change == "comments":
        text = course.read_text(encoding="utf-8")
        course.write_text(text.replace('comment = "', 'comment = "In short: '), encoding="utf-8")
    names = {"question": ["assignment2/question_f.py"], "everything": ["assignment1", "assignment2", "assignment3"]}
    for name in names.get(change, []):
        place = folder / name
        for file in [place] if place.is_file() else sorted(place.glob("*.py")):
            file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    return folder


def regraded(reports: Path, course: Path) -> Regraded:
    """Re-grades a class on two processors."""
    done = regrade_class(RegradeOptions(reports, course, jobs=JOBS))
    assert not done.faults, done.faults
    assert not done.needs_kernel, done.needs_kernel
    return done


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_regrade")
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 3000])
    parser.add_argument("--changes", nargs="+", default=["comments", "question", "everything"])
    parser.add_argument("--sandbox", default="bubblewrap")
    parser.add_argument("--work", type=Path, help="folder for the executed sample class")
    parser.add_argument("--write", action="store_true", help="put the table into docs/gradebook.md")
    given = parser.parse_args(arguments)
    lines = ["| class | what changed | students changed | notebooks scored | time, s | a student, ms |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="grader-bench-", dir=given.work) as scratch:
        work = given.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        whole_s = executed(work, given.sandbox)
        count = len(list((work / "reports").glob("*/report.json")))
        lines.append(f"| {count} (sample) | executed | | | {whole_s:.0f} | {whole_s / count * 1000:.0f} |")
        ratios = []
        for size in given.sizes:
            for change in given.changes if size == min(given.sizes) else ["comments"]:
                place = Path(scratch) / f"{size}-{change}"
                synthesised(work, place, size)
                done = regraded(place / "reports", pack(place / "course", change))
                each_s = done.wall_s / size
                ratios.append(f"{change} ({size}): {whole_s / count / each_s:.0f} : 1")
                counts = f"{len(done.changes)} | {done.scored}"
                lines.append(f"| {size} | {change} | {counts} | {done.wall_s:.1f} | {each_s * 1000:.0f} |")
                print(lines[-1], flush=True)
                shutil.rmtree(place)
    lines += ["", f"Executed : re-graded, a student: {', '.join(ratios)}."]
    print("\n".join(lines))
    if given.write:
        sizes, changes = " ".join(map(str, given.sizes)), " ".join(given.changes)
        command = f"`python -m tests.bench_regrade --sizes {sizes} --changes {changes} --write`"
        put(PAGE, "regrade", "\n".join([command, "", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
