"""Canvas: the flat ``submissions.zip`` of an assignment, with the gradebook's CSV beside it if there is one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.intake.names import collision_key, listing
from grader.intake.platforms.keys import word_keys
from grader.intake.platforms.people import Desk, Person
from grader.intake.platforms.tree import Parts, wrapper
from grader.intake.tables import read_csv
from grader.intake.types import Identity, Received

_QUIZ = re.compile(r"^(?P<name>[^\W\d_]+)(?P<uid>\d+)_question_(?P<qid>\d+)_(?P<att>\d+)_(?P<file>.+)$")
_ANONYMOUS = re.compile(
    r"^(?P<late>LATE_)?anon_(?P<uid>[A-Za-z0-9]+)_(?:(?P<att>\d+)_(?P<file>.+)|(?P<kind>text|link)\.html)$"
)
_NAMED = re.compile(
    r"^(?P<name>.+?)_(?P<late>LATE_)?(?P<uid>\d+)_(?:(?P<att>\d+)_(?P<file>.+)|(?P<kind>text|link)\.html)$"
)
_REPEATED = re.compile(r"-\d{1,2}(?=\.[^.]+$)")
_NEARLY_ALL = 0.8


@dataclass(frozen=True)
class _File:
    """A file's name taken apart; attachments have growing numbers."""

    uid: str
    name: str
    late: bool
    kind: str
    attachment: int
    file: str
    question: str
    path: Path


def detect(names: Sequence[Parts], label: str) -> bool:
    """Nearly all files, in one folder, with the names that Canvas gives."""
    around = len(wrapper(names))
    flat = [name[-1] for name in names if len(name) == around + 1 and not name[-1].lower().endswith((".csv", ".yaml"))]
    fitting = sum(_match(name) is not None for name in flat)
    deeper = sum(len(name) > around + 1 for name in names)
    return fitting > 0 and fitting >= _NEARLY_ALL * (len(flat) + deeper)


def person(parts: Parts) -> int:
    """The file itself."""
    return len(parts) if _match(parts[-1]) else 0


def read(desk: Desk) -> list[Person]:
    """Reads files and texts; a file that was handed in again counts once, as attached last."""
    files: dict[str, list[_File]] = defaultdict(list)
    others = []
    for name in desk.tree.names:
        found = _file(name[-1], desk.tree.files[name])
        if found is not None:
            files[found.uid].append(found)
        elif not name[-1].lower().endswith((".csv", ".tsv")):
            others.append("/".join(name))
    if others:
        desk.note(f"{listing(others)} not graded: the name tells no student.", desk.tree.label)
    known = _gradebook(desk)
    return [_person(desk, uid, own, known) for uid, own in files.items()]


def _match(name: str) -> re.Match[str] | None:
    return _QUIZ.match(name) or _ANONYMOUS.match(name) or _NAMED.match(name)


def _file(name: str, path: Path) -> _File | None:
    match = _match(name)
    if match is None:
        return None
    groups = match.groupdict()
    return _File(
        match["uid"], groups.get("name") or "", bool(groups.get("late")), groups.get("kind") or "",
        int(groups.get("att") or 0), groups.get("file") or name, groups.get("qid") or "", path,
    )  # fmt: skip


def _person(desk: Desk, uid: str, files: list[_File], known: dict[str, Identity]) -> Person:
    written = next((file.name for file in files if file.name), "")
    owner = Person(known.get(uid) or Identity(written, source_key=uid))
    owner.places = [file.path for file in files]
    if uid in known and written and not _same(written, known[uid].name):
        owner.note(f"The files call the student {written!r}, the gradebook {known[uid].name!r}.", uid)
    owner.received = Received(None, any(file.late for file in files), None)
    kept: dict[tuple[str, str], _File] = {}
    replaced = []
    names = {collision_key(file.file) for file in files}
    for file in sorted(files, key=lambda file: file.attachment):
        if file.kind == "link":
            desk.link(owner, file.path)
        elif file.kind == "text":
            desk.free_text(owner, "text", desk.read_text(file.path, owner), html=True)
        else:
            key = (file.question, _key(file.file, names))
            if key in kept:
                replaced.append(kept[key].path.name)
            kept[key] = file
    for file in kept.values():
        folder = f"{desk.folder_of((f'question {file.question}', file.question))}/" if file.question else ""
        owner.add(folder + file.file, file.path)
    if replaced:
        owner.note(f"{listing(replaced)} not graded: attached again later.")
    return owner


def _key(file: str, names: set[str]) -> str:
    """Equal for a file and its repetition, which Canvas numbers (``a1.ipynb``, ``a1-1.ipynb``)."""
    key = collision_key(file)
    first = _REPEATED.sub("", key)
    return first if first in names else key


def _gradebook(desk: Desk) -> dict[str, Identity]:
    """Canvas' user id → identity, by the gradebook's CSV."""
    found: dict[str, Identity] = {}
    for path in desk.tables():
        table = read_csv(path)
        if (
            table is None
            or table.column("ID") is None
            or table.column("Section", "SIS Login ID", "SIS User ID") is None
        ):
            continue
        first, last = table.values(("FirstName", "First Name")), table.values(("LastName", "Last Name"))
        columns = [table.values((label,)) for label in ("Student", "ID", "SIS User ID", "SIS Login ID")]
        for student, uid, number, login, given, family in zip(*columns, first, last, strict=True):
            if uid.isdigit():
                family_name, comma, given_name = student.partition(",")
                name = f"{given_name.strip()} {family_name.strip()}" if comma else student or f"{given} {family}"
                email = login if "@" in login else ""
                found[uid] = Identity(name.strip(), login, email, number, source_key=uid)
    return found


def _same(written: str, name: str) -> bool:
    """Whether Canvas may have written a name as one word, last name first."""
    words = name.split()
    turns = [" ".join(words[place:] + words[:place]) for place in range(len(words))]
    return any(not word_keys(written).isdisjoint(word_keys(turn)) for turn in turns)
