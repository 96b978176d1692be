"""``python -m tests.bench_reports``: seconds and sizes of the reports of a class.

Every student has all kinds of exhibits, code at fault, and pictures of three notebooks, none of which are another's, so
that nothing is encoded once for several. Results are made before the clock starts; what is measured is
``write_student`` with the texts of the bundled course, as the main job calls it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from grader.notebook import Cell, Picture
from grader.reporting import write_student
from grader.results import StudentResult
from tests.reporting import exams, showing


def student(number: int) -> StudentResult:
    """A student with nine plots and three photographs."""
    result = showing.rich_exam(f"student-{number:03}")
    parts = []
    for at, part in enumerate(result.assignments[:3]):
        seed = 100 * number + 10 * at
        plots = [Picture("image/png", exams.png((640, 480), seed=seed + plot)) for plot in range(3)]
        photograph = Picture("image/png", exams.heat((400 + number % 50, 400 + at)))
        cells = [Cell(50 + place, "code", "show()", pictures=(one,)) for place, one in enumerate([*plots, photograph])]
        parts.append(replace(part, cells=(*part.cells, *cells)))
    return replace(result, assignments=(*parts, *result.assignments[3:]))


def write(task: tuple[range, Path, str, bool]) -> tuple[float, float, int]:
    """Writes some students' reports: seconds on the clock, seconds of the processor, size of the largest in bytes."""
    numbers, folder, language, reveal = task
    results = [student(number) for number in numbers]
    options = showing.options(language, reveal=reveal)
    clock, processor, largest = time.perf_counter(), time.process_time(), 0
    for result in results:
        write_student(result, folder / result.student, options)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    for result in results:
        largest = max(largest, (folder / result.student / "report.html").stat().st_size)
    return clock, processor, largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--language", default="de")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tasks = [
            (range(start, given.students, given.processes), folder, given.language, True)
            for start in range(given.processes)
        ]
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            done = pool.map(write, tasks, chunksize=1)
    clock_s = max(clock for clock, _, _ in done)
    processor_s = sum(processor for _, processor, _ in done)
    print(f"{given.students} reports by {given.processes} processes: {clock_s:.1f} s on the clock,")
    print(f"{processor_s:.1f} s of the processors ({1000 * processor_s / given.students:.0f} ms a report)")
    print(f"largest report: {max(size for _, _, size in done) / 1000:.0f} kB")
    print(f"load of the machine meanwhile: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
