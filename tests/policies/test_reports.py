"""How reports show the final result."""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime

import pytest
from pydantic import ValidationError

from grader.course_policies import Extension
from grader.policies import with_policies
from grader.reporting import ReportModel, to_json, write_class, write_student
from grader.reporting.class_report import class_page, grades_csv
from grader.reporting.language import language
from grader.reporting.student_page import PageOptions, student_page
from tests.policies.tiny import Came, course, result
from tests.reporting.pages import parse

RULES = """
deadline = 2026-01-31T12:00:00+01:00
late = { percent = 10 }
dropped = { questions = ["1b"] }
bonus = { questions = ["1c"] }
rounding = { step = 0.5 }
grades = { scale = "swiss" }
"""
LATE = Came(datetime.fromisoformat("2026-01-31T14:30:00+01:00"))
ON_TIME = Came(datetime.fromisoformat("2026-01-31T11:30:00+01:00"))


def student(name: str = "alice", came: Came | None = LATE, rules: str = RULES, extensions=None, **more):
    return with_policies(course(rules), result(student=name, **more), came, extensions or {})


CLASS = [
    student("alice"),
    student("bob", ON_TIME, undecided=("1a",)),
    student("carl", None),
    student("dora", LATE, extensions={"dora": Extension(minutes=600, reason="Illness <b>")}),
    replace(result(student="erik"), status="failed"),
]
PLAIN = [replace(one, policy=None) for one in CLASS]


def rows(results):
    return {row["student"]: row for row in csv.DictReader(io.StringIO(grades_csv(results)))}


def test_the_page_shows_the_steps_after_the_total():
    page = parse(student_page(CLASS[0]))
    assert page.one(cls="total").one(cls="figure").text == "15 of 20 points (75%)"
    assert page.one("a", href="#final-result").text == "Final result: 9 of 10 points, grade 5.50"
    section = page.one("section", id="final-result")
    assert section.one("h2").text == "How the final result is reached"
    table = [[cell.text for cell in row.children if not isinstance(cell, str)] for row in section.all("tr")]
    assert [row[1:] for row in table] == [
        ["Change", "Points"],
        ["", "15 / 20"],
        ["−5", "10"],
        ["no change", "10"],
        ["−1", "9"],
        ["no change", "9"],
        ["", "9 / 10"],
        ["", "5.50"],
        ["", "yes"],
    ]
    assert table[4][0].startswith("Time of the submission Handed in 2 h 30 min after the deadline, 2026-01-31 12:00")
    assert table[7][0] == "Grade The line from 1 at 0 points to 6 at 10 points has 5.5 at 9 points; rounded: 5.50."


def test_the_questions_show_their_marks_as_ever():
    assert [node.text for node in parse(student_page(CLASS[0])).all("article")] == [
        node.text for node in parse(student_page(PLAIN[0])).all("article")
    ]


def test_a_provisional_grade_says_so():
    page = parse(student_page(CLASS[1]))
    assert page.one("a", href="#final-result").text == "Final result: 2 of 10 points, grade 2.00 (provisional)"
    section = page.one("section", id="final-result")
    assert section.one(cls="tag").text == "provisional"
    assert section.one(cls="grade").text == "2.00? provisional"
    assert section.one(cls="note").text == "Questions that count are still open: points and grade may change."


def test_a_pass_mark_without_grades():
    page = parse(student_page(student(rules="pass_mark = { points = 16 }")))
    foot = page.one("section", id="final-result").one("tfoot")
    assert foot.text == "Final result15 / 20 Passed Passed from 16 points on.no"
    assert foot.one(cls="bad").text == "no"


def test_reasons_are_not_in_what_the_student_gets(tmp_path):
    write_student(CLASS[3], tmp_path)
    for name in ("report.html", "report.json"):
        assert "Illness" not in (tmp_path / name).read_text("utf-8")
    overview = class_page(CLASS, {}, "Tiny")
    assert "deadline extended to 2026-01-31 22:00: Illness &lt;b&gt;" in overview


@pytest.mark.parametrize("one", CLASS, ids=lambda one: one.student)
def test_report_json_has_the_policy_where_there_is_one(one, tmp_path):
    write_student(one, tmp_path)
    data = json.loads((tmp_path / "report.json").read_text("utf-8"))
    report = ReportModel.model_validate(data)
    assert (report.points, "policy" in data) == (one.points, one.policy is not None)
    without = {key: value for key, value in data.items() if key != "policy"}
    assert without == to_json(replace(one, policy=None))
    if one.policy is not None:
        assert (report.policy.points, report.policy.grade) == (one.policy.points, one.policy.grade)


def test_report_json_of_a_late_submission():
    policy = to_json(CLASS[0])["policy"]
    assert {key: policy[key] for key in policy if key != "steps"} == {
        "points": 9.0,
        "max_points": 10.0,
        "grade": "5.50",
        "passed": True,
        "grade_about": "The line from 1 at 0 points to 6 at 10 points has 5.5 at 9 points; rounded: 5.50.",
        "provisional": False,
        "late": "yes",
        "late_by_s": 9000.0,
        "due": "2026-01-31T12:00:00+01:00",
        "submitted_at": "2026-01-31T14:30:00+01:00",
    }
    assert policy["steps"][3] == {
        "kind": "rounding",
        "points_before": 9.0,
        "change": 0.0,
        "points_after": 9.0,
        "max_points": 10.0,
        "sentence": "The total is rounded to a multiple of 0.5 (ties up).",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"points": 8.5},
        {
            "steps": [
                {"kind": "late", "points_before": 9, "change": -1, "points_after": 9, "max_points": 10, "sentence": ""}
            ]
        },
        {"max_points": 0},
        {"late": "perhaps"},
        {"points": float("nan")},
    ],
)
def test_a_report_whose_steps_do_not_lead_to_its_points_is_refused(change):
    data = to_json(CLASS[0])
    with pytest.raises(ValidationError):
        ReportModel.model_validate(data | {"policy": data["policy"] | change})


def test_grades_csv_has_four_more_columns_at_the_end():
    table = rows(CLASS)
    assert list(table["alice"])[-5:] == ["open", "final", "grade", "passed", "late"]
    assert [list(row.values())[-4:] for row in table.values()] == [
        ["9", "5.50", "yes", "yes (2 h 30 min)"],
        ["2 (provisional)", "2.00 (provisional)", "no (provisional)", "no"],
        ["10", "6.00", "yes", "unknown"],
        ["10", "6.00", "yes", "no"],
        ["", "", "", ""],
    ]
    plain = rows(PLAIN)
    for name, row in table.items():
        assert {key: row[key] for key in plain[name]} == plain[name]


def test_a_grade_is_no_formula():
    rules = """grades = { scale = "boundaries", boundaries = [
      { grade = "=1+1", from = 50 }, { grade = "-", from = 0 } ] }"""
    assert rows([student(rules=rules)])["alice"]["grade"] == "'=1+1"


def test_without_policies_files_are_the_same_as_ever(tmp_path):
    write_class(PLAIN, tmp_path)
    assert "final" not in (tmp_path / "grades.csv").read_text("utf-8").splitlines()[0].split(",")
    page = parse(student_page(PLAIN[0]))
    assert page.all(id="final-result") == []
    overview = parse((tmp_path / "index.html").read_text("utf-8"))
    heads = [head.text for head in overview.one("table", id="students").one("thead").all("th")]
    assert heads[-2:] == ["Status", "Problems"]


def test_the_overview_shows_final_points_grades_and_notes():
    page = parse(class_page(CLASS, {}, "Tiny"))
    heads = page.one("table", id="students").one("thead").all("th")
    assert [head.text for head in heads[-5:]] == ["Status", "Final", "Grade", "Late", "Problems"]
    body = page.one("table", id="students").one("tbody")
    cells = {row.one("th").text: [cell.text for cell in row.all("td")[-4:]] for row in body.all("tr")}
    assert cells["alice"] == ["9 / 10", "5.50 passed", "2 h 30 min", ""]
    assert cells["bob"] == ["2? provisional / 10", "2.00? not passed", "no", ""]
    assert cells["carl"] == ["10 / 10", "6.00 passed", "unknown", "submission time not known"]
    assert cells["erik"] == ["–", "–", "–", ""]
    figures = {node.one("dt").text: node.one("dd").text for node in page.one("dl").all("div")}
    assert figures["Passed"] == "3 of 3"


def test_sorting_knows_the_column_of_each_head():
    table = parse(class_page(CLASS, {}, "Tiny")).one("table", id="students")
    heads = [head for head in table.one("thead").all("th") if "data-column" in head.attributes]
    row = table.one("tbody").all("tr")[0]
    cells = [cell for cell in row.children if not isinstance(cell, str)]
    for head in heads:
        cell = cells[int(head.attributes["data-column"])]
        assert head.attributes["data-kind"] != "number" or "data-value" in cell.attributes
    final = next(head for head in heads if head.text == "Final")
    assert cells[int(final.attributes["data-column"])].attributes["data-value"] == "9.0"


EVERY_SENTENCE = [
    RULES,
    'deadline = 2026-01-31T12:00:00+01:00\nlate = { points = 1, per = "hour", grace_minutes = 180 }',
    'deadline = 2026-01-31T12:00:00+01:00\nlate = { points = 1.5, per = "hour", grace_minutes = 9, at_most = 2.5 }',
    'deadline = 2026-01-31T12:00:00+01:00\nlate = { points = 1, count = "completed", per = "hour" }',
    'deadline = 2026-01-31T12:00:00+01:00\nlate = { percent = 2.5, per = "once", percent_of = "points", at_most = 2 }',
    'deadline = 2026-01-31T12:00:00+01:00\nlate = { percent = 2.5, count = "completed" }',
    "deadline = 2026-01-31T12:00:00+01:00\nlate = { cut_off_hours = 1 }",
    "deadline = 2026-01-31T12:00:00+01:00\nlate = { cut_off_hours = 30 }",
    "deadline = 2026-01-31T12:00:00+01:00",
    'dropped = { questions = ["1b"], how = "full" }\npass_mark = { percent = 50 }',
    'bonus = { questions = ["1b", "1c"], above_maximum = false }',
    'rounding = { step = 0.1, rounding = "half-even" }',
    'rounding = { step = 0.1, rounding = "up" }',
    'rounding = { step = 0.1, rounding = "down" }',
    'grades = { scale = "swiss", points_for_four = 9.5 }',
    'grades = { scale = "boundaries", boundaries = [{ grade = "A", from = 50 }, { grade = "B", from = 0 }] }',
    """grades = { scale = "boundaries", unit = "points", boundaries = [
      { grade = "A", from = 12.5 }, { grade = "B", from = 0 } ] }""",
]


@pytest.mark.parametrize("rules", EVERY_SENTENCE)
@pytest.mark.parametrize("came", [LATE, ON_TIME, None], ids=["late", "on time", "unknown"])
def test_every_sentence_is_there_in_german(rules, came):
    own = {"alice": Extension(minutes=1)} if "deadline" in rules else {}
    outcome = student(came=came, rules=rules, extensions=own).policy
    said = [sentence for step in outcome.steps for sentence in step.sentences] + [*outcome.grade_about]
    for sentence in said:
        assert language("de").sentence(sentence).translated, sentence


def test_a_german_page():
    page = parse(student_page(student(rules=RULES.replace("0.5", "0.25")), PageOptions(language="de")))
    section = page.one("section", id="final-result")
    assert section.one("h2").text == "Wie das Endergebnis zustande kommt"
    assert "2 Std. 30 min nach der Frist abgegeben, die 2026-01-31 12:00 UTC+01:00 endete." in section.text
    assert "Die Summe wird auf ein Vielfaches von 0,25 gerundet (bei Gleichstand nach oben)." in section.text
    assert section.one(cls="grade").text == "5,50"
    assert section.all(lang="en") == []
    assert "points" not in section.text
