"""Finds the rubric module of each assignment of a course pack."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from grader.course import Course
from grader.errors import CourseError
from grader.scoring import Rubric
from grader.scoring.proposals import Proposers

BUNDLED = "rubrics"


def bundled_course() -> Path:
    """Folder of the course pack that comes with Grader."""
    package = importlib.import_module(BUNDLED)
    return Path(next(iter(package.__path__))).resolve()


def load_rubrics(course: Course, folder: Path) -> Mapping[str, Rubric]:
    """Assignment id → rubric, for the assignments that have probed questions.

    A course folder may bring its own ``assignment<id>.py`` (or a package of that name); where it does not, the bundled
    module is taken, so that a pack that only changes points or comments needs no code.

    Raises:
        CourseError: A module is missing or breaks, exports no ``rubric``, or does not cover the course's questions.
    """
    rubrics = {}
    for assignment in course.assignments:
        wanted = {question.id for question in assignment.questions if question.kind == "code" and question.criteria}
        if not wanted:
            continue
        rubric = getattr(_module(assignment.id, folder), "rubric", None)
        if not isinstance(rubric, Rubric):
            message = (
                f"rubric module of assignment {assignment.id}: expected a Rubric named 'rubric', found {rubric!r}."
            )
            raise CourseError(message)
        missing = sorted(wanted - set(rubric.questions))
        if missing:
            message = f"rubric module of assignment {assignment.id} has no function for question {missing[0]}."
            raise CourseError(message, hint=f"Add one with @rubric.question({missing[0]!r}).")
        rubrics[assignment.id] = rubric
    return rubrics


class LazyRubrics(Mapping[str, Rubric]):
    """The rubrics of a course, imported when the first is asked for: what needs none starts in no time.

    Args:
        course: The course pack.
        folder: Its folder.
    """

    def __init__(self, course: Course, folder: Path) -> None:
        self._course, self._folder = course, folder
        self._loaded: Mapping[str, Rubric] | None = None

    def __getitem__(self, assignment: str) -> Rubric:
        return self._all()[assignment]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> Mapping[str, Rubric]:
        if self._loaded is None:
            self._loaded = load_rubrics(self._course, self._folder)
        return self._loaded


def load_proposers(folder: Path) -> Proposers:
    """Question id → proposer of a course pack: from its own ``proposals``, else the bundled ones.

    Raises:
        CourseError: The module breaks, or has no mapping named ``proposers``.
    """
    found = getattr(_named("proposals", folder), "proposers", None)
    if not isinstance(found, Mapping):
        message = f"module of proposals: expected a mapping named 'proposers', found {found!r}."
        raise CourseError(message)
    return found


def _module(ident: str, folder: Path) -> ModuleType:
    return _named(f"assignment{ident}", folder)


def _named(name: str, folder: Path) -> ModuleType:
    own = next((path for path in (folder / f"{name}.py", folder / name / "__init__.py") if path.is_file()), None)
    try:
        if own is None or folder.resolve() == bundled_course():
            return importlib.import_module(f"{BUNDLED}.{name}")
        return _from_file(name, own)
    except CourseError:
        raise
    except Exception as fault:
        message = f"rubric module {name} ({own or 'bundled'}): {type(fault).__name__}: {fault}"
        raise CourseError(message) from fault


def _from_file(name: str, path: Path) -> ModuleType:
    unique = f"grader_course_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}_{name}"
    search = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(unique, path, submodule_search_locations=search)
    if spec is None or spec.loader is None:
        message = f"{path}: cannot be imported as a rubric module."
        raise CourseError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    spec.loader.exec_module(module)
    return module
