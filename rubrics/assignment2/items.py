"""One item of a data set of names: what encodes the name, and the target."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.probe.value import Value
from rubrics.assignment2.alignment import Matrix
from rubrics.assignment2.facts import Step

USUAL_FORM = "(x, y,)"
_GENDER = re.compile(r"(m|f|w|male|female|boy|girl|man|woman|männlich|weiblich)$", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """One item of the data set.

    Attributes:
        index: Its index.
        name: The name that it should encode, or ``""`` when unknown.
        gender: ``M`` or ``F``, or ``""``.
        x: What encodes the name, with the leading singleton dimensions as given.
        dtype: Of ``x``.
        target: Numbers of the target; None when there is none.
        other: A description of a target that is not numeric, e.g. a string.
        fault: The exception, or ``""``.
        error: The exception as data.
        form: Its form as an expression in ``x`` and ``y``, such as ``(x, y,)`` or ``{'name': x, 'label': y}``.
        column: Whether the target is a tensor of shape (1), so that a batch of them is (B, 1).
    """

    index: int
    name: str
    gender: str
    x: Matrix | None = None
    dtype: str = ""
    target: Matrix | None = None
    other: str = ""
    fault: str = ""
    error: Mapping[str, Any] = field(default_factory=dict)
    form: str = USUAL_FORM
    column: bool = False

    @property
    def rows(self) -> Matrix | None:
        """``x`` as S×D, or S×1 for index numbers; singleton dimensions dropped."""
        if self.x is None:
            return None
        if self.x.ndim == 1:
            return self.x.reshape(-1, 1)
        kept = self.x if self.x.ndim == 2 else np.squeeze(self.x)
        if kept.ndim == 1:
            return kept.reshape(1, -1)
        return kept if kept.ndim == 2 else None


def read_item(index: int, result: Step) -> Item:
    """The item that an index gave, or its fault."""
    if not result.ok:
        return Item(index, "", "", fault=result.fault, error=result.error)
    parts = [value for value in result.value.walk() if value.kind not in {"list", "tuple", "dict", "set"}]
    arrays = [(value, array) for value in parts if (array := value.array()) is not None and array.size > 2]
    if not arrays:
        numbers = _listed(result.value)
        if numbers is None:
            return Item(index, "", "", other=_text(result.value), form=_worded_form(result.value))
        target, _ = _target([v for v in result.value.items() if v.kind not in {"list"}])
        return Item(index, "", "", x=numbers, dtype="list", target=target, other=_text(result.value))
    chosen, array = max(arrays, key=lambda pair: (pair[1].ndim, pair[1].size))
    rest = [value for value in parts if value is not chosen]
    target, where = _target(rest)
    word = next((value for value in rest if (text := value.text()) is not None and len(text) < 12), None)
    if target is None or (not np.isin(target, (0, 1)).all() and word is not None and _GENDER.match(word.text() or "")):
        target, where = None, word
    return Item(
        index,
        "",
        "",
        np.asarray(array, dtype=np.float64),
        str(chosen.data.get("dtype", "")),
        target,
        (word.text() or "") if word is not None else "",
        form=_form(result.value, chosen, where) if where is not None else USUAL_FORM,
        column=where is not None and where.shape == (1,),
    )


def _form(value: Value, x: Value, y: Value) -> str:
    """How the item is put together, with what is neither name nor target replaced by something of its kind."""
    if value.data is x.data:
        return "x"
    if value.data is y.data:
        return "y"
    if value.kind in {"list", "tuple"}:
        parts = "".join(f"{_form(part, x, y)}, " for part in value.items())
        if value.kind == "tuple" and value.type_name.isidentifier() and value.type_name != "tuple":
            return f"{value.type_name}({parts})"  # a named tuple of the notebook
        return f"({parts})" if value.kind == "tuple" else f"[{parts}]"
    if value.kind == "dict":
        return "{" + "".join(f"{_key(key)!r}: {_form(part, x, y)}, " for key, part in value.pairs()) + "}"
    if value.text() is not None:
        return "'anna'"
    return "len(x)"


def _worded_form(value: Value) -> str:
    """The form of an item whose name is left as text."""
    words = [part for part in value.walk() if part.text() is not None]
    names = [part for part in words if not _GENDER.match(part.text() or "")]
    genders = [part for part in words if part not in names]
    numbers = [part for part in value.walk() if (n := part.numbers()) is not None and n.size <= 2]
    if not names or not (genders or numbers):
        return USUAL_FORM
    return _form(value, names[0], (genders or numbers)[-1])


def _key(key: Value) -> str | int:
    text = key.text()
    return text if text is not None else int(key.number() or 0)


def _listed(value: Value) -> Matrix | None:
    """An encoding that is a plain list of numbers."""
    for part in value.walk():
        if part.kind == "list":
            numbers = part.numbers()
            if numbers is not None and numbers.size > 2:
                return np.asarray(numbers, dtype=np.float64)
    return None


def _target(parts: Sequence[Value]) -> tuple[Matrix | None, Value | None]:
    """The target's numbers, and which part it is: the last that can be one, else the last small number."""
    small = [
        (np.asarray(numbers, dtype=np.float64).reshape(-1), part)
        for part in reversed(parts)
        if (numbers := part.numbers()) is not None and numbers.size <= 2
    ]
    if not small:
        return None, None
    return next((pair for pair in small if np.isin(pair[0], (0, 1)).all()), small[0])


def _text(value: Value) -> str:
    texts = [text for part in value.walk() if (text := part.text()) is not None]
    return ", ".join(repr(text)[:30] for text in texts[:3]) or value.kind
