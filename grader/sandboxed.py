"""Data and sandboxes, as the pipeline takes them."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from grader.course import Course
from grader.data import AssetStore, PreparedAssets
from grader.execution import Job, open_notebook
from grader.intake import AssignmentHint
from grader.pipeline import Opened, Opener, Order
from grader.sandbox import Backend, Limits


def asset_store(course: Path) -> AssetStore:
    """The data of a course pack; of the bundled course where the pack names none."""
    catalogue = course / "assets.toml"
    return AssetStore(catalogue=catalogue if catalogue.is_file() else None)


def hints(course: Course) -> list[AssignmentHint]:
    """How intake recognises the notebooks of a course."""
    return [
        AssignmentHint(assignment.id, assignment.names, assignment.content)
        for assignment in course.assignments
        if assignment.notebook
    ]


def preparer(store: AssetStore) -> Callable[[str, Sequence[str]], PreparedAssets]:
    """Lays data out for notebooks: the same names once a run."""

    @functools.cache
    def prepared(names: tuple[str, ...]) -> PreparedAssets:
        return store.prepare(names)

    return lambda assignment, sources: prepared(store.names_for(assignment, sources))


def opener(backend: Backend, limits: Limits) -> Opener:
    """Runs notebooks in a sandbox."""

    @contextlib.contextmanager
    def opened_in_sandbox(order: Order) -> Iterator[Opened]:
        with tempfile.TemporaryDirectory(prefix="grader-files-") as scratch:
            files = Path(scratch)
            for name, path in order.files.items():
                (files / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, files / name)
            job = Job(order.notebook, order.name, files, order.assets.folder, limits, order.seed)
            with open_notebook(job, backend, lambda progress: order.on_cell(progress.cell, progress.cells)) as opened:
                yield opened

    return opened_in_sandbox
