"""Notebooks as one text each: cells are divided by lines of ``# %%``, a markdown cell begins with ``#md``."""

from __future__ import annotations

import re


def notebook(text: str) -> list[str]:
    """The cells of a text."""
    parts = re.split(r"^# %%.*\n", text.strip("\n") + "\n", flags=re.MULTILINE)
    return [part.strip("\n") + "\n" for part in parts if part.strip()]


def altered(cells: list[str], *replacements: tuple[str, str]) -> list[str]:
    """The cells with some of their text replaced; a text that is not there is a mistake of the bank."""
    changed = list(cells)
    for old, new in replacements:
        assert any(old in cell for cell in changed), f"no {old!r}"
        changed = [cell.replace(old, new) for cell in changed]
    return changed
