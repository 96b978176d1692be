"""Which item of a platform is which question of the course."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import yaml

from grader.errors import UsageError
from grader.intake.names import collision_key
from grader.intake.tables import read_csv
from grader.intake.texts import decode
from grader.intake.types import MIB

IGNORED = ""
"""The question of an item that a map file says to leave out."""

_LEAVE_OUT = {"", "-", "none", "ignore"}
_WORD = r"(?:question|frage|aufgabe|exercise|task|item|no|nr)"
_ANY_ID = r"\d{1,2}[a-z](?:\.\d+)?"
_MAP_BYTES = MIB


class QuestionMap:
    """Finds a question by the title or identifier of an item.

    An entry of the map file wins; then a title that begins with a question's id (``"1a Image Preprocessing"``,
    ``"Question 1(a)"``); then a title that is the question's own.

    Args:
        questions: Ids of the course's questions, perhaps with their titles; empty means any id.
        entries: Title or identifier of an item → question id, or ``""`` to leave the item out.

    Raises:
        UsageError: An entry names a question that does not exist.
    """

    def __init__(
        self, questions: Collection[str] | Mapping[str, str], entries: Mapping[str, str] | None = None
    ) -> None:
        known = {question.casefold(): question for question in questions}
        self._entries: dict[str, str] = {}
        for label, question in (entries or {}).items():
            target = question.strip()
            if target.casefold() in _LEAVE_OUT:
                self._entries[_key(label)] = IGNORED
            elif known and target.casefold() not in known:
                message = f"The map file gives {label!r} to question {target!r}, which is none of the course's."
                raise UsageError(message, hint=f"Questions are {', '.join(questions)}.")
            else:
                self._entries[_key(label)] = known.get(target.casefold(), target)
        ids = "|".join(_pattern(question) for question in sorted(questions, key=len, reverse=True)) or _ANY_ID
        self._start = re.compile(rf"^\W*(?:{_WORD}\W+)?({ids})(?![^\W_])", re.IGNORECASE)
        self._heading = re.compile(
            rf"^[ \t]*(?:{_WORD}[ \t]+)?({ids})[ \t]*\)?[ \t]*[:.)]", re.IGNORECASE | re.MULTILINE
        )
        self._known = {_squeezed(question): question for question in questions}
        self._titles = _unique_titles(questions) if isinstance(questions, Mapping) else {}

    def find(self, labels: Sequence[str]) -> str | None:
        """The question of an item with these labels, :data:`IGNORED` or None."""
        for label in labels:
            if label and _key(label) in self._entries:
                return self._entries[_key(label)]
        for label in labels:
            match = self._start.match(label)
            if match:
                return self._known.get(_squeezed(match[1]), match[1].lower())
        return next((self._titles[_key(label)] for label in labels if _key(label) in self._titles), None)

    def before(self, text: str) -> str:
        """What stands before the first heading."""
        match = self._heading.search(text)
        return text[: match.start()].strip() if match else text.strip()

    def split(self, text: str) -> dict[str, str]:
        """A text with headings such as ``1a:`` at the beginning of lines, as one answer a question."""
        matches = list(self._heading.finditer(text))
        ends = [*(match.start() for match in matches), len(text)][1:]
        answers: dict[str, str] = {}
        for match, end in zip(matches, ends, strict=True):
            question = self._known.get(_squeezed(match[1]), match[1].lower())
            answer = text[match.end() : end].strip()
            answers[question] = f"{answers[question]}\n\n{answer}" if question in answers else answer
        return answers


def read_map(path: Path) -> dict[str, str]:
    """Reads a map file: YAML (``title: question``) or CSV with two columns.

    Raises:
        UsageError: It cannot be read.
    """
    hint = "Write lines of the form 'title of the item: question id', or a CSV file with these two columns."
    try:
        if path.stat().st_size > _MAP_BYTES:
            message = f"{path} is larger than 1 MiB."
            raise UsageError(message, hint=hint)
        raw = path.read_bytes()
    except OSError as error:
        message = f"The map file {path} cannot be opened ({error.strerror or error})."
        raise UsageError(message, hint=hint) from error
    entries = _csv_entries(path) if path.suffix.lower() in {".csv", ".tsv", ".txt"} else _yaml_entries(decode(raw))
    if entries is None:
        message = f"The map file {path} is neither a list of 'title: question' nor a table with two columns."
        raise UsageError(message, hint=hint)
    return entries


def _yaml_entries(text: str) -> dict[str, str] | None:
    try:
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - texts only, so that 1e1 stays one
    except (yaml.YAMLError, RecursionError):
        return None
    if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
        return None
    return {str(key): value for key, value in document.items()}


def _csv_entries(path: Path) -> dict[str, str] | None:
    table = read_csv(path)
    if table is None or any(len(row) < 2 for row in table.rows):
        return None
    rows = [(row[0].strip(), row[1].strip()) for row in table.rows]
    if rows and rows[0][1].casefold() in {"question", "question id", "question_id", "frage", "id"}:
        rows = rows[1:]
    return dict(rows)


def _pattern(question: str) -> str:
    """The id, also with brackets or dots between figures and letters: ``1a``, ``1(a)``, ``1.a``."""
    return r"[._(-]{0,2}".join(re.escape(run) for run in re.findall(r"\d+|[^\W\d_]+|[\W_]+", question))


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _key(label: str) -> str:
    return re.sub(r"\s+", " ", collision_key(label)).strip()


def _unique_titles(questions: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str | None] = {}
    for question, title in questions.items():
        found[_key(title)] = question if title and _key(title) not in found else None
    return {title: question for title, question in found.items() if question is not None}
