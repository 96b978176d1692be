"""When two systems mean the same name: their ways of writing it, compared."""

from __future__ import annotations

import re
import unicodedata

from grader.intake.names import collision_key

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"})
_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"})


def olat_name(text: str) -> str:
    """A name as OLAT and OpenOlat write it in folders.

    Blanks become ``_``, German umlauts two letters, other accents go, and so does all but ``[A-Za-z0-9_]``. The text's
    normal form counts: a decomposed ``ü`` loses its dots.
    """
    text = _without_accents(text.translate(_GERMAN).replace(" ", "_"))
    return re.sub(r"[^A-Za-z0-9_]", "", text)


def olat_names(text: str) -> frozenset[str]:
    """The forms that :func:`olat_name` may have made of a text, composed or decomposed, without regard to case."""
    return frozenset(olat_name(unicodedata.normalize(form, text)).casefold() for form in ("NFC", "NFD"))


def word_keys(text: str) -> frozenset[str]:
    """What a name becomes without anything but letters and digits: as it is, with ``ae`` for ``ä``, and with ``a``."""
    composed = unicodedata.normalize("NFC", text)
    forms = (composed, composed.translate(_GERMAN), _without_accents(composed.translate(_PLAIN)))
    return frozenset(re.sub(r"[\W_]+", "", collision_key(form)) for form in forms)


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
