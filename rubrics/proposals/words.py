"""Key ideas in typed answers: terms in English and German, written in the usual ways."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from grader.scoring.proposals import Finding

Ideas = Mapping[str, str]
"""Name of an idea → regular expression of its terms, on folded text."""
_NOT = re.compile(
    r"\b(?:no|not|never|without|instead of|rather than|avoid\w*|kein\w*|nicht|nie|ohne|statt|anstatt)\b[^.;,]{0,25}$"
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def folded(answer: str) -> str:
    """Lower case, compatibility forms resolved, dashes and quotes made plain, ``ß`` as ``ss``."""
    text = unicodedata.normalize("NFKC", answer).casefold()
    text = text.translate({ord(dash): "-" for dash in "‐‑‒–—−"})
    return re.sub(r"[ \t\r\f\v]+", " ", text)


def sentences(text: str) -> list[str]:
    """The sentences of a folded text; lines are sentences, too."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def says(text: str, pattern: str) -> str:
    """The words that a pattern finds in a folded text, unless what stands before denies them; else ``""``."""
    for hit in re.finditer(pattern, text):
        if not _NOT.search(text[max(hit.start() - 60, 0) : hit.start()]):
            return hit.group().strip()
    return ""


def found(text: str, ideas: Ideas) -> dict[str, str]:
    """Idea → the words that name it, in the order in which they stand."""
    hits = {name: says(text, pattern) for name, pattern in ideas.items()}
    named = {name: words for name, words in hits.items() if words}
    return dict(sorted(named.items(), key=lambda pair: text.index(pair[1])))


def counted(criteria: Sequence[str], ideas: Mapping[str, str]) -> Iterator[Finding]:
    """One criterion an idea; what is left over is for a person: another idea may be meant that no list knows."""
    for criterion, (name, words) in zip(criteria, ideas.items(), strict=False):
        yield Finding(criterion, 1.0, f"{name}: “{words}”")
    if 0 < len(ideas) < len(criteria):
        for criterion in criteria[len(ideas) :]:
            yield Finding(criterion, None, f"only {', '.join(ideas)} was recognised")


def any_of(*terms: str) -> str:
    """A pattern of terms at the begin of a word."""
    return r"\b(?:" + "|".join(terms) + ")"


def quoted(words: Iterable[str]) -> str:
    """Words for the marker."""
    return ", ".join(f"“{one}”" for one in words if one)
