"""The examples of ``docs/policies.md`` and of the bundled pack load, and their numbers are what comes out."""

import re
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from grader.course import Course
from grader.course_policies import Late, Policies
from grader.policies import apply_policies, load_extensions
from grader.policies.amounts import exact, number
from grader.rubric_modules import bundled_course
from tests.policies.tiny import Came
from tests.reporting.exams import known_exam

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "policies.md").read_text("utf-8")
PACK = (bundled_course() / "course.toml").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def with_policies(text: str) -> Course:
    return Course.model_validate(tomllib.loads(f"{PACK}\n{text}"))


@pytest.mark.parametrize("text", blocks("toml"))
def test_examples_load_beside_the_bundled_course(text):
    assert with_policies(text).policies.change_results


def test_the_example_in_the_pack_loads():
    lines = [line.removeprefix("# ") for line in PACK.split("\n") if line.startswith("# ")]
    example = "\n".join(lines[lines.index("[policies]") :])
    policies = with_policies(example).policies
    assert policies.late is not None
    assert policies.grades.scale == "swiss"


def test_the_extensions_load(tmp_path):
    path = tmp_path / "extensions.yaml"
    (text,) = blocks("yaml")
    path.write_text(text, encoding="utf-8")
    found = load_extensions(path, with_policies(blocks("toml")[0]))
    assert {student: extension.minutes for student, extension in found.items()} == {
        "alice": 90,
        "bob": None,
        "carl": 30,
    }


def test_the_table_of_the_first_example_is_what_comes_out():
    came = Came(datetime.fromisoformat("2026-02-01T20:00:00+01:00"))
    found = apply_policies(with_policies(blocks("toml")[0]), known_exam(), came, {})
    rows = [("sum of the marks", "", "61", "96")]
    rows += [
        (step.kind, *(number(exact(value)) for value in (step.change, step.points_after, step.max_points)))
        for step in found.steps
    ]
    table = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in PAGE.split("\n") if line[:1] == "|"]
    begin = table.index(("step", "change", "points", "maximum"))
    assert table[begin + 2 : begin + 2 + len(rows)] == rows
    assert f"The grade is {found.grade}, {'passed' if found.passed else 'not passed'}." in PAGE
    assert found.late_by_s == 26 * 3600


def test_all_keys_are_described():
    keys = [*Late.model_fields, *Policies.model_fields]
    assert [key for key in keys if not re.search(rf"`{key}`|^{key} = |policies\.{key}", PAGE, re.MULTILINE)] == []
