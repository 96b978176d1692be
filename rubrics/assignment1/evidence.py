"""What a notebook of assignment 1 left behind, as arrays with their places: the common ground of its rubrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.probe import expr
from grader.probe.types import Answer, Array, Request
from grader.probe.value import Value, step_values
from grader.scoring import Student

MAX_FETCHED = 160
MAX_ELEMENTS = 1_000_000


@dataclass(frozen=True, eq=False)
class Seen:
    """An array that the notebook's own code handled.

    Attributes:
        array: Its values.
        name: The assignment's target, ``return``, the parameter, the path, or the picture function.
        cell: Index of the cell, None where unknown.
        function: Qualified name of the function of the notebook in which it was seen, None at the top level.
        serial: Order in time; 0 for what is only known to exist in the end.
        origin: ``sighting``, ``argument``, ``local``, ``returned``, ``input``, ``output``, ``shown``, ``held``,
            ``replay`` or ``op``.
        line: Line in the cell, from 1, where known.
    """

    array: Array
    name: str
    cell: int | None
    function: str | None
    serial: int
    origin: str
    line: int | None = None


@dataclass(frozen=True, eq=False)
class ImageCall:
    """A root call of a module with an image.

    Attributes:
        module: Number of the module.
        images: (B, 3, H, W), or (3, H, W) when the batch dimension was missing; None when it was not an array.
        outputs: Arrays in what it returned.
        norm_training: Whether a batch-norm layer was in training mode.
        cell: Index of the cell.
        function: Function of the notebook that made the call.
        serial: Order in time.
        error: Text of the exception that ended it, or ``""``.
    """

    module: int
    images: Array | None
    outputs: tuple[Array, ...]
    norm_training: bool
    cell: int | None
    function: str | None
    serial: int
    error: str


@dataclass
class Evidence:
    """The inventory, and the arrays found in it.

    Attributes:
        answer: The inventory's answer.
        seen: Arrays in order of time.
        calls: Root calls with an image, in order of time.
        functions: The notebook's functions as the inventory describes them.
        modules: Root modules by their number.
        extra: Arrays that replays brought to light; kept apart, since probes caused them.
    """

    answer: Answer
    seen: list[Seen] = field(default_factory=list)
    calls: list[ImageCall] = field(default_factory=list)
    functions: list[Mapping[str, Any]] = field(default_factory=list)
    modules: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    extra: list[Seen] = field(default_factory=list)

    @property
    def data(self) -> Mapping[str, Any]:
        """The inventory's data."""
        return self.answer.data

    def value(self, described: Any) -> Value:
        """Reads a described value of the inventory."""
        return Value(described, self.answer)

    def records(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Function and call record of every recorded call, in order of time."""
        pairs = [(function, record) for function in self.functions for record in entries(function, "calls")]
        yield from sorted(pairs, key=lambda pair: int(pair[1].get("serial") or 0))

    def globals(self) -> list[tuple[str, Value]]:
        """Global names and their (brief) values."""
        return [(str(entry.get("name")), self.value(entry.get("value"))) for entry in entries(self.data, "globals")]


def entries(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The mappings in a list of an answer; empty when the layout is broken."""
    found = data.get(key)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def whole(number: Any) -> int | None:
    """An int of an answer, or None."""
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def gather(student: Student) -> Evidence:
    """Asks for the inventory and collects its arrays; use it through ``student.find(gather)``."""
    answer = student.ask(Request("inventory", timeout_s=120))
    evidence = Evidence(answer)
    data = answer.data
    evidence.functions = entries(data, "functions")
    evidence.modules = {
        int(entry["obj"]): entry for entry in entries(data, "modules") if whole(entry.get("obj")) is not None
    }
    evidence.seen += list(_sightings(evidence, entries(data, "sightings"), answer))
    evidence.seen += list(_shown(evidence))
    evidence.seen += list(_returned(evidence))
    evidence.calls = list(_image_calls(evidence))
    evidence.seen += list(_outputs(evidence))
    evidence.seen += _fetched(student, evidence)
    evidence.seen = [seen for seen in evidence.seen if seen.array.size]
    evidence.seen.sort(key=lambda seen: seen.serial)
    return evidence


def _sightings(
    evidence: Evidence, found: Sequence[Mapping[str, Any]], answer: Answer, origin: str = "sighting"
) -> Iterator[Seen]:
    for entry in found:
        array = Value(entry.get("value"), answer).array()
        if array is not None and array.dtype.kind in "biuf":
            function = entry.get("function")
            yield Seen(
                array,
                str(entry.get("name")),
                whole(entry.get("cell")),
                str(function) if function else None,
                whole(entry.get("serial")) or 0,
                origin,
                whole(entry.get("line")),
            )


def step_sightings(evidence: Evidence, step: Mapping[str, Any], answer: Answer) -> list[Seen]:
    """Arrays that a step of an ``evaluate`` request saw."""
    return [seen for seen in _sightings(evidence, entries(step, "sightings"), answer, "replay") if seen.array.size]


def _shown(evidence: Evidence) -> Iterator[Seen]:
    for entry in entries(evidence.data, "shown"):
        array = evidence.value(entry.get("value")).array()
        if array is not None and array.dtype.kind in "biuf":
            yield Seen(
                array,
                str(entry.get("function")),
                whole(entry.get("cell")),
                None,
                whole(entry.get("serial")) or 0,
                "shown",
            )


def _returned(evidence: Evidence) -> Iterator[Seen]:
    for function, record in evidence.records():
        for array in evidence.value(record.get("returned")).arrays():
            if array.dtype.kind in "biuf":
                yield Seen(
                    array,
                    "return",
                    whole(record.get("cell")),
                    str(function.get("name")),
                    whole(record.get("serial")) or 0,
                    "returned",
                )


def _image_calls(evidence: Evidence) -> Iterator[ImageCall]:
    calls = entries(evidence.data, "calls")
    for at, call in enumerate(calls):
        images = None
        values = [evidence.value(given) for given in call.get("inputs") or []]
        for value in values:
            array = value.array()
            if array is not None and is_channel_first(array):
                images = array
                break
            if array is not None and call.get("error") and array.ndim == 4 and array.shape[:2] == (3, 1):
                images = array[:, 0]  # the dimension of the batch was put behind the channels
                break
        pictured = any(value.kind == "image" for value in values)
        if images is None and not pictured:
            continue
        pieces = _pieces(calls, at)
        error = next((one["error"] for one in (call, *pieces) if one.get("error")), None)
        yield ImageCall(
            whole(call.get("module")) or 0,
            images,
            tuple(evidence.value(call.get("output")).arrays()),
            any(one.get("norm_training") for one in (call, *pieces)),
            whole(call.get("cell")),
            call.get("in_function"),
            whole(call.get("serial")) or 0,
            str(error.get("text", "error")) if isinstance(error, Mapping) else "",
        )


def _pieces(calls: Sequence[Mapping[str, Any]], at: int) -> list[Mapping[str, Any]]:
    """The calls that go on with what call ``at`` returned, layer by layer."""
    place = [calls[at].get(key) for key in ("cell", "in_function")]
    shape = _first_shape(calls[at].get("output"))
    found: list[Mapping[str, Any]] = []
    for call in calls[at + 1 :]:
        inputs = call.get("inputs") or [None]
        if shape is None or [call.get(key) for key in ("cell", "in_function")] != place:
            break
        if _first_shape(inputs[0]) != shape:
            break
        found.append(call)
        shape = _first_shape(call.get("output"))
    return found


def _first_shape(described: Any) -> list[int] | None:
    found = described.get("shape") if isinstance(described, Mapping) else None
    return found if isinstance(found, list) else None


def is_channel_first(array: Array) -> bool:
    """Whether an array may be (B, 3, H, W) or (3, H, W) images."""
    return array.ndim in (3, 4) and array.size > 0 and array.shape[-3] == 3 and min(array.shape[-2:]) >= 16


def _outputs(evidence: Evidence) -> Iterator[Seen]:
    for call in entries(evidence.data, "calls"):
        for key in ("inputs", "output"):
            found = call.get(key)
            values = [evidence.value(item) for item in found] if isinstance(found, list) else [evidence.value(found)]
            for value in values:
                for array in value.arrays():
                    if array.dtype.kind in "biuf":
                        yield Seen(
                            array,
                            key,
                            whole(call.get("cell")),
                            call.get("in_function"),
                            whole(call.get("serial")) or 0,
                            key.removesuffix("s"),
                        )


def _fetched(student: Student, evidence: Evidence) -> list[Seen]:
    """Arrays that call records and globals name but do not carry."""
    wanted: dict[int, Seen] = {}
    by_name: dict[str, Seen] = {}
    empty = np.zeros(0)
    for function, record in evidence.records():
        for kind, origin in (("args", "argument"), ("locals", "local")):
            numbers = record.get("locals_obj" if kind == "locals" else "obj_args") or {}
            for name, described in (record.get(kind) or {}).items():
                number = whole(numbers.get(name))
                if number is not None and _worth_fetching(described):
                    wanted[number] = Seen(
                        empty,
                        str(name),
                        whole(record.get("cell")),
                        str(function.get("name")),
                        whole(record.get("serial")) or 0,
                        origin,
                    )
    for entry in entries(evidence.data, "globals"):
        if _worth_fetching(entry.get("value")):
            by_name[str(entry.get("name"))] = Seen(
                empty, str(entry.get("name")), whole(entry.get("cell")), None, 0, "held"
            )
    steps = [{"slot": f"g:{name}", "expr": expr.var(name)} for name in list(by_name)[:MAX_FETCHED]]
    steps += [{"slot": f"o:{number}", "expr": expr.obj(number)} for number in list(wanted)[-MAX_FETCHED:]]
    if not steps:
        return []
    values = step_values(student.ask(Request("evaluate", {"steps": steps}, timeout_s=120)))
    places = {**{f"g:{name}": seen for name, seen in by_name.items()}, **{f"o:{n}": seen for n, seen in wanted.items()}}
    return [
        Seen(
            array, places[slot].name, places[slot].cell, places[slot].function, places[slot].serial, places[slot].origin
        )
        for slot, value in values.items()
        if value is not None
        for array in value.arrays()
        if array.dtype.kind in "biuf"
    ]


def _worth_fetching(described: Any) -> bool:
    if not isinstance(described, Mapping):
        return False
    kind = described.get("kind")
    if kind == "image":
        size = described.get("size") or [0, 0]
        return int(size[0]) * int(size[1]) * 3 <= MAX_ELEMENTS * 4
    if kind in ("tensor", "ndarray"):
        numel = int(np.prod(described.get("shape") or [0]))
        return 2 <= numel <= MAX_ELEMENTS * 4 and described.get("dtype") != "object"
    if kind in ("list", "tuple"):
        return any(_worth_fetching(item) for item in (described.get("items") or [])[:8])
    if kind == "dict":
        return any(
            _worth_fetching(pair[1])
            for pair in (described.get("items") or [])[:8]
            if isinstance(pair, list) and len(pair) == 2
        )
    return False


def cell_label(cell: int | None, line: int | None = None) -> str:
    """How evidence names a cell, and a line of it: counted from 1."""
    if cell is None:
        return "the notebook"
    return f"cell {cell + 1}" if line is None else f"cell {cell + 1}, line {line}"
