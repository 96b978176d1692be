"""When two systems mean the same person: names and their spellings compared."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "ħ": "h"}
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_SHORTEST_KEY = 2


def exact_key(name: str) -> str:
    """Equal for names of the same letters: without regard to case, Unicode form, and to which name comes first."""
    return " ".join(sorted(re.split(r"[\s,]+", _folded(name)))).strip()


def spelling_keys(name: str) -> frozenset[str]:
    """The name as systems with nothing but ASCII write it.

    One key has German umlauts as two letters, as OLAT, OpenOlat and ILIAS write them; the other drops accents. Both
    leave out all but letters and digits within a word, and do not tell the order of the words.
    """
    words = [word for word in re.split(r"[\s,_]+", _folded(name)) if word]
    keys = (" ".join(sorted(filter(None, map(rule, words)))) for rule in (_olat, _plain))
    return frozenset(key for key in keys if len(key) >= _SHORTEST_KEY)


def same_spelling(one: str, other: str) -> bool:
    """Whether a system that knows ASCII alone may have made one name of the other.

    Two names that both have further letters are compared by these letters and nothing else: dropping them would take
    many people for one.
    """
    if exact_key(one) == exact_key(other):
        return True
    return (one.isascii() or other.isascii()) and not spelling_keys(one).isdisjoint(spelling_keys(other))


def same_letters(one: str, other: str) -> bool:
    """Whether two names may be one that lost its blanks, as ``müllerannalena`` did: too little to find anybody by."""
    return not {_letters(key) for key in spelling_keys(one)}.isdisjoint(_letters(key) for key in spelling_keys(other))


def _letters(key: str) -> str:
    return "".join(sorted(key.replace(" ", "")))


def _folded(name: str) -> str:
    # casefold() makes "ss" of "ß"; both rules want that.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _olat(word: str) -> str:
    return _ascii(word.translate(_GERMAN))


def _plain(word: str) -> str:
    return _ascii(word.translate(_PLAIN))


def _ascii(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFD", word))
