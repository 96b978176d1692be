"""Journals: a recorded kernel answers like the live one, files are whole or refused."""

from __future__ import annotations

import json
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.errors import JournalMissError, KernelUnavailableError, StorageError
from grader.journal import Entry, Head, Journal, JournalStore, RecordedKernel, Recording, RecordingKernel, digest
from grader.notebook import Cell, ExecutedNotebook, Picture
from grader.probe.types import Answer, Request

EXECUTED = ExecutedNotebook(
    "a.ipynb",
    (Cell(0, "code", "x = 1", text="é\ud800", pictures=(Picture("image/png", "aGk="),)), Cell(1, "markdown", "# t")),
    problems=("late",),
    shortened=(0,),
)


class Counting:
    """Answers with the number of the question; is gone after the third."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, request: Request) -> Answer:
        self.asked += 1
        if self.asked > 3:
            raise KernelUnavailableError("gone")
        return Answer({"n": self.asked, "odd": float("nan")}, {"x": np.full((2, 0, 3), self.asked, np.float32)})


def request(name: str) -> Request:
    return Request("scan", {"name": name}, {"x": np.arange(3)})


def recorded() -> Recording:
    kernel = RecordingKernel(Counting())
    for name in ("a", "b", "a"):
        kernel.ask(request(name))
    with pytest.raises(KernelUnavailableError):
        kernel.ask(request("c"))
    return kernel.recording()


def journal(key: str = "0" * 32) -> Journal:
    return Journal(Head(key, EXECUTED, {"seed": 3}), (recorded(),))


def test_a_recorded_kernel_answers_in_the_order_of_the_live_one() -> None:
    kernel = RecordedKernel(recorded())
    answers = [kernel.ask(request(name)).data["n"] for name in ("a", "a", "a", "b")]
    assert answers == [1, 3, 3, 2]
    with pytest.raises(KernelUnavailableError, match="gone"):
        kernel.ask(request("c"))
    assert kernel.misses == []


def test_an_unknown_question_is_a_miss_even_when_the_error_is_swallowed() -> None:
    kernel = RecordedKernel(recorded())
    with pytest.raises(JournalMissError):
        kernel.ask(request("z"))
    assert len(kernel.misses) == 1


def test_other_inputs_are_another_question() -> None:
    kernel = RecordedKernel(recorded())
    with pytest.raises(JournalMissError):
        kernel.ask(Request("scan", {"name": "a"}, {"x": np.arange(4)}))


def test_what_is_too_big_is_answered_but_not_kept() -> None:
    class Big:
        def ask(self, asked: Request) -> Answer:
            return Answer({}, {"x": np.zeros(2**20, np.uint8)})

    kernel = RecordingKernel(Big(), limit_mib=2)
    assert [kernel.ask(request(name)).tensors["x"].size for name in "abc"] == [2**20] * 3
    assert len(kernel.recording().entries) == 2


def test_a_file_holds_all_of_it(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "journals")
    store.save(journal())
    found = store.load("0" * 32)
    assert found is not None
    assert found.head.facts == {"seed": 3}
    assert found.head.executed.cells[0].text == "é\ufffd"
    assert found.head.executed.shortened == (0,)
    entries = found.recordings[0].entries
    assert [entry.verb for entry in entries] == ["scan"] * 4
    assert entries[0].answer is not None
    assert np.isnan(entries[0].answer.data["odd"])
    assert entries[0].answer.tensors["x"].shape == (2, 0, 3)
    assert entries[3].answer is None
    assert store.head("0" * 32) == found.head
    assert store.load("1" * 32) is store.head("1" * 32) is None


arrays = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_, np.float16]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(answers=st.lists(st.tuples(st.dictionaries(texts, data, max_size=3), st.lists(arrays, max_size=2)), max_size=3))
def test_any_answer_comes_back_as_it_was(answers, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = JournalStore(tmp_path_factory.getbasetemp() / "any")
    entries = tuple(
        Entry(str(at), "evaluate", Answer(body, {f"t{n}": array for n, array in enumerate(found)}))
        for at, (body, found) in enumerate(answers)
    )
    store.save(Journal(Head("2" * 32, EXECUTED), (Recording(entries),)))
    loaded = store.load("2" * 32)
    assert loaded is not None
    for before, after in zip(entries, loaded.recordings[0].entries, strict=True):
        assert before.answer is not None
        assert after.answer is not None
        assert after.answer.data == before.answer.data
        for name, array in before.answer.tensors.items():
            np.testing.assert_array_equal(after.answer.tensors[name], array)
            assert after.answer.tensors[name].dtype == array.dtype


@pytest.mark.parametrize("damage", ["cut", "text", "schema", "array", "bomb"])
def test_a_damaged_file_is_no_journal(tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = JournalStore(tmp_path)
    store.save(journal())
    path = store.path("0" * 32)
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "text":
        path.write_bytes(b"hello")
    elif damage == "bomb":
        monkeypatch.setattr("grader.journal.codec._MAX_MIB", 0)
    else:
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        if damage == "schema":
            parts["head.json"] = json.dumps({"schema": "grader.journal/2", "key": ""}).encode()
        else:
            parts["arrays.safetensors"] = b"\0" * 20
        with zipfile.ZipFile(path, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
    with pytest.raises(StorageError, match="not a whole journal"):
        store.load("0" * 32)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        JournalStore(tmp_path / "file" / "journals")


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = JournalStore(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        store.save(journal())
    assert not list(tmp_path.rglob("*.journal")) + list(tmp_path.rglob("*.tmp"))


def test_a_lock_is_waited_for_until_the_waiting_is_given_up(tmp_path: Path) -> None:
    store, other = JournalStore(tmp_path), JournalStore(tmp_path)
    with store.lock("0" * 32), pytest.raises(StorageError, match="another grader"), other.lock("0" * 32, lambda: True):
        pytest.fail("both hold the lock")
    order: list[str] = []

    def second() -> None:
        with other.lock("0" * 32):
            order.append("second")

    thread = threading.Thread(target=second)
    with store.lock("0" * 32):
        thread.start()
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_the_order_of_keys_does_not_change_a_hash() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})
