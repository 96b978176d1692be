"""The files of a class as a platform wrote them: names first, so that archives are recognised before they are unpacked.

Signs are only believed where they hold for the class and not for what one student uploaded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grader.intake.archive import Uploaded
from grader.intake.folder import clean_entries
from grader.intake.types import Limits

_DEEPEST = 6
_BESIDE = (".csv", ".tsv", ".xlsx", ".xls", ".yaml", ".yml", ".md", ".html", ".htm", ".db", ".log", ".json")

Parts = tuple[str, ...]


@dataclass
class Tree:
    """A class as unpacked.

    Attributes:
        label: Name of the source.
        files: Name as uploaded, by parts and relative to the source → file; no links, no junk. Complete before
            anything is asked.
        folders: The same of folders.
    """

    label: str
    files: dict[Parts, Path]
    folders: dict[Parts, Path]

    @cached_property
    def names(self) -> list[Parts]:
        """Names of all files, ordered."""
        return sorted(self.files)

    def below(self, folder: Parts) -> dict[Parts, Path]:
        """The files in a folder at any depth, by their names relative to it."""
        depth = len(folder)
        return {name[depth:]: self.files[name] for name in self._by_folder.get(folder, ())}

    def subfolders(self, folder: Parts) -> list[Parts]:
        """The folders directly in a folder, ordered."""
        return self._inner.get(folder, [])

    @cached_property
    def _by_folder(self) -> dict[Parts, list[Parts]]:
        found: dict[Parts, list[Parts]] = defaultdict(list)
        for name in self.names:
            for depth in range(len(name)):
                found[name[:depth]].append(name)
        return found

    @cached_property
    def _inner(self) -> dict[Parts, list[Parts]]:
        found: dict[Parts, list[Parts]] = defaultdict(list)
        for name in sorted(self.folders):
            found[name[:-1]].append(name)
        return found


def tree_of(root: Path, label: str, limits: Limits, uploaded: Uploaded) -> Tree:
    """Lists a folder, or a single file."""
    tree = Tree(label, {}, {})
    if root.is_file():
        tree.files[(uploaded.name(root),)] = root
        return tree
    waiting: list[tuple[Path, Parts]] = [(root, ())]
    budget = limits.class_entries
    while waiting and budget > 0:
        folder, prefix = waiting.pop()
        try:
            entries = clean_entries(folder)
        except OSError:
            continue  # reported when the student's folder is read
        for entry in entries:
            budget -= 1
            path = Path(entry.path)
            name = (*prefix, uploaded.name(path))
            name = (*prefix, path.name) if name in tree.files or name in tree.folders else name
            if entry.is_dir(follow_symlinks=False) and len(name) < limits.depth + _DEEPEST:
                tree.folders[name] = path
                waiting.append((path, name))
            elif entry.is_file(follow_symlinks=False):
                tree.files[name] = path
    return tree


def wrapper(names: Sequence[Parts]) -> Parts:
    """The folders in which all files lie."""
    if not names:
        return ()
    first, last = min(names)[:-1], max(names)[:-1]
    common = next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), None)
    return first[: min(len(first), len(last)) if common is None else common]


def level_of(names: Sequence[Parts], matches: Callable[[str], bool], *, folders: bool = False) -> int | None:
    """The place in the names at which most entries match, in most folders of the class; or None.

    Args:
        names: Names of files.
        matches: Whether an entry's name shows the sign.
        folders: Whether only folders may show it.
    """
    around = len(wrapper(names))
    for place in range(_DEEPEST):
        siblings: dict[Parts, set[str]] = defaultdict(set)
        for name in names:
            if len(name) > place + folders:
                siblings[name[:place]].add(name[place])
        signed = {parent for parent, children in siblings.items() if _mostly(children, matches)}
        tops = {parent[around : around + 1] for parent in signed}
        everything = {name[around] for name in names if place <= around or not name[around].lower().endswith(_BESIDE)}
        if signed and (place <= around or len(tops) * 2 > len(everything)):
            return place
    return None


def believable(names: Sequence[Parts], bases: set[Parts]) -> bool:
    """Whether signs found in some folders stand for the class: one around all, or most that hold notebooks.

    Args:
        names: Names of files.
        bases: The folders that show the sign.
    """
    around = wrapper(names)
    if not bases or any(len(base) <= len(around) for base in bases):
        return bool(bases)
    place = len(around)
    signed = {base[place] for base in bases}
    with_notebooks = {name[place] for name in names if len(name) > place + 1 and ".ipynb" in name[-1].lower()}
    return len(signed) * 2 > len(signed | with_notebooks)


def _mostly(children: set[str], matches: Callable[[str], bool]) -> bool:
    """Whether most of a folder's entries match, tables and the like left aside."""
    fitting = sum(map(matches, children))
    counted = sum(matches(child) or not child.lower().endswith(_BESIDE) for child in children)
    return fitting * 2 > counted
