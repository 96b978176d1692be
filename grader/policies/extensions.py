"""Deadlines of single students: ``extensions.yaml`` of the staff, validated against the course."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from grader.course import Course
from grader.course_policies import Extension, Policies, check_extension
from grader.errors import UsageError

MAX_BYTES = 5 * 2**20

Extensions = Mapping[str, Extension]
"""Student → the deadline of their own."""


def load_extensions(path: Path | None, course: Course) -> Extensions:
    """All extensions of the course: those of its pack, and those of the file, which win.

    Args:
        path: The staff's file, or None where there is none.
        course: With its policies.

    Raises:
        UsageError: The file cannot be read, is not YAML, an entry is wrong, or the course has no deadline; the message
            names the entry.
    """
    policies = course.policies or Policies()
    found: dict[str, Extension] = {_name(extension.student): extension for extension in policies.extension}
    if path is None:
        return found
    data = _read(path)
    for student, entry in data.items():
        try:
            # An entry that is only a number or a time says what it can only mean.
            extension = Extension.model_validate(_entry(entry))
            check_extension(extension, policies)
        except ValidationError as fault:
            first = fault.errors()[0]
            place = " › ".join(map(str, (student, *first["loc"])))
            text = first["msg"].removeprefix("Value error, ")
            message = f"{path}: {place}: {text}{'' if 'found' in text else f', found {entry!r}'}."
            raise UsageError(message) from fault
        except ValueError as fault:
            message = f"{path}: {student}: {fault}."
            raise UsageError(message) from fault
        found[_name(str(student))] = extension
    return found


def extensions_data(extensions: Extensions, course: Course) -> dict[str, Any]:
    """Those that are not the pack's own as JSON, so that a later run has them when their file is gone."""
    own = load_extensions(None, course)
    return {
        student: extension.model_dump(mode="json", exclude_none=True)
        for student, extension in extensions.items()
        if own.get(student) != extension
    }


def extensions_from(data: Mapping[str, Any], course: Course) -> Extensions:
    """The pack's own, and what ``extensions_data`` made.

    Raises:
        ValueError: It is something else.
    """
    granted = {student: Extension.model_validate(entry) for student, entry in data.items()}
    return {**load_extensions(None, course), **granted}


def nobodys_extensions(extensions: Extensions, students: Collection[str]) -> list[str]:
    """A sentence for each extension of a student of whom there is no submission: a misspelt name, perhaps."""
    known = {_name(student) for student in students}
    return [
        f"extension for {student!r}, of whom there is no submission; it is kept but used for nobody"
        for student in extensions
        if student not in known
    ]


def _name(student: str) -> str:
    return unicodedata.normalize("NFC", student)


def _entry(entry: Any) -> Any:
    if isinstance(entry, (bool, dict)):
        return entry
    return {"minutes": entry} if isinstance(entry, (int, float)) else {"deadline": entry}


def _read(path: Path) -> dict[Any, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"{path}: expected at most {MAX_BYTES} bytes of extensions."
            raise UsageError(message)
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        message = f"{path}: cannot be read ({fault.strerror})."
        raise UsageError(message, hint="Give the extensions with --extensions FILE.") from fault
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as fault:
        message = f"{path}: not a YAML file: {fault}."
        raise UsageError(message) from fault
    if data is None:
        return {}
    if not isinstance(data, dict):
        message = f"{path}: expected students with their extensions, found {type(data).__name__}."
        raise UsageError(message)
    return data
