"""Questions 2a and 3a: sizes of layers and feature maps, parsed and compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grader.scoring.proposals import Finding
from rubrics.proposals.sizes import Size, matrix, plain, sizes
from rubrics.proposals.words import any_of, folded, says, sentences

_LABELS = {
    "2a.w1": (
        r"\bw\s*[_^]?\s*\(?(?:1|¹|in|xh|x)\b\)?|\bfirst (?:weight )?matrix|\berste matrix|"
        r"\binput (?:weight )?matrix"
    ),
    "2a.wr": r"\bw\s*[_^]?\s*\(?(?:r|rec|hh|h)\b\)?|\brecurrent (?:weight )?matrix|\brekurrente (?:gewichts)?matrix",
    "2a.w2": (
        r"\bw\s*[_^]?\s*\(?(?:2|²|out|hy|o)\b\)?|\bsecond (?:weight )?matrix|\bzweite matrix|"
        r"\boutput (?:weight )?matrix"
    ),
}
_WANTED = {
    "2a.w1": {("k", "d")},
    "2a.wr": {("k", "k")},
    "2a.w2": {("1", "k"), ("2", "k"), ("o", "k")},
}
_BOUNDED = any_of(
    r"tanh", r"hyperbolic tangent", r"tangens hyperbolicus", r"sigmoid", r"logist", r"softsign", r"hard ?tanh"
)
_UNBOUNDED = any_of(r"(?:leaky[ -]?)?relu", r"gelu", r"elu\b", r"swish", r"linear(?:e)? (?:activation|aktivierung)")
_WHY = (
    r"because|\bsince\b|\bas it\b|\bas (?:its|the)\b|so that|bound|between -?1|\[-1, ?1\]|-1 (?:and|"
    r"to|und|bis) 1|limited|vanish|"
    r"explod|stab|zero[- ]cent|cent(?:e)?red|\bweil\b|\bdenn\b|\bda (?:sie|er|es|die|der|das|beschr)|beschr[aä]nkt|"
    r"zwischen -1|begrenzt|damit|symmetri|cannot grow|nicht (?:explod|wachs)|prevent|avoid"
)


def network_design(answer: str) -> Iterator[Finding]:
    """Findings on 2a."""
    text = plain(answer)
    found = sizes(text)
    labelled = {criterion: _after(text, label, found) for criterion, label in _LABELS.items()}
    pairs = [size for size in found if len(size.parts) == 2]
    if not any(re.search(label, text) for label in _LABELS.values()) and len(pairs) == 3:
        labelled = dict(zip(_LABELS, pairs, strict=True))  # a bare list in the order of the question
    for criterion, size in labelled.items():
        if size is not None:
            yield _compared(criterion, size)
    yield from _activation(folded(answer))


def _after(text: str, label: str, found: Sequence[Size]) -> Size | None:
    """The first size behind a label, before the next matrix is named; or the one that is said to be "for" it."""
    for size in found:
        if re.match(rf"\s*(?:for|f[üu]r)\s+(?:{label})", text[size.end :]):
            return size
    hit = re.search(label, text)
    if hit is None:
        return None
    others = [other.start() for pattern in _LABELS.values() for other in re.finditer(pattern, text[hit.end() :])]
    end = hit.end() + min([*others, 90])
    inside = (size for size in found if hit.end() <= size.start < end and len(size.parts) == 2)
    return next(inside, None)


def _compared(criterion: str, size: Size) -> Finding:
    parts = matrix(size)
    if parts in _WANTED[criterion]:
        return Finding(criterion, 1.0, f"read {size.words.upper()}", "sure")
    if parts[::-1] in _WANTED[criterion]:
        return Finding(criterion, None, f"read {size.words.upper()}: rows and columns exchanged")
    if set(parts) <= {"k", "d", "o", "1", "2"}:
        return Finding(criterion, 0.0, f"read {size.words.upper()}")
    return Finding(criterion, None, f"read {size.words.upper()}: letters or numbers of the student's own")


def _activation(text: str) -> Iterator[Finding]:
    bounded, unbounded = says(text, _BOUNDED), says(text, _UNBOUNDED)
    if bounded and not unbounded:
        reason = next((says(one, _WHY) for one in sentences(text) if bounded in one and says(one, _WHY)), "")
        reason = reason or says(text, _WHY)
        if reason:
            yield Finding("2a.activation", 1.0, f"{bounded}, with “{reason}”")
        else:
            yield Finding("2a.activation", 0.0, f"{bounded}, without a reason that was recognised")
    elif unbounded and not bounded:
        yield Finding("2a.activation", 0.0, f"{unbounded} is not bounded")


_SHRINKS = (
    r"(?:shrinks?|smaller|reduc\w+|decreas\w+|loses?|removes?|minus|kleiner|verkleiner\w*|verringer\w*|schrumpf\w*)"
    r"[^.;]{0,30}\b4\b|\b4\b[^.;]{0,20}(?:smaller|less|kleiner|weniger|pixels? (?:less|smaller))|-\s*4\b|\bw\s*-\s*4"
)
_FORMULA = r"[hw](?:_?in)?\s*(?:\+\s*(?:2\s*[·*]?\s*)?[p4]\w*\s*-\s*(?:[kf5]\w*)|-\s*[kf5]\w*\s*\+\s*2\s*[·*]?\s*p\w*)"
_WRONG_WAY = r"half as large|halves the|every convolution .{0,30}half|faltung halbiert|halbiert die faltung"


def parameters(answer: str) -> Iterator[Finding]:
    """Findings on 3a."""
    text = plain(answer)
    found = sizes(text)
    yield from _computation(text, found)
    maps = [size for size in found if len(size.parts) in {3, 4} and "".join(size.parts[-3:]).isdecimal()]
    final = _final(maps)
    if final is not None:
        right = sorted(final) == [1, 8, 128]
        why = f"the last map is {'×'.join(map(str, final))}"
        yield Finding("3a.map", 1.0 if right else 0.0, why, "sure" if right else "likely")
    yield from _layer(text, found, final)


def _computation(text: str, found: Sequence[Size]) -> Iterator[Finding]:
    wrong = says(text, _WRONG_WAY)
    if wrong:
        yield Finding("3a.computation", 0.0, f"“{wrong}”")
        return
    numbers = {size.numbers for size in found if size.numbers}
    inner = any(sorted(one) == [28, 32, 32] for one in numbers if one) and any(
        sorted(one) == [10, 16, 64] for one in numbers if one
    )
    words = says(text, _FORMULA) or says(text, _SHRINKS)
    steps = re.search(r"\b28\b.{0,40}\b14\b.{0,40}\b10\b.{0,40}\b5\b", text)
    if inner or words or steps:
        why = "the maps in between are right" if inner else f"“{words or (steps.group() if steps else '')}”"
        yield Finding("3a.computation", 1.0, why)


def _final(maps: Sequence[Size]) -> tuple[int, ...] | None:
    """The last map named, without a batch's or a unit's dimension in front."""
    if not maps:
        return None
    return tuple(map(int, maps[-1].parts[-3:]))


_LAYER = r"\b(?:10\s*(?:x|×|\*|·|by|mal)\s*1024|1024\s*(?:x|×|\*|·|by|mal|→|->|-->|to|auf|nach|,)\s*10)\b|\b10240\b"
_IN_OUT = (
    r"\b1024\b[^.;]{0,40}(?:inputs?|in_features|eing[aä]ng\w*)[^.;]{0,60}\b10\b[^.;]{0,20}(?:outputs?|"
    r"out_features|ausg[aä]ng\w*)"
)


def _layer(text: str, found: Sequence[Size], final: tuple[int, ...] | None) -> Iterator[Finding]:
    words = says(text, _LAYER) or says(text, _IN_OUT)
    if words:
        yield Finding("3a.fc", 1.0, f"“{words}”", "sure")
        return
    layer = next(
        (size for size in reversed(found) if len(size.parts) == 2 and size.numbers and 10 in size.numbers), None
    )
    if layer is None or layer.numbers is None:
        return
    inputs = next((number for number in layer.numbers if number != 10), 10)
    if final is not None and sorted(final) != [1, 8, 128] and _product(final) == inputs:
        yield Finding("3a.fc", 1.0, f"{layer.words} follows from the student's own map", "sure")
    elif inputs >= 32:
        yield Finding("3a.fc", 0.0, f"read {layer.words}")


def _product(numbers: Sequence[int]) -> int:
    found = 1
    for number in numbers:
        found *= number
    return found
