"""What a course pack says beside its marking: why a criterion matters, what a right answer does, and translations.

``explanations.toml`` holds the explanations in the language of ``course.toml``; ``course.<language>.toml`` holds all
texts in another language. Both are optional; what they lack is shown in the pack's own language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from grader.course import Course
from grader.errors import CourseError

EXPLANATIONS = "explanations.toml"
PACK_LANGUAGE = "en"
"""The language of ``course.toml`` and ``explanations.toml``."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as fault:
        message = f"not a regular expression: {text!r} ({fault})"
        raise ValueError(message) from fault
    return text


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class CriterionTexts(_Entry):
    """Texts of a criterion, or of a true/false statement (whose id is e.g. ``4a.2``).

    Attributes:
        about: What earns the points, or the statement.
        comment: Read by the student when not met.
        comments: Further comments by variant.
        why: Why it matters.
        right: What a right answer does; shown after the deadline only.
        lines: Regular expression of the lines of code to mark when it is not met and the evidence names no line.
    """

    about: str = ""
    comment: str = ""
    comments: dict[str, str] = Field(default_factory=dict)
    why: str = ""
    right: str = ""
    lines: Annotated[str, AfterValidator(_pattern)] = ""


class TextFile(_Entry):
    """A file of texts.

    Attributes:
        title: Title of the course.
        assignment: Assignment id → title.
        question: Question id → title.
        only: Question id → its comments for the case that nothing but some criteria is met, in the pack's order.
        criterion: Criterion or statement id → texts.
        sentence: What the rubric modules say in the pack's language, with ``{name}`` where it differs → translation.
    """

    schema_: Literal["grader.course-texts/1"] = Field(alias="schema")
    title: str = ""
    assignment: dict[str, str] = Field(default_factory=dict)
    question: dict[str, str] = Field(default_factory=dict)
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    criterion: dict[str, CriterionTexts] = Field(default_factory=dict)
    sentence: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """A text of the course. Attributes: the text; whether it is in the language that was asked for."""

    text: str
    translated: bool


@dataclass(frozen=True, eq=False)
class CourseTexts:
    """All texts of a course in one language.

    Attributes:
        course: The pack.
        language: ``en``, ``de``, …
        own: The explanations in the pack's language.
        other: The texts in ``language``; None when that is the pack's own.
    """

    course: Course
    language: str = PACK_LANGUAGE
    own: TextFile | None = None
    other: TextFile | None = None

    def title(self) -> Said:
        """Title of the course."""
        return self._said(self.course.title, self.other.title if self.other else "")

    def assignment(self, ident: str, title: str) -> Said:
        """Title of an assignment."""
        return self._said(title, self.other.assignment.get(ident, "") if self.other else "")

    def question(self, ident: str, title: str) -> Said:
        """Title of a question."""
        return self._said(title, self.other.question.get(ident, "") if self.other else "")

    def about(self, ident: str, about: str) -> Said:
        """What earns the points of a criterion, or a statement."""
        return self._said(about, self._other(ident).about)

    def why(self, ident: str) -> Said:
        """Why a criterion matters, or ``""``."""
        return self._said(self._own(ident).why, self._other(ident).why)

    def right(self, ident: str) -> Said:
        """What a right answer does, or ``""``."""
        return self._said(self._own(ident).right, self._other(ident).right)

    def lines(self, ident: str) -> str:
        """Regular expression of the lines of code that a criterion is about, or ``""``."""
        return self._own(ident).lines

    def comment(self, question: str, comment: str) -> Said:
        """A comment of the pack, recognised by its words; any other is returned as it is."""
        if self.other is None:
            return Said(comment, True)
        for pattern, translated in self._comments.get(question, ()):
            hit = pattern.fullmatch(comment)
            if hit:
                return Said(translated.replace("{detail}", hit.groupdict().get("detail") or ""), True)
        return Said(comment, False)

    def warnings(self) -> list[str]:
        """What the files lack, a sentence each."""
        found = []
        if self.own is not None:
            criteria = [ident for ident, texts in _criteria(self.course) if "comment" in texts]
            missing = [ident for ident in criteria if not self._own(ident).why]
            if missing:
                found.append(f"{EXPLANATIONS} does not say why {_listed(missing)} matter(s).")
        if self.other is not None:
            missing = list(self._untranslated())
            if missing:
                found.append(f"course.{self.language}.toml lacks {_listed(missing)}; shown in the pack's language.")
        return found

    def _untranslated(self) -> Iterator[str]:
        other = self.other
        if other is None:
            return
        if not other.title:
            yield "title"
        yield from (f"title of {part.id}" for part in self.course.assignments if part.id not in other.assignment)
        for question in self.course.questions():
            if question.id not in other.question:
                yield f"title of {question.id}"
            if len(other.only.get(question.id, ())) != len(question.only):
                yield f"'only' of {question.id}"
        for ident, wanted in _criteria(self.course):
            own, given = self._own(ident), self._other(ident)
            for name, text in {**wanted, "why": own.why, "right": own.right}.items():
                if text and not (
                    given.comments.get(name[9:]) if name.startswith("comments.") else getattr(given, name)
                ):
                    yield f"{name} of {ident}"

    def _own(self, ident: str) -> CriterionTexts:
        return self.own.criterion.get(ident, _NOTHING) if self.own else _NOTHING

    def _other(self, ident: str) -> CriterionTexts:
        return self.other.criterion.get(ident, _NOTHING) if self.other else _NOTHING

    def _said(self, own: str, other: str) -> Said:
        return Said(other, True) if other else Said(own, self.other is None)

    @cached_property
    def _comments(self) -> Mapping[str, list[tuple[re.Pattern[str], str]]]:
        """Question id → (what a comment looks like, its translation)."""
        found: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        for question in self.course.questions():
            pairs = found.setdefault(question.id, [])
            for criterion in question.criteria:
                given = self._other(criterion.id)
                pairs.append((_template(criterion.comment), given.comment))
                pairs += [(_template(text), given.comments.get(name, "")) for name, text in criterion.comments.items()]
            translated = self.other.only.get(question.id, ()) if self.other else ()
            pairs += [(_template(only.comment), text) for only, text in zip(question.only, translated, strict=False)]
        return {ident: [pair for pair in pairs if pair[1]] for ident, pairs in found.items()}


_NOTHING = CriterionTexts()


def _template(comment: str) -> re.Pattern[str]:
    before, brace, after = comment.partition("{detail}")
    return re.compile(re.escape(before) + ("(?P<detail>.*)" + re.escape(after) if brace else ""), re.DOTALL)


def _criteria(course: Course) -> Iterator[tuple[str, dict[str, str]]]:
    """Ids of criteria and statements with the texts that the pack gives them."""
    for question in course.questions():
        for criterion in question.criteria:
            variants = {f"comments.{name}": text for name, text in criterion.comments.items()}
            yield criterion.id, {"about": criterion.about, "comment": criterion.comment, **variants}
        for number, statement in enumerate(question.statements, start=1):
            yield f"{question.id}.{number}", {"about": statement.text}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def languages(folder: Path) -> list[str]:
    """The languages of a course pack: its own and those that it has a file for."""
    found = sorted(path.name.split(".")[1] for path in folder.glob("course.*.toml"))
    return list(dict.fromkeys([PACK_LANGUAGE, *found]))


def load_texts(folder: Path, course: Course, language: str = PACK_LANGUAGE) -> CourseTexts:
    """Reads the texts of a course pack.

    Raises:
        CourseError: A file is not TOML, has an unknown key, or names an id that the course does not have.
    """
    own = _load(folder / EXPLANATIONS, course)
    other = None
    if language != PACK_LANGUAGE:
        other = _load(folder / f"course.{language}.toml", course) or TextFile(schema="grader.course-texts/1")
    return CourseTexts(course, language, own, other)


def _load(path: Path, course: Course) -> TextFile | None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        message = f"{path}: expected a TOML file of texts: {fault}."
        raise CourseError(message) from fault
    try:
        texts = TextFile.model_validate(data)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = " › ".join(str(part) for part in first["loc"])
        message = f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}."
        raise CourseError(message) from fault
    _check_ids(path, texts, course)
    return texts


def _check_ids(path: Path, texts: TextFile, course: Course) -> None:
    questions = [question.id for question in course.questions()]
    known: dict[str, set[str]] = {
        "assignment": {assignment.id for assignment in course.assignments},
        "question": set(questions),
        "only": set(questions),
        "criterion": {ident for ident, _ in _criteria(course)},
    }
    for kind, idents in known.items():
        given: Mapping[str, Any] = getattr(texts, kind)
        strangers = sorted(set(given) - idents)
        if strangers:
            message = f"{path}: {kind} {strangers[0]!r} is not in the course pack."
            raise CourseError(message, hint=f"Known: {', '.join(sorted(idents)[:8])}, …")
