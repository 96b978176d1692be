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
from grader.errors import UsageError
from grader.execution import GpuSlots, Job, open_on_gpu
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


def gpus(backend: Backend, wanted: str) -> tuple[str, ...]:
    """The GPUs that notebooks are run on.

    Args:
        backend: The sandbox that will show them.
        wanted: ``auto`` for all that it can give, ``none``, or numbers and UUIDs with commas; one that is named twice
            takes two notebooks at a time.

    Raises:
        UsageError: One is wanted that the sandbox cannot give.
    """
    if wanted == "none":
        return ()
    found = backend.gpus()
    if wanted == "auto":
        return found
    names = tuple(name.strip() for name in wanted.split(",") if name.strip())
    unknown = [name for name in names if name not in found and not name.startswith(("GPU-", "MIG-"))]
    if not names or not found or unknown:
        have = f"GPUs that sandbox {backend.name} can give ({', '.join(found) or 'none'})"
        message = f"--gpus: expected 'auto', 'none' or {have}, got {wanted!r}."
        raise UsageError(message, hint="'grade doctor' shows what each sandbox of this machine can give.")
    return names


def opener(backend: Backend, limits: Limits, slots: Sequence[str] = ()) -> Opener:
    """Runs notebooks in a sandbox.

    Args:
        backend: The sandbox.
        limits: What a notebook may use.
        slots: GPUs, each for one notebook at a time.
    """
    lent = GpuSlots(slots)

    @contextlib.contextmanager
    def opened_in_sandbox(order: Order) -> Iterator[Opened]:
        with tempfile.TemporaryDirectory(prefix="grader-files-") as scratch:
            files = Path(scratch)
            for name, path in order.files.items():
                (files / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, files / name)
            job = Job(order.notebook, order.name, files, order.assets.folder, limits, order.seed)
            with open_on_gpu(
                job, backend, lent, lambda progress: order.on_cell(progress.cell, progress.cells)
            ) as opened:
                yield opened

    return opened_in_sandbox
