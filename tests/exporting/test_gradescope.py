"""results.json as Gradescope's specification has it."""

import json

import pytest

from grader.course import load_course
from grader.exporting import gradescope
from grader.exporting.reports import read_reports
from grader.exporting.titles import criterion_titles
from grader.exporting.types import Total
from grader.rubric_modules import bundled_course
from tests.exporting import making
from tests.reporting import exams

FORMATS = {"text", "html", "simple_format", "md", "ansi"}
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}
TOP = {
    "score": (int, float), "execution_time": (int, float), "output": str, "output_format": FORMATS,
    "test_output_format": FORMATS, "test_name_format": FORMATS, "visibility": VISIBILITY,
    "stdout_visibility": VISIBILITY, "extra_data": dict, "tests": list, "leaderboard": list,
}  # fmt: skip
TEST = {
    "score": (int, float), "max_score": (int, float), "status": {"passed", "failed"}, "name": str,
    "name_format": FORMATS, "number": str, "output": str, "output_format": FORMATS, "tags": list,
    "visibility": VISIBILITY, "extra_data": dict,
}  # fmt: skip


def check(entry, keys):
    for key, value in entry.items():
        allowed = keys[key]
        assert value in allowed if isinstance(allowed, set) else isinstance(value, allowed), key


@pytest.fixture
def written(tmp_path):
    people = making.trio_people(tmp_path / "reports")
    titles = criterion_titles(load_course(bundled_course()))
    export = gradescope.gradescope_results(people, tmp_path / "out", titles)
    assert export.exported == ["anna", "josé", "wei"]
    return {
        name: json.loads((tmp_path / "out" / name / "results.json").read_text("utf-8"))
        for name in ("anna", "josé", "wei")
    }


def test_keys_and_values_are_those_of_the_specification(written):
    for results in written.values():
        check(results, TOP)
        for test in results["tests"]:
            check(test, TEST)
        assert results["visibility"] == "after_published"


def test_a_test_a_question_with_points_comments_and_criteria(written):
    tests = {test["extra_data"]["question"]: test for test in written["anna"]["tests"]}
    assert list(tests) == list(exams.KNOWN_EXAM)
    assert written["anna"]["score"] == sum(test["score"] for test in tests.values()) == 61.0
    test = tests["1c"]
    assert (test["name"], test["number"], test["score"], test["max_score"], test["status"]) == (
        "1c Network Instantiation", "1.3", 1.5, 3.0, "failed",
    )  # fmt: skip
    assert tests["1d"]["status"] == "passed"
    assert test["output"].startswith("- Feature map not saved and returned\n")
    assert "✗ " in test["output"]
    assert "0 of 1.5\n  - cell 4: shape \\(1, 512, 7, 7\\)" in test["output"]
    assert [criterion["id"] for criterion in test["extra_data"]["criteria"]] == [
        "1c.pretrained", "1c.logits", "1c.feature-map",
    ]  # fmt: skip


def test_code_in_comments_stays_code(written):
    tests = {test["extra_data"]["question"]: test for test in written["anna"]["tests"]}
    assert tests["2d"]["output"].startswith("- only `__len__` is correct \\(\\+1\\)\n")


def test_questions_in_review_say_so_and_are_neither_passed_nor_failed(written):
    tests = {test["extra_data"]["question"]: test for test in written["wei"]["tests"]}
    assert "status" not in tests["2f"]
    assert tests["2f"]["output"].startswith("**In review:**")
    assert "? " in tests["2f"]["output"]
    assert "open of 1.5" in tests["2f"]["output"]
    assert "still to be decided" in written["wei"]["output"]
    assert "still to be decided" not in written["anna"]["output"]


def test_markup_of_students_is_shown_and_not_obeyed(tmp_path):
    making.report(tmp_path / "reports", making.hostile("evil"))
    gradescope.gradescope_results(read_reports(tmp_path / "reports").people, tmp_path / "out")
    results = json.loads((tmp_path / "out" / "evil" / "results.json").read_text("utf-8"))
    output = results["tests"][2]["output"]
    assert "\\<script\\>x\\</script\\>" in output
    assert "\x1b" not in output
    assert "\\+1 tab line red" in output


def test_the_score_is_what_counts_in_the_end(tmp_path):
    person = making.people(tmp_path, making.ANNA)[0]
    results = gradescope.student_results(person.report(), Total(55.5, 96.0, "4.5"), {})
    assert (results["score"], results["extra_data"]["grade"]) == (55.5, "4.5")
    assert results["output"].startswith("Total 55.5 of 96. Grade 4.5.")
