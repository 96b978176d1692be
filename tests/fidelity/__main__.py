"""Grades the labelled notebooks and prints how far grades and labels agree.

Usage: ``python -m tests.fidelity [--assignment N]… [--sample N] [--disguised N] [--only TEXT] [--jobs N]
[--kept FOLDER] [--write]``; ``--write`` puts the tables into ``docs/fidelity.md``. With ``--kept`` a run that was
interrupted goes on where it was, as long as the code that grades stays the same.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shlex
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.fidelity.assignments import cases
from tests.fidelity.cases import Case
from tests.fidelity.disguise import DISGUISES, disguised
from tests.fidelity.judging import Judged, crashes, judge
from tests.fidelity.kept import Kept
from tests.fidelity.table import disagreements, page
from tests.support.pages import put

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"


def chosen(given: argparse.Namespace) -> list[Case]:
    """The cases that were asked for; a sample keeps right solutions and single faults, and draws pairs."""
    found: list[Case] = []
    for assignment in given.assignment or ["1", "2", "3"]:
        named = [case for case in cases(assignment) if given.only in case.name]
        some = [case for case in named if " + " not in case.name and not given.pairs_only]
        more = [case for case in named if " + " in case.name]
        rewritten = [in_disguise(case, given.seed) for case in drawn(some, given.disguised, given.seed)]
        found += [*some, *rewritten, *drawn(more, given.sample, given.seed)]
    return found


def drawn(some: Sequence[Case], count: int | None, seed: int) -> Sequence[Case]:
    """So many of the cases; all of them without a number."""
    return some if count is None or len(some) <= count else random.Random(seed).sample(some, count)


def in_disguise(case: Case, seed: int) -> Case:
    """The case written anew; cells that fail or lack something are not joined: what they leave out would be more."""
    kinds = [kind for kind in DISGUISES if kind != "joined" or not (case.faults or crashes(case))]
    return replace(case, name=f"disguised {case.name}", cells=tuple(disguised(case.cells, seed, kinds)))


def graded(wanted: Sequence[Case], jobs: int, kept: Kept | None = None) -> list[Judged]:
    """Grades the cases and prints each disagreement at once; takes and keeps results where these are kept."""
    found = {at: result for at, case in enumerate(wanted) if kept is not None and (result := kept.of(case)) is not None}
    left = [at for at in range(len(wanted)) if at not in found]
    print("".join(f"{line}\n" for line in disagreements(list(found.values()))), end="")
    begun = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        for number, (at, result) in enumerate(zip(left, pool.map(judge, [wanted[at] for at in left]), strict=True), 1):
            found[at] = result
            if kept is not None:
                kept.add(wanted[at], result)
            print("".join(f"{line}\n" for line in disagreements([result])), end="")
            if number % 50 == 0:
                print(f"-- {number} of {len(left)} after {time.monotonic() - begun:.0f} s", flush=True)
    return [found[at] for at in range(len(wanted))]


def _told(given: argparse.Namespace) -> str:
    """The options that say what was graded, without where results were kept."""
    told = [f"--assignment {assignment}" for assignment in given.assignment or ()]
    numbers = {"sample": given.sample, "disguised": given.disguised, "seed": given.seed or None}
    told += [f"--{name} {number}" for name, number in numbers.items() if number is not None]
    told += [f"--only {shlex.quote(given.only)}"] if given.only else []
    return " ".join([*told, *(["--pairs-only"] if given.pairs_only else [])])


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a right solution lost points or a case broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity")
    parser.add_argument("--assignment", action="append", choices=["1", "2", "3"])
    parser.add_argument("--sample", type=int, help="draw this many pairs of an assignment")
    parser.add_argument("--seed", type=int, default=0, help="of the draw and of disguises")
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--pairs-only", action="store_true")
    parser.add_argument("--disguised", type=int, help="draw this many notebooks without pairs to disguise; all of them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kept", type=Path, help="a folder of results: what the same code graded is not graded again")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/fidelity.md")
    given = parser.parse_args(arguments)
    begun = time.monotonic()
    results = graded(chosen(given), given.jobs, Kept(given.kept) if given.kept else None)
    tables = page(results)
    print(tables)
    print(f"{len(results)} cases in {time.monotonic() - begun:.0f} s")
    if given.write:
        said = f"{_told(given)} --jobs {given.jobs}"
        differ = "\n".join(disagreements(results)) or "none"
        text = f"`python -m tests.fidelity {said} --write`\n\n{tables}\n### Where they differ\n```text\n{differ}\n```"
        put(PAGE, "fidelity", text)
    return int(any(result.broken or (result.wrong and not result.faults) for result in results))


if __name__ == "__main__":
    sys.exit(main())
