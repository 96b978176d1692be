"""``python -m tests.bench_overview``: how long the staff's overview takes to make, and to load in a browser.

The class is made of numbers (``tests/reporting/cohort.py``), its results before the clock starts. Measured in Debian's
Chromium, each time in a new page, the median of several: until the first picture, until its script is done – from
then on sorting, filtering and paging answer –, until the browser has laid everything out, and how long sorting takes.
A class is measured while a tenth of its text questions is open, and before anybody has marked one.
``--write`` puts the table into ``docs/reports.md``.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grader.reporting.class_report import class_page
from tests.reporting.cohort import cohort
from tests.support import browser as support
from tests.support.pages import put

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reports.md"
TIMES = """() => {
  const first = performance.getEntriesByName('first-contentful-paint')[0];
  const ready = performance.getEntriesByName('overview-ready')[0];
  return [first ? first.startTime : NaN, ready.startTime, performance.now()];
}"""
LAID_OUT = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
SORT = """() => {
  const began = performance.now();
  document.querySelector('#students thead th[data-column="1"] button').click();
  document.body.offsetHeight;
  return performance.now() - began;
}"""


def loaded(opened: Any, html: str) -> list[float]:
    """Milliseconds: first picture, script done, laid out, sorting."""
    with support.page_of(opened, html, viewport={"width": 1400, "height": 900}) as page:
        page.evaluate(LAID_OUT)
        return [*page.evaluate(TIMES), page.evaluate(SORT)]


def measured(opened: Any, size: int, open_texts: float, times: int) -> str:
    """A row of the table."""
    results = cohort(size, open_texts=open_texts)
    began = time.perf_counter()
    html = class_page(results, {}, "Deep Learning, final exam")
    made_s = time.perf_counter() - began
    runs = [loaded(opened, html) for _ in range(times)]
    figures = [statistics.median(run[at] for run in runs) / 1000 for at in range(4)]
    cells = [
        f"{size}",
        f"{open_texts:.0%}",
        f"{made_s:.1f}",
        f"{len(html.encode()) / 1e6:.1f}",
        *(f"{figure:.2f}" for figure in figures),
    ]
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_overview", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 3000])
    parser.add_argument("--times", type=int, default=5, help="loads of each page; the median is told")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reports.md")
    given = parser.parse_args(arguments)
    if reason := support.missing():
        print(reason, file=sys.stderr)
        return 1
    lines = ["| students | open texts | made, s | size, MB | first picture, s | usable, s | laid out, s | sorting, s |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with support.browser() as opened:
        for size, open_texts in itertools.product(given.sizes, (0.1, 1.0)):
            lines.append(measured(opened, size, open_texts, given.times))
            print(lines[-1], flush=True)
    lines += ["", f"Load of the machine meanwhile: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors."]
    print("\n".join(lines))
    if given.write:
        put(PAGE, "overview", "\n".join(["`python -m tests.bench_overview --write`", "", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
