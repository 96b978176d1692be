"""``answers.yaml``: what a student typed into the exam page."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml

from grader.intake.types import Limits, Problem, size_text

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MARKS = {
    **dict.fromkeys(("right", "r", "true", "t", "yes", "y", "correct", "richtig", "wahr", "ja"), "right"),
    **dict.fromkeys(("wrong", "w", "false", "f", "no", "n", "incorrect", "falsch", "nein"), "wrong"),
    **dict.fromkeys(("unanswered", "", "null", "~", "none", "-", "–", "—", "?", "n/a", "leer", "blank"), "unanswered"),
}
_KEY = re.compile(r"^(['\"]?)([0-9A-Za-z][\w.-]{0,30})\1[ \t]*:(?=\s|$)", re.MULTILINE)
_ENTRY_DEPTH = 2
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEPARATORS = re.compile(r"[\s,;|/]+")

Answer = str | list[str]


class _RefusedError(Exception):
    """A construct of YAML that no answer needs."""


def read_answers(
    path: Path, where: str, questions: Collection[str], limits: Limits
) -> tuple[dict[str, Answer], list[Problem]]:
    """Reads the typed answers; what cannot be read is reported, the rest is kept.

    Args:
        path: The file.
        where: Its name as uploaded.
        questions: Ids of the questions that exist; empty means any.
        limits: Bounds on the file's size.

    Returns:
        Question id → text or marks, and what was wrong.
    """
    try:
        size = path.stat().st_size
        if size > limits.answers_bytes:
            message = f"The answers are not read: {size_text(size)}, at most {size_text(limits.answers_bytes)} are."
            return {}, [Problem(message, where)]
        text = _decode(path.read_bytes())
    except OSError as error:
        return {}, [Problem(f"The answers cannot be opened ({error.strerror or error}).", where)]
    return parse_answers(text, where, questions)


def parse_answers(text: str, where: str, questions: Collection[str] = ()) -> tuple[dict[str, Answer], list[Problem]]:
    """Like :func:`read_answers`, of text."""
    problems: list[Problem] = []
    text = _NOT_YAML.sub("\ufffd", text.removeprefix("\ufeff"))
    try:
        entries = _entries(text)
    except _RefusedError as error:
        return {}, [Problem(f"The answers are refused: {error}.", where, "Put texts in quotes.")]
    except (yaml.YAMLError, RecursionError) as error:
        problems.append(Problem(f"The answers are not valid YAML ({_place(error)}); read line by line.", where))
        entries = list(_salvage(text, where, problems))
    answers: dict[str, Answer] = {}
    known = {question.casefold(): question for question in questions}
    for key, value in entries:
        question = known.get(key.casefold(), key)
        if known and key.casefold() not in known:
            problems.append(Problem(f"There is no question {key[:40]!r}: its answer is ignored.", where))
            continue
        if question in answers:
            problems.append(Problem(f"Question {question[:40]} is answered twice: the later answer counts.", where))
        answers[question] = _answer(question, value, where, problems)
    return answers, problems


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode(json.detect_encoding(raw))
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return text


def _entries(text: str) -> list[tuple[str, Any]]:
    """Key and value (text, list of texts, or None for anything deeper) of the one mapping in the document."""
    _check_events(text)
    node = yaml.compose(text, Loader=_Loader)
    if node is None:
        return []
    if not isinstance(node, yaml.MappingNode) or not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
        message = "they must be lines of the form '1a: text'"
        raise _RefusedError(message)
    return [(str(key.value), _value(value)) for key, value in node.value]


def _check_events(text: str) -> None:
    """Walks the stream without building anything: neither an alias bomb nor deep nesting gets further."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            message = f"line {_line(event)} holds an alias ('*{str(event.anchor)[:20]}')"
            raise _RefusedError(message)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _ENTRY_DEPTH + 1:
            message = f"line {_line(event)} is nested too deeply"
            raise _RefusedError(message)
        if documents > 1:
            message = "they hold several YAML documents ('---')"
            raise _RefusedError(message)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        # Scalars stay as typed: "1024" is a text, "yes" no truth value.
        return "" if node.tag.endswith(":null") and node.style is None else str(node.value)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [str(item.value) for item in node.value]
    return None


def _salvage(text: str, where: str, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    """Cuts the text where a line begins with a key and reads each piece alone, as raw text if need be."""
    matches = list(_KEY.finditer(text))
    ends = [*(match.start() for match in matches), len(text)][1:]
    for match, end in zip(matches, ends, strict=False):
        piece = text[match.start() : end]
        try:
            yield from _entries(piece)
        except (yaml.YAMLError, RecursionError, _RefusedError):
            problems.append(Problem(f"The answer to {match[2]} is not valid YAML: taken as plain text.", where))
            yield match[2], piece[match.end() - match.start() :].strip().strip("\"'")


def _answer(question: str, value: Any, where: str, problems: list[Problem]) -> Answer:
    if value is None:
        problems.append(Problem(f"The answer to {question[:40]} is neither a text nor a list of marks.", where))
        return ""
    if isinstance(value, list):
        return _marks(question, value, where, problems)
    tokens = [token for token in _SEPARATORS.split(value.strip("[] \n")) if token]
    if len(tokens) > 1 and all(token.casefold() in _MARKS for token in tokens):
        return [_MARKS[token.casefold()] for token in tokens]
    return str(value).strip()


def _marks(question: str, values: list[str], where: str, problems: list[Problem]) -> list[str]:
    marks = []
    for number, value in enumerate(values, start=1):
        mark = _MARKS.get(value.strip().casefold())
        if mark is None:
            message = (
                f"Mark {number} of question {question[:40]} is {value[:40]!r}, "
                "expected right, wrong or unanswered: counted as unanswered."
            )
            problems.append(Problem(message, where))
        marks.append(mark or "unanswered")
    return marks


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "nested too deeply"
    return f"line {mark.line + 1}: {problem}" if mark else str(problem)
