"""Times as people write them: with an offset, or by the clock of a named time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@cache
def zone_named(name: str) -> ZoneInfo | None:
    """The time zone with an IANA name, or None for ``""``.

    Raises:
        ValueError: There is none of that name.
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        message = f"expected the IANA name of a time zone such as 'Europe/Zurich', found {name!r}"
        raise ValueError(message) from fault


def written_time(value: Any) -> datetime:
    """A date with its time, as TOML and YAML deliver it or as ISO 8601 text.

    Raises:
        ValueError: It is something else, e.g. a day without a time: its first or its last moment could be meant.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and ":" in value:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    message = f"expected a date and time such as 2026-01-31T23:59:00+01:00, found {value!s}"
    raise ValueError(message)


def moment(written: datetime, zone: ZoneInfo | None) -> datetime:
    """The moment that a written time means.

    Args:
        written: With its own offset, or by the clock of ``zone``.
        zone: The clock for times without an offset.

    Returns:
        The same moment with a time zone: ``zone`` where there is one.

    Raises:
        ValueError: It has neither offset nor zone, or the zone's clock shows it twice or never on that day.
    """
    if written.utcoffset() is not None:
        return written.astimezone(zone) if zone else written
    if zone is None:
        message = (
            f"expected a time with its offset, e.g. {written.isoformat()}+01:00, or a time_zone beside it; "
            f"found {written.isoformat()}"
        )
        raise ValueError(message)
    early, late = (written.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() != late.utcoffset():
        back = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        how_often = "twice" if back == written else "never"
        message = f"the clocks are changed then: {written.isoformat()} comes {how_often} in {zone.key}; add the offset"
        raise ValueError(message)
    return early
