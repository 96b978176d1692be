"""2(d): data set of encoded names, all of the same length S."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.probe import expr
from grader.scoring import Outcome, Student, carried, met, not_met, review
from rubrics.assignment2.alignment import Code, Sample, written_with
from rubrics.assignment2.clean import clean_data_set
from rubrics.assignment2.coded import coded_data_set
from rubrics.assignment2.data import DataSet, find_data_set
from rubrics.assignment2.encoding import same_code
from rubrics.assignment2.facts import ask, facts, names_table
from rubrics.assignment2.items import Item
from rubrics.assignment2.layouts import flattened, in_rows, transposed
from rubrics.assignment2.padding import padding_outcome
from rubrics.assignment2.question_c import Judged, judged

_NAMES = ("len", "item", "padding", "encoding", "target")


def data_set(student: Student) -> Iterator[Outcome]:
    """2(d): every criterion."""
    data = _whole(student)
    if data is None:
        for name in _NAMES:
            yield not_met(f"2d.{name}", "no data set of names was found")
        return
    yield _length(student, data)
    seen = data
    source = "2c" if data.clean or data is student.find(coded_data_set) else ""
    if not data.good or _crash_explained(student, data):
        repaired = _repaired(student, data)
        if repaired is not None:
            seen, source = repaired, "2c"
    rest = list(_contents(student, seen))
    if source:
        rest = [_carry(outcome, data) for outcome in rest]
    yield from rest


def _whole(student: Student) -> DataSet | None:
    """The data set; where 2(c)'s faults let it not be made, as it would be without them."""
    data = student.find(find_data_set)
    made = data is not None and (data.rows == 0 or data.good)
    if data is not None and not data.good:
        coded = student.find(coded_data_set)
        if coded is not None:
            return coded
    if made or not (student.lost("2c.hyphen") or student.lost("2c.case")):
        return data
    return student.find(clean_data_set) or data


def _carry(outcome: Outcome, data: DataSet) -> Outcome:
    """What is right but for a crash that an earlier fault causes."""
    if outcome.kind != "met" or outcome.criterion not in {"2d.item", "2d.encoding"}:
        return outcome
    fault = next((item.fault for item in data.items if item.fault), "the data set could not be made")
    return carried(outcome.criterion, "2c", f"{fault}; without that character: {outcome.saw}")


def _crash_explained(student: Student, data: DataSet) -> bool:
    """Whether every item that fails contains a character that 2(c) cannot encode."""
    failing = [item for item in data.items if item.fault]
    if not failing:
        return False
    return all(
        (student.lost("2c.hyphen") and "-" in item.name)
        or (student.lost("2c.case") and item.name.lower() != item.name)
        or (student.lost("2c.letters"))
        for item in failing
    )


def _repaired(student: Student, data: DataSet) -> DataSet | None:
    """The data set without the characters that 2(c) cannot encode."""
    if not (student.lost("2c.hyphen") or student.lost("2c.case")):
        return None
    if data.good and data.alignment.layout and not student.lost("2c.case"):
        return data
    clean = student.find(clean_data_set)
    return clean if clean is not None and clean.good else (data if data.good else None)


# --- length ---------------------------------------------------------------------------------------------------


def _length(student: Student, data: DataSet) -> Outcome:
    count = len(student.find(names_table))
    if data.length is None:
        return not_met("2d.len", f"`len` of {data.how} fails: {_length_fault(student, data)}")
    saw = f"`len` of {data.how} is {data.length}"
    if not data.subclass:
        if not data.own:
            return not_met("2d.len", f"{saw}, but it is no `torch.utils.data.Dataset`")
        if data.length == count or data.length in _name_counts(student, data):
            return review("2d.len", f"{saw}, but its class does not derive from `torch.utils.data.Dataset`")
    if data.length == count or (data.rows and data.length == data.rows):
        return met("2d.len", saw)
    if data.length in _name_counts(student, data):
        return met("2d.len", f"{saw}, the number of names that it holds")
    return not_met("2d.len", f"{saw}; the file has {count} names")


def _length_fault(student: Student, data: DataSet) -> str:
    step = ask(student, [{"slot": "n", "expr": expr.call(expr.importing("builtins.len"), [data.expr])}])["n"]
    return step.fault


def _name_counts(student: Student, data: DataSet) -> set[int]:
    """Numbers of names that the notebook may rightly have: without doubles, or what the data set was given."""
    table = student.find(names_table)
    counts = {len({row.name for row in table}), len({row.name.lower() for row in table})}
    plain = [row for row in table if row.name.isascii() and row.name.isalpha()]
    counts |= {len(plain), len({row.name for row in plain})}
    counts |= {size for size in data.sizes.values() if size >= 50}
    found = student.find(facts)
    for entry in found.entries("globals"):
        value = found.value(entry.get("value"))
        if value.kind in {"list", "tuple", "dataframe", "ndarray"} and (value.length or 0) >= 50:
            counts.add(int(value.length or 0))
    return counts


# --- items ----------------------------------------------------------------------------------------------------


def _contents(student: Student, data: DataSet) -> Iterator[Outcome]:
    coding = student.find(judged)
    good = data.good
    if not good:
        fault = next((item.fault for item in data.items if item.fault), "")
        other = next((item.other for item in data.items if item.other), "")
        saw = f"{data.how}: an item fails with {fault}" if fault else f"{data.how}: an item is {other or 'no array'}"
        for name in ("item", "padding", "encoding"):
            yield not_met(f"2d.{name}", saw)
        yield _target(data) if not fault else not_met("2d.target", saw)
        return
    yield _item(student, data)
    data = in_rows(data, coding.size)
    yield padding_outcome(student, data, coding)
    yield _encoding(student, data, coding)
    yield _target(data)


def _item(student: Student, data: DataSet) -> Outcome:
    count = len(student.find(names_table))  # what an item behind the last name does follows from the length
    failing = [item for item in data.items if item.fault and (item.index < count or not data.own)]
    good = data.good
    if len(failing) > 0.5 * len(data.items):
        return not_met("2d.item", f"{data.how}: {len(failing)} of {len(data.items)} items fail: {failing[0].fault}")
    if failing and not _crash_explained(student, data):
        at = failing[0]
        return not_met("2d.item", f"{data.how}: item {at.index} ({at.name}) fails: {at.fault}")
    first = good[0]
    shape = first.x.shape if first.x is not None else ()
    saw = f"{data.how}: item {first.index} is {_times(shape)} of {first.dtype}"
    if first.dtype == "list":
        return review("2d.item", f"{saw}: a plain list, no tensor")
    if len(shape) == 1:
        return _flat(student, data, first, saw)
    squeezed = tuple(size for size in shape if size != 1)
    if len(shape) != 2:
        return review("2d.item", f"{saw}, not S×D") if len(squeezed) == 2 else not_met("2d.item", f"{saw}, not S×D")
    if transposed(data):
        return not_met("2d.item", f"{saw}: D×S instead of S×D")
    if not first.dtype.startswith(("float", "double")):
        return _not_float(student, saw)
    if failing:
        return carried("2d.item", "2c", f"{saw}; {failing[0].fault}")
    return met("2d.item", saw)


def _flat(student: Student, data: DataSet, first: Item, saw: str) -> Outcome:
    """Index numbers, or rows behind each other."""
    if flattened(first):
        return not_met("2d.item", f"{saw}: the rows are flattened")
    if data.alignment.layout or data.alignment.share > 0.8:
        if student.lost("2c.letters"):
            return carried("2d.item", "2c", f"{saw}: index numbers, as in 2(c)")
        return not_met("2d.item", f"{saw}: index numbers instead of codes")
    return not_met("2d.item", f"{saw}, not S×D")


def _not_float(student: Student, saw: str) -> Outcome:
    """Integers: whether something makes them float before the network is seen in what the network got."""
    found = student.find(facts)
    for call in found.entries("calls"):
        for described in call.get("inputs") or ():
            value = found.value(described)
            if (
                str(value.data.get("dtype", "")).startswith("float")
                and len(value.shape or ()) >= 2
                and not call.get("error")
            ):
                return review("2d.item", f"{saw}, not float; it is converted later")
    return not_met("2d.item", f"{saw}, not float")


def _times(shape: Sequence[int]) -> str:
    return "×".join(str(size) for size in shape) or "a single number"


# --- encoding and target --------------------------------------------------------------------------------------


def _encoding(student: Student, data: DataSet, coding: Judged) -> Outcome:
    alignment = data.alignment
    if not alignment.layout:
        if transposed(data):
            return review("2d.encoding", f"{data.how}: the names lie in the columns")
        samples = [Sample(item.name, item.rows) for item in data.good if item.name and item.rows is not None]
        if coding.given is not None and _miscoded(student) and written_with(samples, coding.given.of):
            return carried("2d.encoding", "2c", f"{data.how}: the rows are the codes of {coding.given.how}")
        return not_met("2d.encoding", f"{data.how}: {_example(data)}")
    if not alignment.right:
        return not_met("2d.encoding", f"{data.how}: {alignment.layout}")
    if "-" in alignment.dropped and not student.lost("2c.hyphen"):
        return not_met("2d.encoding", f"{data.how}: '-' is left out of the names")
    differing = _differing(coding, alignment.codes)
    saw = f"{data.how}: the rows are the codes of the characters in order ({alignment.layout})"
    if differing and coding.given is not None and coding.given.one_hot and len(differing) > 3:
        return not_met("2d.encoding", f"{data.how}: the row of '{differing[0]}' is not its code by {coding.given.how}")
    if data.width is None and student.lost("2c.letters"):
        return carried("2d.encoding", "2c", f"{saw}, as index numbers")
    if coding.given is None and not data.one_hot and not student.lost("2c.letters"):
        return not_met("2d.encoding", f"{data.how}: the rows are no one-hot codes")
    return met("2d.encoding", saw)


def _miscoded(student: Student) -> bool:
    """Whether 2(c) lost something by which characters share a code."""
    return any(student.lost(f"2c.{name}") for name in ("letters", "case", "hyphen"))


def _differing(coding: Judged, rows: Mapping[str, Code]) -> list[str]:
    given = coding.given
    if given is None or given.size is None:
        return []
    # what capitals are encoded as is the business of 2(c); that they are left out is not, where 2(c) has codes for them
    small = {char: row for char, row in rows.items() if char == char.lower()}
    empty = [
        char for char, row in rows.items() if char not in small and not any(row) and any(given.codes.get(char, ()))
    ]
    return [
        *(char for char, row in small.items() if (code := given.of(char)) is not None and not same_code(code, row)),
        *empty,
    ]


def _example(data: DataSet) -> str:
    item = next((item for item in data.good if item.name), None)
    if item is None or item.rows is None:
        return "the names of the items are not known"
    hot = [int(row.argmax()) if row.any() else -1 for row in item.rows[: len(item.name)]]
    places = ", ".join(str(at) for at in hot[:8])
    return f"the rows of '{item.name}' are hot at {places}, which does not fit its characters"


def _target(data: DataSet) -> Outcome:
    items = [item for item in data.items if not item.fault]
    if all(item.target is None for item in items):
        other = next((item.other for item in items if item.other), "")
        return not_met(
            "2d.target", f"{data.how}: the target is {other}" if other else f"{data.how}: an item has no target"
        )
    if any(item.target is None for item in items):
        return not_met("2d.target", f"{data.how}: some items have no target")
    pairs: dict[str, set[tuple[float, ...]]] = {}
    for item in items:
        if item.gender in {"M", "F"} and item.target is not None:
            pairs.setdefault(item.gender, set()).add(tuple(float(v) for v in item.target))
    values = set().union(*pairs.values()) if pairs else set()
    saw = f"{data.how}: the target of {', '.join(f'{g} is {_target_text(v)}' for g, v in sorted(pairs.items()))}"
    if not pairs:
        return review("2d.target", f"{data.how}: which name an item encodes could not be told")
    if not values <= {(0.0,), (1.0,), (0.0, 1.0), (1.0, 0.0)}:
        return not_met("2d.target", f"{saw}, not 0 or 1")
    if any(len(v) != 1 for v in pairs.values()) or (len(pairs) == 2 and pairs["M"] == pairs["F"]):
        return not_met("2d.target", f"{saw}, which is not the gender")
    return met("2d.target", saw)


def _target_text(values: Any) -> str:
    shown = sorted(tuple(f"{v:g}" for v in value) for value in values)[:3]
    return " or ".join("(" + ", ".join(value) + ")" if len(value) > 1 else value[0] for value in shown)
