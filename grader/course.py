"""The course pack: assignments, questions, criteria, points and comments, as data that is validated on load."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from grader.course_policies import Policies
from grader.errors import CourseError

FILE_NAME = "course.toml"
Mark = Literal["right", "wrong"]


def _halves(points: float) -> float:
    if points < 0 or points * 2 != int(points * 2):
        message = f"points come in halves, got {points}"
        raise ValueError(message)
    return points


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as fault:
        message = f"not a regular expression: {text!r} ({fault})"
        raise ValueError(message) from fault
    return text


Points = Annotated[float, AfterValidator(_halves)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Criterion(_Entry):
    """What earns points, and the comment when it does not.

    Attributes:
        id: ``<question>.<word>``.
        points: Full points, in halves.
        about: What earns them.
        comment: Read by the student when not met; may hold ``{detail}``.
        comments: Further comments by variant.
    """

    id: str
    points: Points
    about: str
    comment: str
    comments: dict[str, str] = Field(default_factory=dict)


class Statement(_Entry):
    """A true/false statement with its key; ``either`` accepts both marks."""

    text: str
    key: Literal["right", "wrong", "either"]


class Only(_Entry):
    """A comment for the case that nothing but some criteria is met."""

    met: tuple[str, ...]
    comment: str


class Question(_Entry):
    """A question of an assignment.

    Attributes:
        id: E.g. ``"2c"``.
        kind: ``code`` is probed, ``text`` is marked by a person, ``choice`` has a key.
        points: Sum of the criteria's points, or a point a statement.
        right: Points for a right mark of a statement.
        wrong: Points for a wrong mark; the question never falls below 0.
    """

    id: str
    title: str
    kind: Literal["code", "text", "choice"]
    points: Points
    criteria: tuple[Criterion, ...] = ()
    statements: tuple[Statement, ...] = ()
    only: tuple[Only, ...] = ()
    right: Points = 1.0
    wrong: float = -0.5

    @model_validator(mode="after")
    def _consistent(self) -> Question:
        if self.kind == "choice":
            total = self.right * len(self.statements)
        else:
            total = sum(criterion.points for criterion in self.criteria)
        if total != self.points:
            message = f"question {self.id}: points = {self.points:g}, but its parts sum to {total:g}"
            raise ValueError(message)
        ids = {criterion.id for criterion in self.criteria}
        strangers = [ident for ident in ids if not ident.startswith(f"{self.id}.")]
        if strangers:
            message = f"question {self.id}: criterion ids start with {self.id + '.'!r}, found {strangers[0]!r}"
            raise ValueError(message)
        unknown = [ident for only in self.only for ident in only.met if ident not in ids]
        if unknown:
            message = f"question {self.id}: 'only' names the unknown criterion {unknown[0]!r}"
            raise ValueError(message)
        return self


class Assignment(_Entry):
    """An assignment of the exam.

    Attributes:
        names: Regular expressions for the notebook's file name.
        content: Regular expressions scored on the notebook's text when the name does not tell.
        notebook: Whether a notebook belongs to it.
    """

    id: str
    title: str
    points: Points
    names: tuple[Pattern, ...] = ()
    content: tuple[Pattern, ...] = ()
    notebook: bool = True
    question: tuple[Question, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Assignment:
        total = sum(question.points for question in self.question)
        if total != self.points:
            message = f"assignment {self.id}: points = {self.points:g}, but its questions sum to {total:g}"
            raise ValueError(message)
        return self

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions in order."""
        return self.question


class Course(_Entry):
    """A whole course pack; without ``policies`` nothing is done with the sum of the marks."""

    schema_: Literal["grader.course/1"] = Field(alias="schema")
    title: str
    points: Points
    assignment: tuple[Assignment, ...]
    policies: Policies | None = None

    @field_validator("policies")
    @classmethod
    def _fits_the_questions(cls, policies: Policies | None, info: ValidationInfo) -> Policies | None:
        # Where the assignments are wrong, they have their own message.
        if policies is not None and "assignment" in info.data:
            questions = (question for assignment in info.data["assignment"] for question in assignment.question)
            policies.check({question.id: question.points for question in questions})
        return policies

    @model_validator(mode="after")
    def _consistent(self) -> Course:
        total = sum(assignment.points for assignment in self.assignment)
        if total != self.points:
            message = f"course: points = {self.points:g}, but its assignments sum to {total:g}"
            raise ValueError(message)
        ids = [assignment.id for assignment in self.assignment]
        ids += [question.id for question in self.questions()]
        ids += [criterion.id for question in self.questions() for criterion in question.criteria]
        twice = [ident for ident, count in Counter(ids).items() if count > 1]
        if twice:
            message = f"the id {twice[0]!r} occurs more than once"
            raise ValueError(message)
        return self

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """The assignments in order."""
        return self.assignment

    def questions(self) -> Iterator[Question]:
        """All questions in order."""
        for assignment in self.assignment:
            yield from assignment.question


def load_course(folder: Path) -> Course:
    """Reads and validates the course pack in ``folder``.

    Raises:
        CourseError: The file is missing, is not TOML, or an entry is wrong; the message names file and entry.
    """
    path = folder / FILE_NAME
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        message = f"{path}: expected a course pack, found none ({fault.strerror})."
        raise CourseError(message, hint="Give the folder that holds course.toml with --course.") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        message = f"{path}: not a TOML file: {fault}."
        raise CourseError(message) from fault
    try:
        return Course.model_validate(data)
    except ValidationError as fault:
        raise CourseError(_explain(path, fault, data)) from fault


def _explain(path: Path, fault: ValidationError, data: dict[str, object]) -> str:
    first = fault.errors()[0]
    place = _place(data, first["loc"])
    rest = f" ({fault.error_count() - 1} further faults)" if fault.error_count() > 1 else ""
    return f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}{rest}."


def _place(data: object, loc: tuple[int | str, ...]) -> str:
    """A path such as ``assignment 2 › question 2c › points``, with the entries' own ids where they have one."""
    parts: list[str] = []
    for step in loc:
        try:
            data = data[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            data = None
        ident = data.get("id") if isinstance(data, dict) else None
        if isinstance(step, int) and parts:
            parts[-1] += f" {ident or step + 1}"
        else:
            parts.append(str(step))
    return " › ".join(parts) or "course"
