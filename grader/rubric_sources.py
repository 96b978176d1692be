"""Which code decides a question: a hash of its sources, so that only what changed is scored again."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.course import Assignment, Course
from grader.rubric_modules import BUNDLED, bundled_course
from grader.scoring.parsing import parse

_DATA = {".toml", ".json", ".csv"}
_NOT_CODE = ("course.", "assets.", "explanations.")
"""How files of points, texts and data begin: these are applied after the decision, or are part of the execution."""
_REGISTERS = ("question", "exhibit")
_PACKAGES = (BUNDLED, "reference", "grader")


@dataclass(frozen=True)
class _Start:
    """Where the code of a question begins. Attributes: the question, files of what it uses, its own code."""

    question: str
    files: tuple[Path, ...]
    code: str


def question_digests(course: Course, folder: Path) -> Mapping[str, str]:
    """Question id → hash of the sources that decide it and the questions before it.

    The sources are the module that registers the question and all that it imports, of the course pack, the reference
    and the engine. A later question may look at earlier outcomes, so its hash holds theirs.

    Args:
        course: The course pack.
        folder: Its folder.
    """
    sources, digests = _Sources(folder), dict[str, str]()
    for assignment in course.assignments:
        starts = sources.starts(assignment)
        before = ""
        for question in assignment.questions:
            if question.kind != "code" or not question.criteria:
                digests[question.id] = ""
                continue
            start = starts[question.id]
            text = f"{before} {question.id} {start.code} {sources.closure(start.files)}"
            before = hashlib.sha256(text.encode()).hexdigest()[:32]
            digests[question.id] = before
    return digests


class _Sources:
    """The sources of a course as they are now: read, never run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._texts: dict[Path, bytes] = {}
        self._trees: dict[Path, ast.Module] = {}
        self._imports: dict[Path, tuple[Path, ...]] = {}
        self._files: dict[str, Path | None] = {}

    def starts(self, assignment: Assignment) -> dict[str, _Start]:
        """Question id → where the code that decides it begins."""
        name = f"assignment{assignment.id}"
        own = [self._folder / f"{name}.py", self._folder / name]
        bundled = [bundled_course() / f"{name}.py", bundled_course() / name]
        places = [path for path in own if path.exists()] or [path for path in bundled if path.exists()]
        files = [file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*.py")))]
        found = {question.id: _Start(question.id, (), "") for question in assignment.questions}
        for start in (start for file in files for start in self._registered(file)):
            known = found.get(start.question, start)
            found[start.question] = _Start(start.question, (*known.files, *start.files), known.code + start.code)
        # What cannot be found by reading, such as a registration in a loop, depends on everything.
        return {ident: start if start.code else _Start(ident, tuple(files), "") for ident, start in found.items()}

    def closure(self, start: Iterable[Path]) -> str:
        """Hash of files and all that they import of ours, with the data files beside them."""
        waiting = list(start)
        seen: set[Path] = set()
        while waiting:
            file = waiting.pop()
            if file in seen:
                continue
            seen.add(file)
            waiting += [found for found in self._imported(file) if found not in seen]
        data = {path for file in seen for path in file.parent.iterdir() if path.suffix in _DATA}
        used = seen | {path for path in data if not path.name.startswith(_NOT_CODE)}
        # By content alone: a copy of a course pack elsewhere decides the same.
        parts = sorted(hashlib.sha256(path.name.encode() + b"\0" + self._content(path)).hexdigest() for path in used)
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    def _registered(self, file: Path) -> Iterator[_Start]:
        """Both forms: a decorated function, and a call with a function from elsewhere."""
        tree = self._tree(file)
        local = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for ident in filter(None, map(_question, node.decorator_list)):
                    yield self._start(ident, node, local - {node.name}, file)
            elif isinstance(node, ast.Call) and node.args and (ident := _question(node.func)):
                yield self._start(ident, node, local, file)

    def _start(self, ident: str, node: ast.AST, local: set[str], file: Path) -> _Start:
        """Follows the names that the code uses to their modules; names of the file itself take all of the file."""
        used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        if used & local:
            return _Start(ident, (file,), "whole file")
        sources = self._sources_of_names(file)
        return _Start(ident, tuple(sorted({sources[name] for name in used if name in sources})), ast.dump(node))

    def _sources_of_names(self, file: Path) -> Mapping[str, Path]:
        """Imported name → file that it comes from, for names of ours."""
        found: dict[str, Path] = {}
        for node in self._tree(file).body:
            if isinstance(node, ast.ImportFrom) and (base := _absolute(node, file)).partition(".")[0] in _PACKAGES:
                for alias in node.names:
                    source = self._file(f"{base}.{alias.name}") or self._file(base)
                    if source is not None:
                        found[alias.asname or alias.name] = source
        return found

    def _imported(self, file: Path) -> tuple[Path, ...]:
        if file not in self._imports:
            names: list[str] = []
            for node in ast.walk(self._tree(file)):
                if isinstance(node, ast.Import):
                    names += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    base = _absolute(node, file)
                    names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
            found = [self._file(name) for name in names if name.partition(".")[0] in _PACKAGES]
            self._imports[file] = tuple(path for path in found if path is not None)
        return self._imports[file]

    def _file(self, name: str) -> Path | None:
        """The file of a module, found without running anything of it."""
        if name not in self._files:
            parts = name.split(".")
            root = importlib.util.find_spec(parts[0])
            places = [Path(place) for place in (root.submodule_search_locations or ())[:1]] if root is not None else []
            if parts[0] == BUNDLED and (self._folder / Path(*parts[1:])).with_suffix(".py").is_file():
                places = [self._folder]
            paths = [place.joinpath(*parts[1:]) for place in places]
            files = [file for path in paths for file in (path.with_suffix(".py"), path / "__init__.py")]
            self._files[name] = next((file for file in files if file.is_file()), None)
        return self._files[name]

    def _tree(self, file: Path) -> ast.Module:
        if file not in self._trees:
            self._trees[file] = parse(self._content(file))
        return self._trees[file]

    def _content(self, path: Path) -> bytes:
        if path not in self._texts:
            self._texts[path] = path.read_bytes()
        return self._texts[path]


def _question(node: ast.expr) -> str:
    """The id in ``rubric.question("2c")`` or ``rubric.exhibit("2c")``, or ``""``."""
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _REGISTERS
    if is_call and isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        return str(node.args[0].value)
    return ""


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    """Dotted name that an import refers to; relative ones by where the file lies."""
    if not node.level:
        return node.module or ""
    package = file.parent
    for _ in range(node.level - 1):
        package = package.parent
    parts = [package.name]
    while (package.parent / "__init__.py").is_file():
        package = package.parent
        parts.insert(0, package.name)
    return ".".join([*parts, *([node.module] if node.module else [])])
