"""Numbers that a notebook reported for each epoch, matched with what they should be.

A notebook may print them, keep them in lists, dictionaries, data frames or attributes, or return them. All of
these become series of one number an epoch; a series is compared with the true values and with what the usual
mistakes would give.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.probe import expr
from grader.probe.types import Answer, Request
from grader.probe.value import Value, step_values
from grader.scoring import Student
from rubrics.tolerances import tolerance
from rubrics.trace import Event
from rubrics.training import TrainingRun

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w]*\w)|\bnan\b", re.ASCII)
_PROGRESS = re.compile(r"\d+%\s*\|[^|\r\n]*\|\s*[\d.]+\w?/[\d.?]+\w?\s*\[[\d:?]+<[\d:?]+,\s*[?\d.]+\s*\w+/\w+")
"""What tqdm shows of its progress, up to what a notebook adds to it."""
MOST_ROWS = 500
"""Rows of the longest table that may be a history; longer ones are data."""
_BARS = re.compile(r"[\u2500-\u259f|#█▏▎▍▌▋▊▉]+|\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Number:
    """A reported number. Attributes: value; its unit in the last place (0 for exact); percent sign behind it."""

    value: float
    unit: float = 0.0
    percent: bool = False

    def fits(self, truth: float) -> bool:
        """Whether it is ``truth``, as far as its digits tell; integers may have been rounded down."""
        if math.isnan(truth) or math.isnan(self.value):
            return math.isnan(truth) and math.isnan(self.value)
        return self.within(truth, tolerance("averages").accept)

    def within(self, truth: float, relative: float) -> bool:
        """Whether it is ``truth`` up to a relative difference, apart from its rounding."""
        slack = relative * abs(truth) + 1e-6
        below = self.unit if self.unit == 1 else 0.5005 * self.unit
        return -below - slack <= self.value - truth <= 0.5005 * self.unit + slack


@dataclass(frozen=True)
class Series:
    """A number for each epoch.

    Attributes:
        label: The words before the printed number, or the variable's name.
        where: Where it was found, for evidence.
        numbers: One an epoch; None where the recorder kept none.
    """

    label: str
    where: str
    numbers: tuple[Number | None, ...]

    def nearly(self, truth: Sequence[float], scales: Sequence[float] = (1.0,)) -> bool:
        """Whether it is so close to ``truth`` in every epoch that only a person can tell."""
        border = tolerance("averages").border
        return len(truth) == len(self.numbers) and any(
            all(n.within(scale * t, border) for n, t in zip(self.numbers, truth, strict=True) if n is not None)
            and bool(self.known)
            for scale in scales
        )

    def fits(self, truth: Sequence[float], scales: Sequence[float] = (1.0,)) -> bool:
        """Whether it reports ``truth`` in one of the scales, in every epoch."""
        if len(truth) != len(self.numbers) or not truth:
            return False
        return any(
            all(n.fits(scale * t) for n, t in zip(self.numbers, truth, strict=True) if n is not None)
            and self._telling(scale)
            and not self._cut(truth)
            for scale in scales
        )

    def _cut(self, truth: Sequence[float]) -> bool:
        """Whether shares of one were cut to whole numbers (``correct // total``), of which nothing is left."""
        whole = all(number.unit == 1 for number in self.known)
        return whole and not any(number.value for number in self.known) and all(0 < t < 1 for t in truth)

    @property
    def known(self) -> list[Number]:
        """The numbers that were kept."""
        return [number for number in self.numbers if number is not None]

    def _telling(self, scale: float) -> bool:
        """Constant whole numbers (the 10 of ``Epoch 3/10``) say nothing unless they are marked as a percentage.

        Nor does a number that counts the epochs, whatever the words before it (``Accuracy in epoch 3 is``).
        """
        if not all(number.unit == 1 for number in self.known):
            return bool(self.known)
        counts = [number.value for number in self.known]
        epochs = counts in (list(range(len(counts))), list(range(1, len(counts) + 1)))
        if epochs and len(counts) > 1 and not all(number.percent for number in self.known):
            return False
        constant = len({number.value for number in self.known}) == 1
        marked = all(n.percent for n in self.known) or bool(re.search(r"acc|%|correct", self.label, re.IGNORECASE))
        return marked or (not constant and scale == 1)

    @property
    def text(self) -> str:
        """Its values for evidence, shortened."""
        shown = [f"{number.value:.4g}" for number in self.known]
        return ", ".join(shown if len(shown) <= 4 else [*shown[:3], "…", shown[-1]])


def numbers_in(line: str) -> Iterator[tuple[str, Number]]:
    """Label and value of every number in a line of text."""
    clean = _BARS.sub(" ", _PROGRESS.sub(" ", line))
    last = 0
    for found in _NUMBER.finditer(clean):
        label = " ".join(clean[last : found.start()].split())
        text = found.group()
        mantissa = text.lower().split("e")[0]
        decimals = len(mantissa.split(".")[1]) if "." in mantissa else 0
        exponent = int(text.lower().split("e")[1]) if "e" in text.lower() else 0
        unit = 0.0 if text == "nan" else 10.0 ** (exponent - decimals)
        yield label, Number(float(text), unit, clean[found.end() :].lstrip().startswith("%"))
        last = found.end()


def _labelled(texts: Iterable[str]) -> dict[str, list[Number]]:
    """Label → numbers in order; numbers without words before them are labelled by their place."""
    found: dict[str, list[Number]] = defaultdict(list)
    for line in re.split(r"[\r\n]+", "".join(texts)):
        previous = ""
        for place, (label, number) in enumerate(numbers_in(line)):
            words = label if re.search(r"[A-Za-z]", label) else f"{previous}{label}@{place}"
            previous = words
            found[words].append(number)
    return found


def whole_epochs_only(run: TrainingRun, series: Iterable[Series]) -> list[Series]:
    """The series without the numbers of epochs that the time budget cut short: these are nobody's epoch."""
    short = {at for at, epoch in enumerate(run.epochs) if epoch.shortened}
    return [
        replace(one, numbers=tuple(None if at in short else number for at, number in enumerate(one.numbers)))
        if short
        else one
        for one in series
    ]


def printed_series(run: TrainingRun) -> list[Series]:
    """What was printed for each epoch: within its window, or later in one go."""
    prints = run.trace.of("print")
    here = [event for event in prints if event.cell == run.cell]
    series = list(_by_window(run, here))
    cells: dict[int | None, list[str]] = defaultdict(list)
    for event in prints:
        if event.serial >= run.start:
            cells[event.cell].append(str(event.get("text", "")))
    for cell, texts in cells.items():
        series += _in_one_go(len(run.epochs), cell, texts)
    return series


def _in_one_go(epochs: int, cell: int | None, texts: Sequence[str]) -> Iterator[Series]:
    where = f"printed in cell {cell + 1}" if cell is not None else "printed"
    for label, numbers in _labelled(texts).items():
        if len(numbers) == epochs:
            yield Series(label, where, tuple(numbers))
    for found in re.findall(r"\[([^\[\]]*)\]", "".join(texts)):
        numbers = [number for _, number in numbers_in(found.replace("\n", " "))]
        if len(numbers) == epochs:
            yield Series("list", where, tuple(numbers))


def _by_window(run: TrainingRun, prints: Sequence[Event]) -> Iterator[Series]:
    windows = []
    for epoch in run.epochs:
        inside = [e for e in prints if e.serial >= epoch.start and (epoch.stop is None or e.serial < epoch.stop)]
        windows.append(_labelled(str(event.get("text", "")) for event in inside))
    where = f"printed in {run.where}"
    for label in windows[0] if windows else ():
        if not all(window.get(label) for window in windows):
            continue
        yield Series(label, where, tuple(window[label][-1] for window in windows))
        if any(len(window[label]) > 1 for window in windows):
            yield Series(label, where, tuple(window[label][0] for window in windows))


# --- what was kept --------------------------------------------------------------------------------------------


def kept_series(student: Student, inventory: Answer, epochs: int) -> list[Series]:
    """Series in the notebook's variables, attributes, results and local variables of its functions."""
    named = {str(entry.get("name")): entry.get("value") for entry in _entries(inventory, "globals")}
    found = bound_series(student, named, inventory, epochs)
    for function in _entries(inventory, "functions"):
        calls = function.get("calls")
        records = [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
        for call in records:
            found += _of_call(call, inventory, epochs)
        visits = function.get("visits")
        if isinstance(visits, int):
            found += _of_visits(str(function.get("name")), records, visits, epochs, inventory)
    return found


def bound_series(student: Student, names: Mapping[str, object], answer: Answer, epochs: int) -> list[Series]:
    """Series among described values by name, such as the inventory lists or a rerun binds."""
    found: list[Series] = []
    asked: dict[str, str] = {}
    steps: list[dict[str, object]] = []
    for name, described in names.items():
        value = Value(described, answer)
        found += _within(name, value, epochs)
        request = _further(name, value)
        if request is not None:
            asked[f"kept{len(steps)}"] = name
            steps.append({"slot": f"kept{len(steps)}", "expr": request})
    if steps:
        further = step_values(student.ask(Request("evaluate", {"steps": steps})))
        for slot, opened in further.items():
            if opened is not None:
                found += _within(asked.get(slot, slot), opened, epochs)
    return found


def _entries(answer: Answer, key: str) -> list[Mapping[str, object]]:
    return [entry for entry in answer.data.get(key) or () if isinstance(entry, Mapping)]


def _further(name: str, value: Value) -> expr.Expr | None:
    """What to ask of a value whose description does not show its contents."""
    if value.kind == "dataframe" and value.obj is not None and (value.length or 0) <= MOST_ROWS:
        return expr.call(expr.attr(expr.obj(value.obj), "to_dict"), [expr.value("list")])
    mro = value.data.get("mro") or ()
    foreign = any(str(part).split(".")[0] in {"torch", "torchvision", "matplotlib", "numpy"} for part in mro)
    if value.kind == "object" and value.obj is not None and not foreign:
        return expr.call(expr.importing("builtins.vars"), [expr.obj(value.obj)])
    if value.kind in {"tensor", "ndarray"} and value.array() is None and len(value.shape or ()) == 1:
        return expr.var(name)
    return None


def _of_call(call: Mapping[str, object], answer: Answer, epochs: int) -> list[Series]:
    found = _within("returned", Value(call.get("returned"), answer), epochs)
    local = call.get("locals")
    if isinstance(local, Mapping):
        for name, described in local.items():
            found += _within(str(name), Value(described, answer), epochs)
    return found


def _of_visits(
    name: str, records: Sequence[Mapping[str, object]], visits: int, epochs: int, answer: Answer
) -> Iterator[Series]:
    """What a function returned, or held, when it was called once or twice an epoch; a few calls are kept."""
    for calls_an_epoch in (1, 2):
        if epochs == 0 or visits != calls_an_epoch * epochs:
            continue
        head = (len(records) + 1) // 2 if len(records) < visits else len(records)
        places = [at if at < head else visits - len(records) + at for at in range(len(records))]
        for offset in range(calls_an_epoch):
            chosen = [
                (place // calls_an_epoch, _scalars(record, answer))
                for place, record in zip(places, records, strict=True)
                if place % calls_an_epoch == offset
            ]
            for key in {key for _, scalars in chosen for key in scalars}:
                numbers: list[Number | None] = [None] * epochs
                for epoch, scalars in chosen:
                    numbers[epoch] = Number(scalars[key]) if key in scalars else None
                yield Series(f"{name}: {key}", f"computed in `{name}`", tuple(numbers))


def _scalars(call: Mapping[str, object], answer: Answer) -> dict[str, float]:
    """Numbers that a call returned or held in local variables."""
    returned = Value(call.get("returned"), answer)
    local = call.get("locals")
    named = {"returned": returned, **{f"returned[{at}]": part for at, part in enumerate(returned.items()[:6])}}
    if isinstance(local, Mapping):
        named |= {str(name): Value(described, answer) for name, described in local.items()}
    numbers = {name: value.number() for name, value in named.items()}
    return {name: number for name, number in numbers.items() if number is not None}


def _within(name: str, value: Value, epochs: int, depth: int = 0) -> list[Series]:
    if depth > 3:
        return []
    if value.kind == "dict":
        found = _column(name, value.items(), epochs)
        for key, inner in value.pairs():
            found += _within(f"{name}[{key.text() or ''}]", inner, epochs, depth + 1)
        return found
    if value.kind in {"list", "tuple"}:
        items = value.items()
        found = _column(name, items, epochs)
        rows = [item for item in items if item.kind in {"dict", "list", "tuple"}]
        if len(rows) == len(items) and len(items) >= epochs:
            found += _table(name, items, epochs)
        if len(items) <= 40:
            for item in items:
                if item.kind in {"list", "tuple", "dict", "ndarray", "tensor"}:
                    found += _within(name, item, epochs, depth + 1)
        return found
    array = value.array() if value.kind in {"ndarray", "tensor"} else None
    if array is not None and array.ndim == 1 and array.dtype.kind in "biuf":
        return list(_lengths(name, [float(part) for part in array], epochs))
    return []


def _column(name: str, items: Sequence[Value], epochs: int) -> list[Series]:
    numbers = [item.number() for item in items]
    kept = [number for number in numbers if number is not None]
    return list(_lengths(name, kept, epochs)) if kept and len(kept) == len(numbers) else []


def _table(name: str, rows: Sequence[Value], epochs: int) -> list[Series]:
    """Columns of a list of dictionaries or of tuples."""
    columns: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.kind == "dict":
            cells = [(key.text() or "", value.number()) for key, value in row.pairs()]
        else:
            cells = [(str(place), item.number()) for place, item in enumerate(row.items())]
        for key, number in cells:
            if number is not None:
                columns[key].append(number)
    return [
        series
        for key, numbers in columns.items()
        if len(numbers) == len(rows)
        for series in _lengths(f"{name}[{key}]", numbers, epochs)
    ]


def _lengths(name: str, numbers: Sequence[float], epochs: int) -> Iterator[Series]:
    """The series itself, or its last or first epochs when it holds more (an untrained start, two runs)."""
    if len(numbers) < epochs or epochs == 0:
        return
    unit = _unit(numbers)
    where = f"kept in `{name}`"
    exact = [Number(number, unit) for number in numbers]
    yield Series(name, where, tuple(exact[-epochs:]))
    if len(numbers) > epochs and (len(numbers) % epochs == 0 or len(numbers) == epochs + 1):
        yield Series(name, where, tuple(exact[:epochs]))


def _unit(numbers: Sequence[float]) -> float:
    """The last digit of numbers that were rounded before they were kept; 0 for exact ones."""
    decimals = max(len(repr(n).split(".")[1]) if "." in repr(n) and "e" not in repr(n) else 0 for n in numbers)
    return 10.0**-decimals if 2 <= decimals <= 5 else 0.0


# --- matching -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Match:
    """A series and the hypothesis that explains it."""

    series: Series
    hypothesis: str


def match(
    series: Iterable[Series], truths: Mapping[str, Sequence[float]], scales: Sequence[float] = (1.0,)
) -> Match | None:
    """The first series that fits one of the hypotheses, which are tried in order.

    Args:
        series: What was reported.
        truths: Hypothesis → its value for each epoch.
        scales: Factors in which values may be reported, e.g. ``(1, 100)`` for shares.
    """
    candidates = list(series)
    for name, truth in truths.items():
        for one in candidates:
            if one.fits(truth, scales):
                return Match(one, name)
    return None


def by_hypothesis(epochs: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Turns a dictionary for each epoch into a list for each hypothesis."""
    if not epochs:
        return {}
    return {name: [epoch[name] for epoch in epochs] for name in epochs[0] if all(name in epoch for epoch in epochs)}


def printed_after(run: TrainingRun, serial: int, truth: float, scales: Sequence[float] = (1.0,)) -> bool:
    """Whether a single value was printed after a point in time; whole numbers count only as percentages."""
    texts = [str(e.get("text", "")) for e in run.trace.of("print") if e.serial >= serial]
    for label, numbers in _labelled(texts).items():
        for number in numbers:
            sure = number.unit < 1 or number.percent or "acc" in label.lower()
            if sure and any(number.fits(scale * truth) for scale in scales):
                return True
    return False
