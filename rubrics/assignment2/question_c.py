"""2(c): encoding of a character as a one-hot vector of size D = 27."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from grader.scoring import Outcome, Student, met, not_met, review
from reference.assignment2 import LETTERS
from rubrics.assignment2.alignment import Code
from rubrics.assignment2.clean import clean_data_set
from rubrics.assignment2.data import DataSet, find_data_set, one_code_for_all
from rubrics.assignment2.encoding import Encoding, agreement, find_encodings, from_items, hot
from rubrics.assignment2.facts import Facts, code_of, facts
from rubrics.assignment2.hidden import one_hot_in

_PAD_NAMES = re.compile(r"^(<?\[?(pad|blank|empty|null|eos|end)[^ ]*|)$", re.IGNORECASE)


class Judged:
    """The codes that 2(c) is judged by: of what gives them, completed by what the data set's items show.

    Attributes:
        given: What can be called or looked up, or None.
        data: The data set, or None.
        learnt: The codes of its items, or None.
        codes: Character → final code; one-hot where the data set turns index numbers into vectors.
    """

    def __init__(self, student: Student) -> None:
        encodings = student.find(find_encodings)
        self.facts: Facts = student.find(facts)
        self.student = student
        self.data: DataSet | None = student.find(find_data_set)
        self.given: Encoding | None = encodings.found[0] if encodings.found else None
        if self.given is not None and self.given.bare and one_code_for_all(self.data):
            self.given = None
        self.learnt = encodings.data
        if self.learnt is None and self.given is not None and self.data is not None and self._crashes():
            self.learnt = from_items(student.find(clean_data_set))
        self.turned = self._turned()
        self.codes = self._codes()

    def _crashes(self) -> bool:
        return self.data is not None and any(item.fault for item in self.data.items)

    def _turned(self) -> bool:
        """Whether the given codes are index numbers that the data set turns into vectors."""
        return (
            self.given is not None and self.given.indices and self.learnt is not None and self.learnt.size is not None
        )

    def _codes(self) -> dict[str, Code]:
        if self.given is None:
            return dict(self.learnt.codes) if self.learnt is not None else {}
        if not self.turned or self.learnt is None:
            return dict(self.given.codes)
        size = self.learnt.size or 0
        codes = dict(self.learnt.codes)
        offset = self._offset()
        for char, code in self.given.codes.items():
            place = int(code[0]) + offset
            if char not in codes and -size <= place < size:
                codes[char] = tuple(float(at == place % size) for at in range(size))
        return codes

    def _offset(self) -> int:
        """By how much the hot place differs from the index number."""
        if self.given is None or self.learnt is None:
            return 0
        pairs = [(self.given.of(c), row) for c, row in self.learnt.codes.items() if hot(row)]
        shifts = [row.index(1.0) - int(code[0]) for code, row in pairs if code is not None]
        return max(set(shifts), key=shifts.count) if shifts else 0

    @property
    def how(self) -> str:
        """What was examined, for evidence."""
        if self.given is None:
            return self.learnt.how if self.learnt is not None else "the notebook"
        return f"{self.given.how} with {self.learnt.how}" if self.turned and self.learnt is not None else self.given.how

    @property
    def size(self) -> int | None:
        """D of the final codes."""
        sizes = {len(code) for code in self.codes.values()}
        return sizes.pop() if len(sizes) == 1 and sizes != {1} else None


def judged(student: Student) -> Judged:
    """The codes that the questions are judged by; use it with ``student.find``."""
    return Judged(student)


def character_encoding(student: Student) -> Iterator[Outcome]:
    """2(c): every criterion."""
    seen = student.find(judged)
    if not seen.codes:
        yield from _nothing(seen)
        return
    yield _letters(seen)
    yield _hyphen(seen)
    yield _size(seen)
    yield _case(seen)
    yield _available(seen)


def _nothing(seen: Judged) -> Iterator[Outcome]:
    if seen.data is not None and one_code_for_all(seen.data):
        saw = f"{seen.data.how}: the rows do not tell the characters apart"
        yield from (not_met(f"2c.{name}", saw) for name in ("letters", "hyphen", "size", "case", "available"))
        return
    section = code_of(seen.student, "c", found=seen.facts)
    if one_hot_in(section) and "class " not in section and _mentions_alphabet(section):
        saw = "no object of the notebook gives codes, yet its source makes one-hot vectors"
        yield from (review(f"2c.{name}", saw) for name in ("letters", "hyphen", "size", "case"))
        yield not_met("2c.available", "nothing that gives the code of a character was found")
        return
    for name in ("letters", "hyphen", "size", "case", "available"):
        yield not_met(f"2c.{name}", "nothing that encodes characters was found")


def _mentions_alphabet(source: str) -> bool:
    return LETTERS in source or "ascii_lowercase" in source or "ascii_letters" in source or "ord(" in source


def _letters(seen: Judged) -> Outcome:
    letters = {char: seen.codes[char] for char in LETTERS if char in seen.codes}
    for char in LETTERS:
        if char not in letters and char.upper() in seen.codes:
            letters[char] = seen.codes[char.upper()]
    missing = [char for char in LETTERS if char not in letters]
    rare = seen.given is None and len(missing) <= 8
    if missing and not rare:
        return not_met("2c.letters", f"{seen.how}: no code for {', '.join(missing[:5])}{_reason(seen, missing[0])}")
    if all(len(code) == 1 for code in letters.values()):
        return _indices(seen)
    wrong = [char for char, code in letters.items() if not hot(code)]
    if wrong:
        return not_met(
            "2c.letters", f"{seen.how}: the code of '{wrong[0]}' is not one-hot: {_shown(letters[wrong[0]])}"
        )
    if len(set(letters.values())) < len(letters):
        return not_met("2c.letters", f"{seen.how}: several letters share a code")
    if seen.size is None:
        return not_met("2c.letters", f"{seen.how}: codes of different sizes")
    return met("2c.letters", f"{seen.how}: {len(letters)} distinct one-hot codes")


def _reason(seen: Judged, char: str) -> str:
    fault = seen.given.faults.get(char, "") if seen.given is not None else ""
    return f" ({fault})" if fault else ""


def _indices(seen: Judged) -> Outcome:
    """Index numbers: right when something turns them into one-hot vectors before the network."""
    if seen.data is not None and seen.data.one_hot:
        return met("2c.letters", f"{seen.how}: index numbers that the data set turns into one-hot vectors")
    for call in seen.facts.entries("calls"):
        for described in call.get("inputs") or ():
            array = seen.facts.value(described).array()
            if (
                array is not None
                and array.ndim == 3
                and array.shape[-1] >= 26
                and _hot_rows(array.reshape(-1, array.shape[-1]))
            ):
                return met("2c.letters", "index numbers that become one-hot vectors before they reach the network")
    classes = "\n".join(str(kind.get("source")) for kind in seen.facts.entries("classes"))
    broken = seen.data is None or not seen.data.good
    if broken and one_hot_in(classes):
        return met("2c.letters", f"{seen.how}: index numbers; the data set's source turns them into one-hot vectors")
    return not_met("2c.letters", f"{seen.how}: index numbers that never become one-hot")


def _hot_rows(rows: object) -> bool:
    array = np.asarray(rows)
    return bool(np.isin(array, (0, 1)).all() and (array.sum(axis=1) <= 1).all() and array.any())


def _shown(code: Code) -> str:
    return "[" + ", ".join(f"{value:g}" for value in code[:6]) + (", …]" if len(code) > 6 else "]")


def _hyphen(seen: Judged) -> Outcome:
    code = seen.codes.get("-")
    if code is None:
        if "-" in (seen.data.alignment.dropped if seen.data is not None else set()) and seen.given is None:
            return not_met("2c.hyphen", f"{seen.how}: '-' is left out of the names")
        return not_met("2c.hyphen", f"{seen.how}: no code for '-'{_reason(seen, '-')}")
    if len(code) > 1 and not any(code):
        return not_met("2c.hyphen", f"{seen.how}: '-' is a vector of zeros")
    shared = [char for char in LETTERS if seen.codes.get(char) == code]
    if shared or (code == (-1.0,)):
        return not_met(
            "2c.hyphen", f"{seen.how}: '-' has the code of '{shared[0]}'" if shared else f"{seen.how}: '-' is not found"
        )
    return met("2c.hyphen", f"{seen.how}: '-' has a code of its own")


def _capitals_own(seen: Judged) -> int:
    """How many columns capitals have of their own."""
    lower = {seen.codes[char] for char in LETTERS if char in seen.codes}
    upper = {seen.codes[char] for char in LETTERS.upper() if char in seen.codes}
    own = {code for code in upper - lower if any(code)}
    return len(own) if len(own) >= 20 else 0


def _size(seen: Judged) -> Outcome:
    size = seen.size
    indices = size is None
    if size is None:
        size = _index_size(seen)
        if size is None:
            return not_met("2c.size", f"{seen.how}: the codes have no size")
    # what is missing or doubled because of another fault of 2(c) is not charged here again
    has_hyphen = "-" in seen.codes and _hyphen(seen).kind == "met"
    wanted = 27 + _capitals_own(seen) - (0 if has_hyphen else 1)
    if not has_hyphen and size == wanted + 1:
        # '-' has no code, but room was left for it
        return met("2c.size", f"{seen.how}: D = {size}")
    saw = f"{seen.how}: D = {size}"
    if size == wanted:
        return met("2c.size", saw)
    if size == wanted + 1:
        return _one_more(seen, size, saw, indices=indices)
    return not_met("2c.size", saw)


def _index_size(seen: Judged) -> int | None:
    """D of index numbers: how many there are, with the width of the network's first layer as witness."""
    values = {code[0] for code in seen.codes.values() if code[0] >= 0}
    return len(values) if values else None


def _one_more(seen: Judged, size: int, saw: str, *, indices: bool) -> Outcome:
    """One column more than needed: right when it serves the padding."""
    used = {code.index(1.0) for code in seen.codes.values() if hot(code)}
    free = [at for at in range(size) if at not in used]
    if indices or len(free) != 1:
        return not_met("2c.size", saw)
    padding = seen.data.alignment.padding if seen.data is not None else set()
    if any(row.index(1.0) == free[0] if hot(row) else row == (float(free[0]),) for row in padding):
        return met("2c.size", f"{saw}, one of them for the padding")
    symbol = _symbol(seen, free[0])
    if symbol is not None and _PAD_NAMES.match(symbol):
        return met("2c.size", f"{saw}, one of them for the padding symbol {symbol!r}")
    if padding:
        return not_met("2c.size", f"{saw}, and the further column is not used for the padding")
    source = code_of(seen.student)
    if symbol is not None and re.search(
        rf"(ljust|rjust|center)\([^)]*{re.escape(repr(symbol))}|{re.escape(repr(symbol))}\s*\*", source
    ):
        return met("2c.size", f"{saw}, one of them for the padding symbol {symbol!r}")
    if free[0] == 0 and symbol is None:
        return review("2c.size", f"{saw}; column 0 is kept free, but no padding could be seen")
    return not_met("2c.size", f"{saw}; the further symbol {symbol!r} does not serve the padding")


def _symbol(seen: Judged, place: int) -> str | None:
    """The key or character that stands for a column."""
    for entry in seen.facts.entries("globals"):
        value = seen.facts.value(entry.get("value"))
        if value.kind == "dict":
            for key, inner in value.pairs():
                numbers = inner.numbers()
                if (
                    key.text() is not None
                    and numbers is not None
                    and (
                        (numbers.size == 1 and int(numbers.ravel()[0]) == place)
                        or (numbers.size > 1 and numbers.sum() == 1 and int(numbers.ravel().argmax()) == place)
                    )
                ):
                    return key.text()
        elif value.kind in {"list", "str"}:
            parts = list(value.text() or "") if value.kind == "str" else [item.text() for item in value.items()]
            if {"a", "z"} <= set(parts) and place < len(parts):
                return parts[place]
    return None


def _case(seen: Judged) -> Outcome:
    capitals = [char for char in LETTERS if char.upper() in seen.codes]
    same = [char for char in capitals if seen.codes.get(char) == seen.codes[char.upper()]]
    if len(same) >= 20 or (capitals and len(same) == len(capitals) and seen.given is None):
        return met("2c.case", f"{seen.how}: 'A' and 'a' have the same code")
    data = seen.data
    if data is not None and data.alignment.layout:
        rows = data.alignment.codes
        both = [char for char in LETTERS if char in rows and char.upper() in rows]
        if len(both) >= 3 and all(rows[char] == rows[char.upper()] for char in both):
            return met("2c.case", f"{data.how}: capitals have the rows of their lower-case letters")
        if len(both) >= 3:
            return not_met("2c.case", f"{data.how}: the rows of 'A' and 'a' differ")
    if _names_lowered(seen):
        return met("2c.case", "the names are made lower-case before they are encoded")
    saw = (
        f"{seen.how}: 'A' has another code than 'a'"
        if "A" in seen.codes
        else f"{seen.how}: no code for 'A'{_reason(seen, 'A')}"
    )
    return not_met("2c.case", saw)


def _names_lowered(seen: Judged) -> bool:
    """Whether the source lowers names or characters, where the data set cannot show it."""
    crashed_on_capitals = seen.data is not None and any(
        item.error.get("type") in {"KeyError", "ValueError", "IndexError"} for item in seen.data.items
    )
    if crashed_on_capitals:
        return False
    classes = "\n".join(str(kind.get("source")) for kind in seen.facts.entries("classes"))
    later = re.search(r"\.(lower|casefold)\(|\.str\.lower|str\.lower", classes + code_of(seen.student))
    return later is not None


def _available(seen: Judged) -> Outcome:
    given = seen.given
    if given is None:
        return not_met("2c.available", "no function or variable gives the code of a character")
    if not given.stored:
        return not_met("2c.available", f"{given.how}: the codes cannot be used by later code")
    if given.bare and agreement(given, seen.learnt) < 0.9 and not seen.turned:
        return not_met("2c.available", f"{given.how} is only the alphabet; no code is returned or stored")
    return met("2c.available", f"{given.how} gives the code of a character")
