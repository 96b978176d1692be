"""Writes the table of ``docs/security.md`` from what a run of the suite saw.

Usage: ``GRADER_HOSTILE_REPORT=seen.json pytest tests/hostile && python -m tests.hostile seen.json``
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.hostile.exam import ATTACKS, PROJECT
from tests.support.pages import put

PAGE = PROJECT / "docs" / "security.md"


def rows(seen: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The table's lines: an attack each."""
    lines = ["| attack | the notebook … | must end so | seen |", "| --- | --- | --- | --- |"]
    for attack in ATTACKS:
        by_words: dict[str, list[str]] = {}
        for backend, words in sorted(seen.get(attack.ident, {}).items()):
            by_words.setdefault(words, []).append(backend)
        told = "; ".join(f"{' and '.join(backends)}: {words}" for words, backends in by_words.items())
        lines.append(f"| {attack.ident} | {attack.does} | {attack.expected} | {told} |")
    return lines


def main(report: Path) -> None:
    """Puts the table into the page."""
    put(PAGE, "table", "\n".join(rows(json.loads(report.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
