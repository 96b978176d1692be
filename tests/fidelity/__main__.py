"""Grades the labelled notebooks and prints how far grades and labels agree.

Usage: ``python -m tests.fidelity [--assignment N]… [--sample N] [--only TEXT] [--jobs N]``
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from tests.fidelity.assignments import cases
from tests.fidelity.cases import Case
from tests.fidelity.disguise import DISGUISES, disguised
from tests.fidelity.judging import Judged, judge
from tests.fidelity.table import page


def chosen(given: argparse.Namespace) -> list[Case]:
    """The cases that were asked for; a sample keeps right solutions and single faults, and draws pairs."""
    found: list[Case] = []
    for assignment in given.assignment or ["1", "2", "3"]:
        all_cases = [case for case in cases(assignment) if given.only in case.name]
        some = [case for case in all_cases if " + " not in case.name]
        more = [case for case in all_cases if " + " in case.name]
        if given.pairs_only:
            some = []
        if given.sample is not None and len(more) > given.sample:
            more = random.Random(given.seed).sample(more, given.sample)
        found += [*some, *more]
    return found


def graded(wanted: Sequence[Case], jobs: int) -> list[Judged]:
    """Grades the cases and prints each disagreement at once."""
    results: list[Judged] = []
    begun = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        for number, result in enumerate(pool.map(judge, wanted), 1):
            results.append(result)
            if result.broken or result.wrong:
                print(f"{result.assignment} {result.name}: {result.broken}")
                for verdict in result.wrong:
                    print(f"    {verdict.criterion}: wanted {verdict.wanted}, got {verdict.got} | {verdict.saw[:200]}")
            if number % 50 == 0:
                print(f"-- {number} of {len(wanted)} after {time.monotonic() - begun:.0f} s", flush=True)
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 when a right solution lost points or a case broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fidelity")
    parser.add_argument("--assignment", action="append", choices=["1", "2", "3"])
    parser.add_argument("--sample", type=int, help="draw this many pairs of an assignment")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--pairs-only", action="store_true")
    parser.add_argument("--disguise", action="append", choices=sorted(DISGUISES), help="write the notebooks anew")
    parser.add_argument("--disguise-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(arguments)
    begun = time.monotonic()
    wanted = [
        replace(case, cells=tuple(disguised(case.cells, given.disguise_seed, given.disguise)))
        if given.disguise
        else case
        for case in chosen(given)
    ]
    results = graded(wanted, given.jobs)
    print(page(results))
    print(f"{len(results)} cases in {time.monotonic() - begun:.0f} s")
    return int(any(result.broken or (result.wrong and not result.faults) for result in results))


if __name__ == "__main__":
    sys.exit(main())
