"""Times as learning platforms write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = (
    ("jan", "gen"), ("feb", "fév", "fev"), ("mar", "mär", "mrz", "mae"), ("apr", "avr"), ("may", "mai", "mag"),
    ("jun", "juin", "giu"), ("jul", "juil", "lug"), ("aug", "aoû", "aou", "ago"), ("sep", "set"), ("oct", "okt", "ott"),
    ("nov",), ("dec", "dez", "déc", "dic"),
)  # fmt: skip
_CLOCK = r"(?P<h>\d{1,2})[:.](?P<mi>\d{2})(?:[:.](?P<s>\d{2}))?\s*(?P<half>[AaPp][Mm])?"
_FORMS = (
    re.compile(
        r"(?P<y>\d{4})-(?P<mo>\d\d)-(?P<d>\d\d)[T _-](?P<h>\d\d)[:-](?P<mi>\d\d)(?:[:-](?P<s>\d\d))?"
        r"(?:[.,]\d+)?\s*(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?(?P<half>)"
    ),
    re.compile(r"(?<!\d)(?P<y>\d{4})(?P<mo>\d\d)(?P<d>\d\d)[T_](?P<h>\d\d)(?P<mi>\d\d)(?P<s>\d\d)(?P<half>)"),
    re.compile(r"(?P<d>\d{1,2})\.(?P<mo>\d{1,2})\.(?P<y>\d{4})\D{1,10}" + _CLOCK),
    re.compile(r"(?P<d>\d{1,2})\.?\s+(?P<month>[^\W\d_]{3,12})\.?\s+(?P<y>\d{4})\D{1,10}" + _CLOCK),
    re.compile(r"(?P<month>[^\W\d_]{3,12})\.?\s+(?P<d>\d{1,2}),\s*(?P<y>\d{4})\D{1,10}" + _CLOCK),
)


def parse_time(text: str) -> datetime | None:
    """The time in a text such as ``"Friday, 18 June 2021, 9:33 AM"``, or None; a zone only where one is written.

    Dates of figures whose order of day and month is a matter of the country (``6/7/21``) are not read.
    """
    for form in _FORMS:
        match = form.search(text[:200])
        if match:
            return _time(match.groupdict())
    return None


def comparable(moment: datetime | None) -> float:
    """Seconds for comparing times of one system, also when some have a zone and others have not; 0 for none."""
    if moment is None:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _time(parts: dict[str, str | None]) -> datetime | None:
    month = int(parts["mo"] or 0) if "mo" in parts else _month(parts["month"] or "")
    hour, half = int(parts["h"] or 0), (parts["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return datetime(
            int(parts["y"] or 0), month, int(parts["d"] or 0), hour, int(parts["mi"] or 0), int(parts["s"] or 0),
            tzinfo=_zone(parts.get("zone")),
        )  # fmt: skip
    except ValueError:
        return None


def _month(word: str) -> int:
    word = word.casefold()
    return next((number for number, starts in enumerate(_MONTHS, start=1) if word.startswith(starts)), 0)


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text in {"Z", "UTC"}:
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
