"""Imports point one way: the rooms of the house and their arrows."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

BASE = {"errors", "notebook", "exhibits", "policy_outcome", "results", "course", "course_texts"}
ALLOWED = {
    "errors": set(),
    "files": set(),
    "notebook": set(),
    "exhibits": set(),
    "policy_outcome": set(),
    "policy_times": set(),
    "course_grades": set(),
    "course_policies": {"course_grades", "policy_times"},
    "results": {"exhibits", "notebook", "policy_outcome"},
    "course": {"errors", "course_policies"},
    "course_texts": {"errors", "course"},
    "policies": BASE | {"course_grades", "course_policies", "policy_times"},
    "probe": {"errors"},
    "scoring": BASE | {"probe"},
    "journal": {"errors", "files", "notebook", "probe"},
    "gradebook": BASE | {"journal", "policy_outcome", "scoring"},
    "rubric_modules": BASE | {"scoring"},
    "intake": {"errors"},
    "data": {"errors"},
    "sandbox": {"errors"},
    "execution": {"errors", "notebook", "probe", "sandbox"},
    "reporting": BASE | {"files"},
    "exporting": BASE | {"files", "reporting"},
    "pipeline": BASE | {"policies", "intake", "execution", "journal", "probe", "scoring", "reporting", "data"},
    "rubric_sources": BASE | {"rubric_modules", "scoring"},
    "run_values": BASE | {"intake", "pipeline", "sandbox"},
    "sandboxed": BASE | {"data", "execution", "intake", "pipeline", "sandbox"},
    "keeping": BASE | {"gradebook", "intake", "journal", "pipeline", "scoring"},
    "run_class": BASE
    | {
        *("attempts", "execution", "gradebook", "intake", "journal", "keeping", "pipeline", "policies", "reporting"),
        *("rubric_sources", "run_values", "scoring"),
    },
    "differences": {"policy_outcome", "results"},
    "attempts": BASE | {"gradebook", "keeping", "pipeline", "policies", "scoring"},
    "marking": BASE | {"gradebook", "keeping", "scoring"},
    "regrade": BASE
    | {
        *("differences", "gradebook", "journal", "keeping", "pipeline", "policies", "reporting", "rubric_modules"),
        *("attempts", "rubric_sources", "run_class", "sandboxed", "scoring"),
    },
    "review": BASE
    | {"gradebook", "journal", "keeping", "marking", "regrade", "reporting", "rubric_modules", "scoring"},
    "run": BASE
    | {
        *("keeping", "run_class", "run_values", "sandboxed"),
        "policies",
        "gradebook",
        "journal",
        "intake",
        "execution",
        "probe",
        "scoring",
        "reporting",
        "data",
        "sandbox",
        "pipeline",
        "rubric_modules",
    },
    "cli": BASE
    | {
        "differences",
        "marking",
        "gradebook",
        "journal",
        "intake",
        "execution",
        "data",
        "keeping",
        "sandbox",
        "pipeline",
        "regrade",
        "review",
        "run",
        "rubric_modules",
        "reporting",
        "scoring",
        "exporting",
    },
}
RUBRICS_MAY_IMPORT = (
    "grader.scoring",
    "grader.exhibits",
    "grader.errors",
    "grader.probe.types",
    "grader.probe.expr",
    "grader.probe.value",
    "grader.notebook",
    "reference",
    "rubrics",
)


def imports(path: Path) -> list[str]:
    """Dotted names that a file imports, relative ones resolved."""
    package = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


def files(*folders: str) -> list[Path]:
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts
    )


def room(path: Path) -> str:
    return path.relative_to(ROOT / "grader").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", files("grader"), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_of_the_engine(path: Path) -> None:
    own = room(path)
    for name in imports(path):
        parts = name.split(".")
        assert parts[0] not in {"rubrics", "reference"} or own == "data", f"{path.name} knows an assignment: {name}"
        if parts[0] == "grader" and len(parts) > 1 and own != "__init__":
            target = parts[1]
            assert target == own or target in ALLOWED[own] or target == "__version__", (
                f"{own} must not import {target} ({path})"
            )


@pytest.mark.parametrize("path", files("rubrics", "reference"), ids=lambda path: str(path.relative_to(ROOT)))
def test_rubrics_know_no_sandbox(path: Path) -> None:
    for name in imports(path):
        if name.split(".")[0] == "grader":
            assert name.startswith(RUBRICS_MAY_IMPORT), f"{path} must not import {name}"


@pytest.mark.parametrize("path", files("grader/probe/kernel_side"), ids=lambda path: str(path.relative_to(ROOT)))
def test_kernel_side_stands_alone(path: Path) -> None:
    for name in imports(path):
        own = name.startswith("grader.probe.kernel_side")
        assert own or name.split(".")[0] not in {"grader", "rubrics", "reference"}, f"{path} must not import {name}"


@pytest.mark.parametrize("path", files("grader", "rubrics", "reference"), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450
