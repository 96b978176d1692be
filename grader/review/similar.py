"""Answers that say much the same, so that they are read one after the other. Nothing is marked by its likeness."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

LIKE = 0.55
"""Cosine of the TF-IDF vectors of two answers from which they are shown together."""
_LONGEST = 8_000
_MOST_SHOWN = 200
_MOST_GROUPED = 2_000
"""Larger classes keep their order: grouping compares every answer with every other."""


class Likeness:
    """The likeness of answers to one question: cosine of TF-IDF vectors over runs of 2 to 4 characters within words.

    Runs of characters take "K×D", "KxD" and typing errors for neighbours, in any language.

    Args:
        answers: What was typed; an empty one is like no other.
    """

    def __init__(self, answers: Sequence[str]) -> None:
        texts = [_folded(answer) for answer in answers]
        self._filled = [bool(text.strip()) for text in texts]
        self._matrix = None
        if sum(self._filled) > 1:
            vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
            self._matrix = normalize(vectors.fit_transform(texts))

    def like(self, at: int, least: float = LIKE) -> list[tuple[int, float]]:
        """Indices and cosines of the answers like the one at ``at``, the likest first, without that one."""
        if self._matrix is None or not self._filled[at]:
            return []
        cosines = (self._matrix @ self._matrix[at].T).toarray().ravel()
        found = [
            (index, float(cosine))
            for index, cosine in enumerate(cosines)
            if index != at and cosine >= least and self._filled[index]
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:_MOST_SHOWN]

    def order(self) -> list[int]:
        """All indices, each answer followed by those like it that did not come before: groups without chains."""
        if len(self._filled) > _MOST_GROUPED:
            return list(range(len(self._filled)))
        left = dict.fromkeys(range(len(self._filled)))
        ordered = []
        while left:
            leader = next(iter(left))
            group = [leader, *(index for index, _ in self.like(leader) if index in left)]
            for index in group:
                del left[index]
            ordered += group
        return ordered


def _folded(answer: str) -> str:
    plain = unicodedata.normalize("NFKC", answer[:_LONGEST]).casefold().replace("×", "x").replace("*", "x")
    return " ".join(plain.split())
