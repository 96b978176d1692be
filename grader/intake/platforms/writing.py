"""People as a platform's reader yields them → the neutral layout: a folder a student, and who they are beside them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from grader.intake.archive import Uploaded
from grader.intake.names import collision_key, disk_name, distinct, listing, safe_name
from grader.intake.platforms.people import Person
from grader.intake.students_csv import FILE_NAME, Row, write_students
from grader.intake.types import MIB, Limits, Problem, size_text

ANSWERS = "answers.yaml"
RAW_ANSWERS = "answers.raw.yaml"
_OURS = {ANSWERS, "answers.yml", RAW_ANSWERS}
_RAW_BYTES = 4 * MIB
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_CUT = "\n[cut here: the whole text is in answers.raw.yaml]"


@dataclass
class Neutral:
    """A class in the neutral layout.

    Attributes:
        root: Holds the students' folders.
        system: Name of the platform that it came from.
        title: The platform's name for people.
        folders: Student → folder.
        rows: Student → identity and times.
        answers: Student → number of questions answered in typing.
        problems: Student → what a person should know.
        class_problems: What belongs to no student.
    """

    root: Path
    system: str
    title: str
    folders: dict[str, Path] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    class_problems: list[Problem] = field(default_factory=list)


def write_people(neutral: Neutral, people: Sequence[Person], limits: Limits, uploaded: Uploaded) -> None:
    """Writes everybody's folder and ``students.csv`` into the root, which is made."""
    neutral.root.mkdir(parents=True, exist_ok=True)
    for student, person in zip(_ids(people), people, strict=True):
        folder = neutral.root / student
        folder.mkdir()
        _write_answers(person, folder, limits)
        _copy(person, folder, limits, uploaded)
        neutral.folders[student] = folder
        neutral.rows[student] = (replace(person.identity, system=neutral.system), person.received)
        neutral.answers[student] = len(person.answers)
        neutral.problems[student] = list(dict.fromkeys(person.problems))
    write_students(neutral.root / FILE_NAME, neutral.rows)


def _ids(people: Sequence[Person]) -> list[str]:
    """A folder's name a person: the login, else the name, else the platform's key; the key added where names meet."""
    plain = [p.identity.login or p.identity.name or p.identity.source_key or "student" for p in people]
    count = Counter(collision_key(name) for name in plain)
    ids: list[str] = []
    taken: set[str] = set()
    for name, person in zip(plain, people, strict=True):
        key = person.identity.source_key
        meets = count[collision_key(name)] > 1 and key and key != name
        final = safe_name(f"{name} {key}" if meets else name)
        while collision_key(final) in taken:
            final = distinct(final, {final, *ids})
        taken.add(collision_key(final))
        ids.append(final)
    return ids


def _write_answers(person: Person, folder: Path, limits: Limits) -> None:
    if person.raw:
        # As it was typed, each text on a line of its own; JSON's quoting is YAML's, too.
        text = "".join(f"{_quoted(title)}: {_quoted(raw)}\n" for title, raw in person.raw.items())
        if len(text.encode()) > _RAW_BYTES:
            person.note(f"The raw answers are not kept: they are larger than {size_text(_RAW_BYTES)}.")
        else:
            (folder / RAW_ANSWERS).write_text(text, encoding="utf-8")
    if person.answers:
        (folder / ANSWERS).write_text(_answers_text(person, limits), encoding="utf-8")


def _quoted(text: str) -> str:
    return _UNPRINTABLE.sub(lambda char: f"\\u{ord(char[0]):04x}", json.dumps(text, ensure_ascii=False))


def _answers_text(person: Person, limits: Limits) -> str:
    """``answers.yaml``, with long texts cut where all of them together could not be read."""
    answers = dict(person.answers)
    texts = {question: answer for question, answer in answers.items() if isinstance(answer, str)}
    # Quoting and indenting may double a text.
    if 2 * sum(len(text.encode()) for text in texts.values()) > limits.answers_bytes:
        longest = limits.answers_bytes // (8 * len(answers))
        cut = {question: text[:longest] + _CUT for question, text in texts.items() if len(text) > longest}
        answers |= cut
        person.note(f"The answers to {listing(sorted(cut))} were cut after {longest} characters.", ANSWERS)
    return _dump(answers)


def _copy(person: Person, folder: Path, limits: Limits, uploaded: Uploaded) -> None:
    """Copies the files as far as a student's limits allow; names are made safe, and kept as uploaded in reports."""
    room, entries = limits.student_bytes, limits.student_entries
    taken = {collision_key(name) for name in _OURS} if person.answers or person.raw else set()
    too_much: list[str] = []
    for name, source in person.files.items():
        parts = [disk_name(part, limits.name_bytes) for part in name.split("/") if part not in {"", ".", ".."}]
        parts = parts or ["file"]
        target, number = "/".join(parts), 2
        while collision_key(target) in taken:
            target, number = "/".join((f"uploaded {number - 1}", *parts)), number + 1
        try:
            room -= source.stat().st_size
            entries -= 1
            if room < 0 or entries < 0:
                too_much.append(name)
                continue
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, path, follow_symlinks=False)
            os.chmod(path, 0o644)
        except OSError as error:
            person.note(f"Left out: it cannot be copied ({error.strerror or error}).", name)
            continue
        taken.add(collision_key(target))
        if path.name != name.rpartition("/")[2]:
            uploaded[path] = name.rpartition("/")[2]
    if too_much:
        allowed = f"{limits.student_entries} files of {size_text(limits.student_bytes)} together"
        person.note(f"{listing(too_much)} left out: a student may hand in {allowed}.")


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


# Texts of several lines are written as blocks.
_Dumper: Any = type("_Dumper", (_Base,), {})
_Dumper.add_representer(str, _text)


def _dump(answers: dict[str, Any]) -> str:
    marks = {question: answer for question, answer in answers.items() if isinstance(answer, list)}
    texts = {question: answer for question, answer in answers.items() if question not in marks}
    options: dict[str, Any] = {"Dumper": _Dumper, "allow_unicode": True, "sort_keys": False, "width": 1000}
    parts = [yaml.dump(texts, **options) if texts else "", yaml.dump(marks, default_flow_style=None, **options)]
    return "".join(parts) if marks else parts[0]
