"""Journals as files: a ZIP archive of JSON and safetensors, checked against its schema when it is read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from grader.errors import StorageError
from grader.journal.types import Entry, Head, Journal, Recording
from grader.notebook import ExecutedNotebook
from grader.probe.types import Answer, Array

SCHEMA: Literal["grader.journal/1"] = "grader.journal/1"
_EXECUTED = TypeAdapter(ExecutedNotebook)
_HEAD, _CELLS, _ENTRIES, _ARRAYS = "head.json", "executed.json", "recordings.json", "arrays.safetensors"
_MAX_MIB = 2_048
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, KeyError, ValueError, RecursionError, EOFError, OSError),
    *(ValidationError, SafetensorError),
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Entry(_Part):
    """``tensors``: name in the answer → name in the file of arrays."""

    key: str
    verb: str
    data: dict[str, Any] | None = None
    tensors: dict[str, str] = Field(default_factory=dict)
    error: dict[str, str] | None = None
    unavailable: str = ""


class _Recording(_Part):
    questions: list[str]
    entries: list[_Entry]


class _HeadModel(_Part):
    schema_: Literal["grader.journal/1"] = Field(alias="schema")
    key: str
    limited: bool
    facts: dict[str, Any]


_RECORDINGS = TypeAdapter(list[_Recording])


def encode(journal: Journal) -> bytes:
    """The journal as a file's content."""
    arrays: dict[str, Array] = {}
    head, executed = journal.head, _EXECUTED.dump_python(journal.head.executed)
    recordings = [
        {"questions": list(recording.questions), "entries": [_packed(entry, arrays) for entry in recording.entries]}
        for recording in journal.recordings
    ]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        # Python's own JSON in both directions, as for answers on their way: what a kernel said comes back as it was.
        facts = {"schema": SCHEMA, "key": head.key, "limited": head.limited, "facts": dict(head.facts)}
        archive.writestr(_HEAD, json.dumps(facts))
        archive.writestr(_CELLS, json.dumps(_well_formed(executed)))
        archive.writestr(_ENTRIES, json.dumps(recordings))
        archive.writestr(_ARRAYS, save(arrays))
    return content.getvalue()


def decode(path: Path) -> Journal:
    """Reads a journal.

    Raises:
        StorageError: It is damaged or of another version.
        FileNotFoundError: There is none.
    """
    with _opened(path) as archive:
        head = _head(archive)
        arrays: Mapping[str, Array] = load(archive.read(_ARRAYS))
        recordings = _RECORDINGS.validate_python(json.loads(archive.read(_ENTRIES)))
        if not recordings:
            message = "it holds no recording"
            raise ValueError(message)
        return Journal(
            head,
            tuple(
                Recording(tuple(_unpacked(entry, arrays) for entry in recording.entries), tuple(recording.questions))
                for recording in recordings
            ),
        )


def decode_head(path: Path) -> Head:
    """Reads what a report needs of a journal, without the recordings.

    Raises:
        StorageError: It is damaged or of another version.
        FileNotFoundError: There is none.
    """
    with _opened(path) as archive:
        return _head(archive)


def _head(archive: zipfile.ZipFile) -> Head:
    model = _HeadModel.model_validate(json.loads(archive.read(_HEAD)))
    executed = _EXECUTED.validate_python(json.loads(archive.read(_CELLS)))
    return Head(model.key, executed, model.facts, model.limited)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_MIB * 2**20:
                message = f"it unpacks to more than {_MAX_MIB} MiB"
                raise ValueError(message)
            yield archive
    except FileNotFoundError:
        raise
    except _DAMAGE as fault:
        message = f"{path}: not a whole journal ({type(fault).__name__}: {str(fault)[:200]})."
        raise StorageError(message, hint="Delete it; the notebook is then executed again.") from fault


def _packed(entry: Entry, arrays: dict[str, Array]) -> dict[str, Any]:
    answer = entry.answer
    if answer is None:
        return {"key": entry.key, "verb": entry.verb, "unavailable": entry.unavailable or "gone"}
    return {
        "key": entry.key,
        "verb": entry.verb,
        "data": dict(answer.data),
        "tensors": {name: _stored(array, arrays) for name, array in answer.tensors.items()},
        "error": None if answer.error is None else dict(answer.error),
    }


def _stored(array: Array, arrays: dict[str, Array]) -> str:
    """Stores an array once, however many answers hold it."""
    whole = np.ascontiguousarray(array).reshape(array.shape)
    name = hashlib.sha256(f"{whole.dtype.str}{whole.shape}".encode() + whole.tobytes()).hexdigest()[:32]
    arrays.setdefault(name, whole)
    return name


def _unpacked(entry: _Entry, arrays: Mapping[str, Array]) -> Entry:
    if entry.data is None:
        return Entry(entry.key, entry.verb, None, entry.unavailable)
    tensors = {name: arrays[stored] for name, stored in entry.tensors.items()}
    return Entry(entry.key, entry.verb, Answer(entry.data, tensors, entry.error))


def _well_formed(data: Any) -> Any:
    """Texts without lone surrogates, which a cell may show and no file can hold."""
    if isinstance(data, str):
        return data.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(data, dict):
        return {key: _well_formed(value) for key, value in data.items()}
    return [_well_formed(value) for value in data] if isinstance(data, (list, tuple)) else data
