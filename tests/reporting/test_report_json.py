import json
from dataclasses import replace

import pytest
from pydantic import ValidationError

from grader.reporting import ReportModel, to_json, write_student
from grader.results import CriterionResult, QuestionResult, StudentResult
from tests.reporting import exams

EXAMS = [exams.known_exam(), exams.full_exam(), exams.open_exam(), exams.absent_exam(), exams.failed_exam()]


@pytest.mark.parametrize("result", EXAMS, ids=lambda result: result.student)
def test_reports_follow_the_contract(result, tmp_path):
    write_student(result, tmp_path / "deep" / result.student)
    data = json.loads((tmp_path / "deep" / result.student / "report.json").read_text("utf-8"))
    report = ReportModel.model_validate(data)
    assert report.points == result.points
    assert data == to_json(result)


def test_the_keys_are_those_of_the_contract_in_its_order():
    data = to_json(exams.known_exam())
    assert list(data)[:6] == ["schema", "student", "points", "max_points", "status", "assignments"]
    assert data["schema"] == "grader.report/1"
    assignment = data["assignments"][0]
    assert list(assignment)[:5] == ["id", "title", "points", "max_points", "questions"]
    question = assignment["questions"][2]
    assert list(question)[:8] == ["id", "title", "kind", "points", "max_points", "status", "comments", "criteria"]
    assert question["comments"] == ["Feature map not saved and returned"]
    assert question["criteria"][2] == {
        "id": "1c.feature-map",
        "points": 0.0,
        "max_points": 1.5,
        "outcome": "not-met",
        "comment": "Feature map not saved and returned",
        "evidence": "cell 4: shape (1, 512, 7, 7)",
    }


def test_the_known_exam_comes_through_word_for_word():
    questions = {q["id"]: q for part in to_json(exams.known_exam())["assignments"] for q in part["questions"]}
    for ident, (points, comments, _) in exams.KNOWN_EXAM.items():
        assert (questions[ident]["points"], questions[ident]["comments"]) == (points, list(comments))


def test_points_in_review_are_null():
    questions = {q["id"]: q for part in to_json(exams.open_exam())["assignments"] for q in part["questions"]}
    assert questions["1b"]["status"] == "review"
    assert [criterion["points"] for criterion in questions["1b"]["criteria"]] == [None] * 4


def test_the_model_refuses_wrong_totals_and_wrong_nulls():
    data = to_json(exams.full_exam())
    data["points"] = 95.0
    with pytest.raises(ValidationError, match=r"points of the exam are 95\.0, its parts sum to 96\.0"):
        ReportModel.model_validate(data)
    data = to_json(exams.full_exam())
    data["assignments"][0]["questions"][0]["criteria"][0]["points"] = None
    with pytest.raises(ValidationError, match=r"1a\.size: points are null just in review"):
        ReportModel.model_validate(data)


def test_further_keys_are_ignored_by_the_model():
    assert ReportModel.model_validate(to_json(exams.full_exam()) | {"later": 1}).student == "ada"


def test_results_refuse_what_no_report_could_show():
    with pytest.raises(ValueError, match="points are None in review and only there"):
        CriterionResult("1c.x", None, 1.0, "met")
    with pytest.raises(ValueError, match="outcome is one of met, partial"):
        CriterionResult("1c.x", 1.0, 1.0, "passed")
    with pytest.raises(ValueError, match="status is one of graded, review, missing"):
        QuestionResult("1c", "", "code", 0.0, 1.0, "open")
    with pytest.raises(ValueError, match="points is a finite number"):
        StudentResult("x", float("nan"), 1.0, "final")


def test_open_points_are_what_a_person_can_still_give():
    result = exams.open_exam()
    assert result.open_points == 5 + 3 + 1.5
    bare = replace(result.questions[1], criteria=())
    assert bare.open_points == 5
