"""The student's encoding of characters: found by calling what may be one, or learnt from encoded names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from grader.scoring import Student
from reference.assignment2 import LETTERS
from rubrics.assignment2.access import Access, accesses
from rubrics.assignment2.data import DataSet, find_data_set
from rubrics.assignment2.facts import PROBED, Facts, Step, ask, facts
from rubrics.assignment2.hidden import hidden
from rubrics.assignment2.numbers import numbers_of

Vector = npt.NDArray[np.float64]
Code = tuple[float, ...]


@dataclass(frozen=True)
class Encoding:
    """Codes of characters.

    Attributes:
        how: What gives them, for evidence.
        codes: Character → one-hot or other vector; index numbers as vectors of size 1.
        faults: Character → exception, where a code could not be had.
        stored: Whether later code can have the code of a given character from it.
        cell: Where it was defined.
        learnt: Whether the codes were read off the data set's items.
        bare: Whether it is only a string or list of characters, whose places serve as index numbers.
    """

    how: str
    codes: Mapping[str, Code]
    faults: Mapping[str, str] = field(default_factory=dict)
    stored: bool = True
    cell: int | None = None
    learnt: bool = False
    bare: bool = False

    @property
    def size(self) -> int | None:
        """D, or None for index numbers."""
        sizes = {len(code) for code in self.codes.values()}
        return sizes.pop() if len(sizes) == 1 and sizes != {1} else None

    @property
    def indices(self) -> bool:
        """Whether the codes are index numbers."""
        return bool(self.codes) and all(len(code) == 1 for code in self.codes.values())

    @property
    def one_hot(self) -> bool:
        """Whether the known letters have one-hot codes of one size."""
        letters = [self.codes[char] for char in LETTERS if char in self.codes]
        return self.size is not None and all(hot(code) for code in letters)

    @property
    def letters(self) -> int:
        """How many letters have a code of their own (lower case, else upper case)."""
        return len({self.codes[char] for char in LETTERS if char in self.codes})

    def of(self, char: str) -> Code | None:
        """The code of a character; of its lower-case form where it has none itself."""
        return self.codes.get(char, self.codes.get(char.lower()))


def hot(code: Code) -> bool:
    """Whether a vector is one-hot."""
    return len(code) > 1 and sum(code) == 1 and set(code) <= {0.0, 1.0}


@dataclass(frozen=True)
class Encodings:
    """What gives codes, and the data set's own.

    Attributes:
        found: The candidates that give most letters a code, the best first.
        data: Codes learnt from the data set's items, if they could be.
    """

    found: tuple[Encoding, ...]
    data: Encoding | None

    @property
    def best(self) -> Encoding | None:
        """The one that 2(c) is judged by."""
        return self.found[0] if self.found else self.data


def find_encodings(student: Student) -> Encodings:
    """All encodings of the notebook; use it with ``student.find``."""
    found = student.find(facts)
    learnt = from_items(student.find(find_data_set))
    ways = accesses(student, found)
    plausible = _plausible(student, ways)
    candidates = [encoding for way in plausible if (encoding := _called(student, way)) is not None]
    known = any(encoding.one_hot or encoding.stored for encoding in candidates if not encoding.bare)
    if not known and (shared := _shared(student, ways)) is not None:
        return Encodings((shared,), learnt)
    if not known:
        candidates += [
            Encoding(h.how, codes, {}, stored=False, cell=h.cell)
            for h in hidden(student, found)
            if (codes := codes_of(h.raw))
        ]
    candidates = [lower_case_of(encoding) for encoding in candidates if _of_letters(encoding)]
    return Encodings(tuple(sorted(candidates, key=lambda e: _rank(e, found, learnt))), learnt)


def _of_letters(encoding: Encoding) -> bool:
    """Whether most letters have a code of their own, or share long one-hot codes as nothing else would."""
    if encoding.letters >= 20 or _capital_only(encoding):
        return True
    return encoding.one_hot and (encoding.size or 0) >= 20 and encoding.letters >= 8


def _capital_only(encoding: Encoding) -> bool:
    return len({encoding.codes[c] for c in LETTERS.upper() if c in encoding.codes}) >= 20


def _rank(encoding: Encoding, found: Facts, learnt: Encoding | None) -> tuple[float, ...]:
    """Sorts: in use before unused, one-hot before index numbers, usable before hidden, complete before partial."""
    own = found.in_section(encoding.cell, "c")
    case = sum(encoding.codes.get(c.upper()) == encoding.codes.get(c) for c in LETTERS)
    return (
        not encoding.one_hot,
        not encoding.stored,
        -(agreement(encoding, learnt) >= 1.0 if learnt is not None and encoding.one_hot else 0),
        -encoding.letters,
        not own,
        -("-" in encoding.codes),
        -case,
    )


def agreement(encoding: Encoding, learnt: Encoding | None) -> float:
    """Share of the characters seen in both that have equal codes (or the hot place, for index numbers)."""
    if learnt is None:
        return 0.0
    both = [char for char in learnt.codes if encoding.of(char) is not None]
    same = sum(same_code(encoding.of(char) or (), learnt.codes[char]) for char in both)
    return same / len(both) if both else 0.0


def same_code(code: Code, row: Code) -> bool:
    """Whether two codes are the same character's: equal, or one is the index number of the other's hot place."""
    short, long = sorted((code, row), key=len)
    if len(short) == 1 and len(long) > 1:
        return hot(long) and long.index(1.0) == short[0]
    return code == row


def from_items(data: DataSet | None) -> Encoding | None:
    """The codes that encoded names show."""
    if data is None or not data.alignment.layout or len(data.alignment.codes) < 5:
        return None
    how = f"the items of {data.how}"
    return Encoding(how, data.alignment.codes, learnt=True, stored=False)


# --- calling ------------------------------------------------------------------------------------------------


def _plausible(student: Student, ways: Sequence[Access]) -> list[Access]:
    """Those that give different answers for some letters."""
    kept = []
    for start in range(0, len(ways), 20):
        part = ways[start : start + 20]
        steps = []
        for at, way in enumerate(part):
            steps += [dict(step) for step in way.prelude]
            steps += [{"slot": f"{at}{char}", "expr": way.of(char)} for char in "dqk"]
        results = ask(student, steps)
        for at, way in enumerate(part):
            if _differ([_numbers(results.get(f"{at}{char}")) for char in "dqk"]):
                kept.append(way)
                continue
            upper = ask(student, [*way.prelude, *({"slot": char, "expr": way.of(char)} for char in "DQ")])
            if _differ([_numbers(upper.get(char)) for char in "DQK"]):
                kept.append(way)
    return kept[:14]


def _shared(student: Student, ways: Sequence[Access]) -> Encoding | None:
    """A table in which all letters have the same vector, as of one tensor that a loop went on changing."""
    for way in (way for way in ways if way.table and way.stored):
        encoding = _called(student, way)
        sizes = {len(code) for code in encoding.codes.values()} if encoding is not None else set()
        if encoding is not None and encoding.letters == 1 and min(sizes) >= len(LETTERS):
            return encoding
    return None


def _differ(codes: Sequence[Vector | None]) -> bool:
    first, *others = codes
    return first is not None and any(
        other is not None and first.shape == other.shape and not np.array_equal(first, other) for other in others
    )


def _numbers(result: Step | None) -> Vector | None:
    if result is None or not result.ok:
        return None
    numbers = numbers_of(result.value)
    return None if numbers is None or numbers.size > 100_000 else numbers


def _called(student: Student, way: Access) -> Encoding | None:
    """The codes that a candidate gives for all characters."""
    steps = [dict(step) for step in way.prelude]
    steps += [{"slot": char, "expr": way.of(char)} for char in PROBED]
    results = ask(student, steps)
    raw = {char: numbers for char in PROBED if (numbers := _numbers(results.get(char))) is not None}
    faults = {char: results[char].fault or "no code" for char in PROBED if char not in raw}
    codes = codes_of(raw)
    if not codes:
        return None
    faults.update({char: "a result of another shape" for char in raw if char not in codes})
    return Encoding(way.how, codes, faults, way.stored, way.cell, bare=way.bare)


def codes_of(raw: Mapping[str, Vector]) -> dict[str, Code]:
    """Characters' codes from what came back: numbers, vectors, or whole encoded names with padding."""
    cases = LETTERS if sum(char in raw for char in LETTERS) >= 20 else LETTERS.upper()
    shapes = [raw[char].shape for char in cases if char in raw]
    if len(shapes) < 20:
        return {}
    common = max(set(shapes), key=shapes.count)
    kept = {char: np.squeeze(array) for char, array in raw.items() if array.shape == common}
    sample = [kept[char] for char in cases if char in kept]
    if sample[0].ndim == 0:
        return {char: (float(array),) for char, array in kept.items()}
    if sample[0].ndim == 1:
        if all(np.isin(array, (0, 1)).all() for array in sample) or len(sample[0]) < 2 or not _padded_indices(sample):
            return {char: tuple(float(v) for v in array) for char, array in kept.items()}
        kept = {char: array.reshape(-1, 1) for char, array in kept.items()}
        sample = [array.reshape(-1, 1) for array in sample]
    return _rows(kept, sample)


def _padded_indices(sample: Sequence[Vector]) -> bool:
    """Whether the vectors differ in one place only: names of one character as index numbers with padding."""
    stacked = np.stack(sample)
    return int((stacked != stacked[0]).any(axis=0).sum()) == 1


def _rows(kept: Mapping[str, Vector], sample: Sequence[Vector]) -> dict[str, Code]:
    if sample[0].ndim != 2:
        return {}
    stacked = np.stack(sample)
    varying = (stacked != stacked[0]).any(axis=(0, 2))
    across = (stacked != stacked[0]).any(axis=(0, 1))
    if varying.sum() == 1:
        place = int(np.flatnonzero(varying)[0])
        return {char: tuple(float(v) for v in array[place]) for char, array in kept.items()}
    if across.sum() == 1:
        place = int(np.flatnonzero(across)[0])
        return {char: tuple(float(v) for v in array[:, place]) for char, array in kept.items()}
    return {}


def lower_case_of(encoding: Encoding) -> Encoding:
    """The same with the capitals' codes for the letters, where only capitals have one (names in upper case)."""
    if encoding.letters >= 20 or not _capital_only(encoding):
        return encoding
    return replace(
        encoding,
        codes={**encoding.codes, **{c: encoding.codes[c.upper()] for c in LETTERS if c.upper() in encoding.codes}},
    )
