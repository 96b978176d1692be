"""Question 1b: logit, derivative and weight of Grad-CAM, checked with SymPy over the usual notations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sympy

from grader.scoring.proposals import Finding
from rubrics.proposals.formulas import SUM_K, SUM_M, SUM_Q, A, B, K, M, NoFormulaError, W, parse, plain, same
from rubrics.proposals.words import folded, says

MEAN = SUM_K * SUM_M * A / (K * M)
LOGIT = SUM_Q * W * MEAN
SLOPE = W / (K * M)
_BREAK = re.compile(
    r"\n+|;|\.(?=\s|$)|,(?!\s*[qkm]\b)|⇒|→|\\rightarrow|\\implies|"
    r"\b(?:hence|therefore|thus|so|and|then|also|daher|damit|somit|und|dann|with|mit|because|denn|weil)\b"
)
_SLOPE = re.compile(r"(?:∂|\bd\s*|\\partial\s*|\bpartial\s*)z.{0,40}(?:∂|\bd\s*|\\partial\s*|\bpartial\s*)a")
_WEIGHT = re.compile(r"^\s*alpha\b|\balpha[^=]{0,15}$|\balpha\s*[_^]")
_LOGIT = re.compile(r"^\s*(?:the\s+|das\s+)?(?:logit\s*)?z(?:\s*[_^]\s*(?:\{\s*o\s*\}|o)|\s*\[o\]|o)?\s*$|\blogit\s*$")
_POOLED = re.compile(r"^\s*f(?:\s*[_^]\s*(?:\{\s*q\s*\}|q)|q)?\s*$")


@dataclass
class _Read:
    """What an answer says. Attributes: formulas of each kind with their words, the meaning of f."""

    logit: list[tuple[sympy.Expr, str]] = field(default_factory=list)
    slope: list[tuple[sympy.Expr, str]] = field(default_factory=list)
    weight: list[tuple[sympy.Expr, str]] = field(default_factory=list)
    known: dict[str, sympy.Expr] = field(default_factory=dict)


def derivative(answer: str) -> Iterator[Finding]:
    """Findings on 1b."""
    read = _read(answer)
    met = set()
    judged: tuple[tuple[str, list[tuple[Any, str]], Callable[[Any], bool]], ...] = (
        ("1b.logit", read.logit, lambda found: same(found, LOGIT) or same(found, LOGIT + B)),
        ("1b.derivative", read.slope, lambda found: same(found, SLOPE)),
        ("1b.weight", read.weight, lambda found: same(found, SLOPE)),
    )
    for criterion, formulas, right in judged:
        verdicts = {right(formula) for formula, _ in formulas}
        words = formulas[-1][1].strip() if formulas else ""
        if verdicts == {True}:
            met.add(criterion)
            yield Finding(criterion, 1.0, f"equal to the right formula: “{words}”", "sure")
        elif verdicts == {False}:
            yield Finding(criterion, 0.0, f"read as {formulas[-1][0]}, which differs: “{words}”")
        elif verdicts:
            yield Finding(criterion, None, "right and wrong formulas stand beside each other")
    reason = says(
        folded(answer), r"averag|mean over|only one|summand|pooling|gemittelt|mittel|1/\(?\s*k|linear|\\frac\{1\}"
    )
    if len(met) == 3 and reason:
        yield Finding("1b.steps", 1.0, f"logit, derivative and weight are there, with “{reason}”")


def _read(answer: str) -> _Read:
    read = _Read()
    text = re.sub(r"\n\s*=", " =", plain(answer).replace("w.r.t.", "wrt"))
    text = re.sub(r"\b(?:is|ist|equals|lautet|becomes|wird)\b", "=", text)
    statements = [part for part in _BREAK.split(text) if "=" in part][:40]
    for statement in statements:
        sides = _sides(statement)
        if _POOLED.search(_head(sides[0])):
            value = _last(sides[1:], read.known)
            if value is not None:
                read.known["f"] = value[0]
    for statement in statements:
        sides = _sides(statement)
        kind = _kind(sides[0])
        value = _last(sides[1:], read.known) if kind else None
        if value is not None:
            getattr(read, kind).append(value)
    return read


def _sides(statement: str) -> list[str]:
    """Sides of an equation; limits such as ``_{k=1}`` are none."""
    hidden = re.sub(r"[_^]\s*\{[^{}]*\}|[_^]\s*\([^()]*\)", lambda hit: hit.group().replace("=", "≔"), statement)
    return [side.replace("≔", "=") for side in hidden.strip(" =").split("=")][:8]


def _kind(side: str) -> str:
    if _SLOPE.search(side) and "sum" not in side:
        return "slope"
    if _WEIGHT.search(side) or re.search(r"\b(?:gewicht|weight)\b", side):
        return "weight"
    if re.search(r"\b(?:derivative|ableitung)\b", side):
        return "slope"
    return "logit" if _LOGIT.search(side) or _LOGIT.search(_head(side)) else ""


def _head(side: str) -> str:
    """The end of a side, after words that introduce it."""
    return re.split(r":\s|\b(?:gives|der|die|das|the|logit)\s", side)[-1]


def _last(sides: list[str], known: dict[str, sympy.Expr]) -> tuple[sympy.Expr, str] | None:
    """The last side that is a formula: what an equation arrives at."""
    for side in reversed(sides):
        try:
            return parse(side, known), side
        except NoFormulaError:
            continue
    return None
