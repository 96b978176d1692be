"""Whatever is uploaded: nothing is written outside the workspace, nothing is raised, nobody else is affected."""

from __future__ import annotations

import json
import os
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import UserError
from grader.intake import read_submissions, safe_name
from grader.intake.answers import parse_answers
from grader.intake.names import disk_name
from tests.intake.making import HINTS, SMALL, notebook, sources, tarred, zipped

PARTS = st.sampled_from(
    ["..", ".", "", "a", "A", "ä", "a\u0308", "a.ipynb", "A1.ipynb", "answers.yaml", "x" * 210, "con", "n\nl"]
)
NAMES = st.one_of(
    st.lists(PARTS, min_size=1, max_size=6).map("/".join),
    st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    st.lists(PARTS, min_size=1, max_size=4).map("\\".join),
    st.text(min_size=1, max_size=20),
)
MODES = st.sampled_from([0, stat.S_IFREG | 0o4777, stat.S_IFLNK | 0o777, stat.S_IFCHR, stat.S_IFDIR | 0o777])
CONTENTS = st.sampled_from([b"", b"/etc/passwd", b"..", notebook("x"), notebook("x")[:30], b"\x00" * 5000, b"1a: [*a]"])
ENTRIES = st.lists(st.tuples(NAMES, MODES, CONTENTS), max_size=12)
KINDS = [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE]
FEW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def make_zip(entries) -> bytes:
    pairs = []
    for name, mode, content in entries:
        info = zipfile.ZipInfo(name.encode("utf-8", "replace").decode())
        info.external_attr = mode << 16
        pairs.append((info, content))
    return zipped(pairs)


def make_tar(entries) -> bytes:
    members = []
    for name, kind, content in entries:
        info = tarfile.TarInfo(name.encode("utf-8", "replace").decode())
        info.type, info.linkname = kind, "../../outside"
        members.append((info, content if kind == tarfile.REGTYPE else b""))
    return tarred(members)


def read_beside_bob(name: str, content: bytes) -> None:
    """Reads a class with a hostile archive of Alice's and checks what must always hold."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        (top / "class" / "bob").mkdir(parents=True)
        (top / "class" / "bob" / "A1.ipynb").write_bytes(notebook("bob"))
        (top / "class" / name).write_bytes(content)
        before = _tree(top)
        intake = read_submissions(top / "class", top / "deep" / "work", HINTS, limits=SMALL)
        after = _tree(top)
        assert {path for path in after if not path.startswith("deep")} == set(before)
        assert {path: after[path] for path in before} == before
        for path, kind in after.items():
            assert kind in {"folder", "file"}, path
        submissions = {submission.student: submission for submission in intake.submissions}
        assert set(submissions) == {"alice", "bob"}
        assert (sources(submissions["bob"]), submissions["bob"].problems) == ({"1": ["bob"]}, ())
        assert submissions["alice"].folder.is_relative_to(top / "deep" / "work")
        assert sum(path.stat().st_size for path in submissions["alice"].folder.rglob("*")) < 2_000_000


def _tree(top: Path) -> dict[str, str]:
    kinds = {}
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            kind = "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"
            assert not mode & (stat.S_ISUID | stat.S_ISGID)
            kinds[path.relative_to(top).as_posix()] = kind
    return kinds


@pytest.mark.filterwarnings("ignore:Duplicate name")
@FEW
@given(ENTRIES)
def test_no_zip_writes_outside_the_workspace(entries):
    read_beside_bob("alice.zip", make_zip(entries))


@FEW
@given(st.lists(st.tuples(NAMES, st.sampled_from(KINDS), CONTENTS), max_size=12))
def test_no_tar_writes_outside_the_workspace(entries):
    read_beside_bob("alice.tar.gz", make_tar(entries))


@FEW
@given(st.data(), st.sampled_from(["alice.zip", "alice.tar", "alice.tar.gz"]))
def test_no_damage_to_an_archive_is_raised(data, name):
    entries = [("A1.ipynb", notebook("x")), ("a/b.txt", b"b" * 600)]
    good = zipped(entries) if name.endswith("zip") else tarred(entries, "w:gz" if name.endswith("gz") else "w")
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    read_beside_bob(name, bytes(damaged[: data.draw(st.integers(0, len(good)))]))


@FEW
@given(st.binary(max_size=300))
def test_no_bytes_are_raised(content):
    read_beside_bob("alice.zip", content)


@FEW
@given(ENTRIES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_class_archive_is_raised(entries):
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        (top / "class.zip").write_bytes(make_zip(entries))
        read_submissions(top / "class.zip", top / "deep" / "work", HINTS, limits=SMALL)
        assert {path.split("/")[0] for path in _tree(top)} <= {"class.zip", "deep"}


KEYS = [
    "cells",
    "worksheets",
    "nbformat",
    "nbformat_minor",
    "metadata",
    "source",
    "cell_type",
    "outputs",
    "input",
    "language_info",
    "kernelspec",
    "name",
    "level",
    "attachments",
    "id",
    "code",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)
CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading", "html"]) | JSON,
        "source": JSON,
        "input": JSON,
        "metadata": JSON,
        "outputs": JSON,
        "level": JSON,
        "id": JSON,
    },
)
NOTEBOOKS = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.integers(0, 6) | JSON,
        "nbformat_minor": JSON,
        "metadata": JSON,
        "cells": st.lists(CELL | JSON, max_size=4) | JSON,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(CELL, max_size=3)}) | JSON, max_size=2),
    },
)


def read_file(name: str, content: bytes):
    with tempfile.TemporaryDirectory() as folder:
        alice = Path(folder) / "class" / "alice"
        alice.mkdir(parents=True)
        (alice / name).write_bytes(content)
        (submission,) = read_submissions(alice.parent, Path(folder) / "work", HINTS, limits=SMALL).submissions
        return submission


@FEW
@given(NOTEBOOKS | JSON)
def test_any_json_is_a_notebook_or_says_why_not(document):
    file = read_file("A1.ipynb", json.dumps(document).encode()).notebooks["1"]
    assert (file.notebook is None) == bool(file.error)
    if file.notebook is not None:
        nbformat.validate(file.notebook)
        assert all(isinstance(cell.source, str) for cell in file.notebook.cells)
        nbformat.writes(file.notebook).encode()


@FEW
@given(st.sampled_from(["A1.ipynb", "answers.yaml", "x.json", "x.zip"]), st.binary(max_size=400))
def test_any_bytes_under_any_name(name, content):
    read_file(name, content)


@FEW
@given(st.text(max_size=200) | st.text("1ab:[]{}*&!|>-?'\"# \n,", max_size=60))
def test_any_answers(text):
    answers, _ = parse_answers(text, "answers.yaml")
    assert all(isinstance(value, str | list) for value in answers.values())


@given(st.text(max_size=300))
def test_any_name_is_safe(name):
    for made in (safe_name(name), disk_name(name, 200)):
        assert made not in {"", ".", ".."}
        assert not set(made) & set("/\\\x00\n")
        assert len(made.encode()) <= 200


@given(st.text(max_size=20), st.text(max_size=20))
def test_safe_names_are_distinct(first, second):
    assert (safe_name(first) == safe_name(second)) == (first == second)


@FEW
@given(st.text(st.characters(exclude_characters="/\x00", exclude_categories=("Cs",)), min_size=1, max_size=60))
def test_any_folder_name_is_a_student(name):
    with tempfile.TemporaryDirectory() as folder:
        student = Path(folder) / "class" / name
        try:
            student.mkdir(parents=True)
            (student / "A1.ipynb").write_bytes(notebook("x"))
        except OSError:
            return
        try:
            intake = read_submissions(Path(folder) / "class", Path(folder) / "work", HINTS)
        except UserError:
            pytest.fail("a folder's name is not the user's fault")
        assert len(intake.submissions) <= 1
        (Path(folder) / "out" / safe_name(name)).mkdir(parents=True)
