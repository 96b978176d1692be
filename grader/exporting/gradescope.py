"""Gradescope: ``results.json`` of a student, a test a question."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.exporting import files, wording
from grader.exporting.types import Export, Person, Total
from grader.reporting import text
from grader.reporting.schema import AssignmentModel, CriterionModel, QuestionModel, ReportModel

_VISIBILITY = "after_published"
_SYMBOLS = {"met": "✓", "carried": "✓", "partial": "◐", "not-met": "✗", "review": "?"}
_CODE = re.compile(r"`[^`\n]+`")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$-])")


def gradescope_results(people: Sequence[Person], out: Path, titles: Mapping[str, str] | None = None) -> Export:
    """Writes ``<out>/<student's folder>/results.json`` for everybody; members of a group share one.

    Args:
        people: Those who get a report.
        out: The folder.
        titles: Criterion id → what it asks for, where the course tells.
    """
    export = Export(exported=[person.student for person in people])
    for person in people:
        results = student_results(person.report(), person.total, titles or {})
        data = json.dumps(results, indent=2, ensure_ascii=False, allow_nan=False)
        files.write_file(out / person.folder.name / "results.json", f"{data}\n".encode())
        export.written = out
    return export


def student_results(report: ReportModel, total: Total, titles: Mapping[str, str]) -> dict[str, Any]:
    """The report as Gradescope reads it.

    Args:
        report: The student's report.
        total: What counts in the end; it becomes the score.
        titles: Criterion id → what it asks for.
    """
    tests = [
        _test(question, f"{number}.{place}", titles)
        for number, assignment in enumerate(report.assignments, start=1)
        for place, question in enumerate(_worth_points(assignment), start=1)
    ]
    output = [text.visible(problem) for problem in report.problems]
    output += [f"Assignment {part.id}: {text.visible(line)}" for part in report.assignments for line in part.problems]
    if report.status == "provisional":
        output.insert(0, "Some questions are still to be decided by a person; their points are open.")
    return {
        "score": total.points,
        "output": "\n".join([wording.total_line(total), *output]),
        "output_format": "text",
        "visibility": _VISIBILITY,
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": {"status": report.status, "grade": total.grade, "max_points": total.max_points},
    }


def _worth_points(assignment: AssignmentModel) -> list[QuestionModel]:
    return [question for question in assignment.questions if question.max_points > 0]


def _test(question: QuestionModel, number: str, titles: Mapping[str, str]) -> dict[str, Any]:
    test: dict[str, Any] = {
        "score": question.points,
        "max_score": question.max_points,
        "name": f"{question.id} {question.title}",
        "name_format": "text",
        "number": number,
        "output": _output(question, titles),
        "output_format": "md",
        "tags": [question.kind],
        "visibility": _VISIBILITY,
        "extra_data": {
            "question": question.id,
            "status": question.status,
            "marked_by": question.marked_by,
            "criteria": [criterion.model_dump() for criterion in question.criteria],
        },
    }
    # Neither passed nor failed while a person has to decide.
    if question.status != "review":
        test["status"] = "passed" if question.points >= question.max_points else "failed"
    return test


def _output(question: QuestionModel, titles: Mapping[str, str]) -> str:
    lines = [f"- {_markdown(comment)}" for comment in question.comments]
    if question.status == "review":
        lines.insert(0, "**In review:** a person decides what is marked with ?.\n")
    if question.status != "missing":
        criteria = [_criterion(criterion, question, titles) for criterion in question.criteria]
        lines += ["", *criteria] if lines and criteria else criteria
    return "\n".join(lines)


def _criterion(criterion: CriterionModel, question: QuestionModel, titles: Mapping[str, str]) -> str:
    points = "open" if criterion.points is None else wording.points(criterion.points)
    title = titles.get(criterion.id) or criterion.id
    line = f"- {_SYMBOLS[criterion.outcome]} {_markdown(title)}: {points} of {wording.points(criterion.max_points)}"
    said = [] if criterion.comment in question.comments else [criterion.comment]
    for sentence in filter(None, [*said, criterion.evidence]):
        line += f"\n  - {_markdown(sentence)}"
    return line


def _markdown(sentence: str) -> str:
    """The sentence as Markdown that shows it as it is; only code between backticks stays code."""
    sentence = " ".join(text.visible(sentence).split())
    parts: list[str] = []
    place = 0
    for code in _CODE.finditer(sentence):
        parts += [_MARKDOWN.sub(r"\\\1", sentence[place : code.start()]), code[0]]
        place = code.end()
    return "".join([*parts, _MARKDOWN.sub(r"\\\1", sentence[place:])])
