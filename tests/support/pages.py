"""Tables of documentation pages that a program writes."""

from __future__ import annotations

from pathlib import Path


def put(page: Path, name: str, text: str) -> None:
    """Replaces what lies between a page's marks ``<!-- name: begin -->`` and ``<!-- name: end -->``.

    Raises:
        ValueError: The page lacks the marks.
    """
    before, _, after = _parts(page, name)
    begin, end = _marks(name)
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def part(page: Path, name: str) -> str:
    """What lies between a page's marks.

    Raises:
        ValueError: The page lacks the marks.
    """
    return _parts(page, name)[1].strip()


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def _parts(page: Path, name: str) -> tuple[str, str, str]:
    begin, end = _marks(name)
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    inside, ended, after = rest.partition(end)
    if not found or not ended:
        message = f"{page.name}: expected the marks {begin} and {end}, found no such pair; add them to the page."
        raise ValueError(message)
    return before, inside, after
