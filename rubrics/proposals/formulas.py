"""Formulas of Grad-CAM as students type them → SymPy, by a parser that knows no more than these symbols.

A stranger's text never reaches SymPy's own parser: tokens are matched against a short list, sizes are bounded, and what
is not understood is no formula.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import sympy

MAX_CHARACTERS, MAX_TOKENS = 240, 60
W, A, B, K, M = sympy.symbols("w a b K M")
SUM_Q, SUM_K, SUM_M = sympy.symbols("S_q S_k S_m")
"""Sums as factors: linear, so that they commute with everything that does not depend on their index."""

_GREEK = {"∑": "sum", "Σ": "sum", "σ": "sum", "summe": "sum", "\\sum": "sum", "\\alpha": "alpha", "α": "alpha"}
_SUBSCRIPT = str.maketrans("₀₁₂₃₄₅₆₇₈₉ₐₑₒₓₖₘ", "0123456789aeoxkm")
_INDEX = r"(?:\s*[_^]\s*(?:\{[^{}]{0,20}\}|\([^()]{0,20}\)|\w{1,6}))*|\s*\[[^\[\]]{0,20}\]"
_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<frac>\\d?frac)
  | (?P<sum>\\?sum(?![a-z]))(?P<limits>{_INDEX})
  | (?P<w>w(?:o?q|qo)?(?:{_INDEX}))(?![a-z])
  | (?P<a>a(?:qkm|_qkm)?(?:{_INDEX}))(?![a-z])
  | (?P<f>f(?:{_INDEX}))(?![a-z])
  | (?P<b>b(?:{_INDEX}))(?![a-z])
  | (?P<km>km)(?![a-z])
  | (?P<k>k)(?![a-z_])
  | (?P<m>m)(?![a-z_])
  | (?P<number>\d{{1,6}})
  | (?P<times>[*·∙⋅×]|\\cdot|\\times)
  | (?P<over>/)
  | (?P<plus>\+)
  | (?P<minus>-)
  | (?P<open>[(\[{{])
  | (?P<close>[)\]}}])
    )""",
    re.VERBOSE,
)


_STARTS = frozenset({"frac", "sum", "w", "a", "f", "b", "km", "k", "m", "number", "open"})


class NoFormulaError(ValueError):
    """The text is none that this parser understands."""


def plain(text: str) -> str:
    """Text with signs, letters and LaTeX in one way of writing."""
    text = unicodedata.normalize("NFKC", text.translate(_SUBSCRIPT)).replace("Σ", "∑").lower()
    text = text.replace("\\left", "").replace("\\right", "").replace("\\,", " ").replace("$", " ").replace("\\;", " ")
    text = re.sub(r"\\(?:mathrm|text|mathbf|boldsymbol)\s*\{([^{}]*)\}", r"\1", text)
    for sign, word in _GREEK.items():
        text = text.replace(sign, f"{word} " if word == "sum" and not sign.isalpha() else word)
    return text.replace("\\sum", "sum").replace("\\alpha", "alpha").replace("−", "-").replace("–", "-")


def parse(text: str, known: Mapping[str, sympy.Expr] | None = None) -> sympy.Expr:
    """A formula as an expression in W, A, B, K, M and the sums.

    Args:
        text: From ``plain``.
        known: What ``f`` stands for, if the answer defined it.

    Raises:
        NoFormulaError: It is too long, holds something else, or could be read in two ways.
    """
    if len(text) > MAX_CHARACTERS:
        message = "too long"
        raise NoFormulaError(message)
    parser = _Parser(_tokens(text), dict(known or {}))
    found = parser.sum()
    if parser.left():
        message = f"something is left at token {parser.at}"
        raise NoFormulaError(message)
    return found


def same(one: sympy.Expr, other: sympy.Expr) -> bool:
    """Whether two expressions are equal; both are small products and sums."""
    return bool(sympy.cancel(one - other) == 0)


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, text = 0, text.strip()
    while at < len(text):
        hit = _TOKEN.match(text, at)
        if hit is None or hit.end() == at or len(found) >= MAX_TOKENS:
            message = f"not understood from {text[at : at + 20]!r}"
            raise NoFormulaError(message)
        kind = next(name for name, value in hit.groupdict().items() if value is not None and name != "limits")
        found.append((kind, hit.group("limits") or "" if kind == "sum" else hit.group(kind)))
        at = hit.end()
        while at < len(text) and text[at].isspace():
            at += 1
    return found


class _Parser:
    """``w/KM`` is w/(KM), ``1/(KM) Σ a`` is (1/(KM))·Σ a; who writes ``w/K*M`` is not understood."""

    def __init__(self, tokens: list[tuple[str, str]], known: dict[str, sympy.Expr]) -> None:
        self._tokens, self._known, self.at = tokens, known, 0

    def left(self) -> bool:
        return self.at < len(self._tokens)

    def sum(self) -> sympy.Expr:
        found = self._product()
        while self._kind() in {"plus", "minus"}:
            sign = 1 if self._take() == "plus" else -1
            found += sign * self._product()
        return found

    def _product(self) -> sympy.Expr:
        found, divided = self._factor(), False
        while True:
            kind = self._kind()
            if kind == "times":
                self._take()
                # w/K*M: the rule says (w/K)·M, people mean w/(KM).
                if divided and self._kind() in {"k", "m"}:
                    message = "a product after a quotient without brackets"
                    raise NoFormulaError(message)
                found *= self._factor()
            elif kind == "over":
                self._take()
                found, divided = found / self._divisor(), True
            elif kind in _STARTS:
                found *= self._factor()
            else:
                return found

    def _divisor(self) -> sympy.Expr:
        """What stands below the line: one pair of brackets, or K and M side by side."""
        bare = self._kind() in {"k", "m"}
        found = self._factor()
        while bare and self._kind() in {"k", "m"}:
            found *= self._factor()
        return found

    def _factor(self) -> sympy.Expr:
        kind = self._kind()
        if kind == "sum":
            return self._sums()
        text = self._tokens[self.at][1] if self.left() else ""
        self._take()
        if kind == "minus":
            return -self._factor()
        if kind == "open":
            found = self.sum()
            if self._kind() != "close":
                message = "a bracket is not closed"
                raise NoFormulaError(message)
            self._take()
            return found
        if kind == "frac":
            return self._factor() / self._factor()
        if kind == "f":
            if "f" not in self._known:
                message = "f was not defined"
                raise NoFormulaError(message)
            return self._known["f"]
        letters = {"w": W, "a": A, "b": B, "k": K, "m": M, "km": K * M}
        if kind in letters:
            return letters[kind]
        if kind == "number":
            return sympy.Integer(text)
        message = f"expected a factor, found {kind or 'the end'}"
        raise NoFormulaError(message)

    def _sums(self) -> sympy.Expr:
        limits = self._tokens[self.at][1]
        self._take()
        # Lower limits name the index: _{k=1}^{K} sums over k.
        lower = re.sub(r"\^\s*(?:\{[^{}]*\}|\w+)", "", limits)
        indices = set(re.findall(r"[qkm]", lower))
        if not indices:
            message = "a sum without an index"
            raise NoFormulaError(message)
        found = sympy.Integer(1)
        for letter, symbol in (("q", SUM_Q), ("k", SUM_K), ("m", SUM_M)):
            if letter in indices:
                found *= symbol
        return found

    def _kind(self) -> str:
        return self._tokens[self.at][0] if self.left() else ""

    def _take(self) -> str:
        kind = self._kind()
        self.at += 1
        return kind
