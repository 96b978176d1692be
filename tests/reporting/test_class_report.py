import csv
import io

import pytest

from grader.reporting import write_class
from grader.reporting.class_report import class_page, grades_csv
from tests.reporting import exams
from tests.reporting.pages import parse

CLASS = [exams.known_exam(), exams.full_exam(), exams.open_exam(), exams.absent_exam(), exams.failed_exam()]


def rows(results):
    return {row["student"]: row for row in csv.DictReader(io.StringIO(grades_csv(results)))}


def test_grades_have_a_row_a_student_and_a_column_a_question():
    table = rows(CLASS)
    assert list(table) == ["alice", "ada", "bob", "carl", "dora"]
    questions = [question.id for question in exams.COURSE.questions()]
    totals = [f"assignment {number}" for number in (1, 2, 3, 4)]
    assert list(table["alice"]) == ["student", *questions, *totals, "total", "max", "status", "open"]
    assert {ident: float(table["alice"][ident]) for ident in exams.KNOWN_EXAM} == {
        ident: points for ident, (points, _, _) in exams.KNOWN_EXAM.items()
    }
    assert [table["alice"][name] for name in totals] == ["11", "15", "20.5", "14.5"]
    assert [table["alice"][name] for name in ("total", "max", "status", "open")] == ["61", "96", "final", ""]
    assert [table["bob"][name] for name in ("total", "status", "open")] == ["86.5", "provisional", "1b 2b 2f"]


def test_questions_that_were_never_graded_are_empty_and_not_zero():
    table = rows(CLASS)
    assert table["dora"]["1c"] == ""
    assert table["dora"]["status"] == "failed"
    assert table["carl"]["1c"] == "0"


def test_columns_keep_the_order_of_the_course_also_when_the_first_student_failed():
    assert list(rows([exams.failed_exam(), exams.full_exam()])["ada"]) == list(rows(CLASS)["ada"])


@pytest.mark.parametrize("name", ["=1+1", "+49", "-2", "@SUM(A1)", "\tx", "\rx"])
def test_no_student_becomes_a_formula(name):
    read = list(csv.reader(io.StringIO(grades_csv([exams.full_exam(name)]), newline="")))
    assert read[1][0] == f"'{name}"


@pytest.mark.parametrize("name", ['a,"b"', "ä;ö\nü", "محمد", "o'brien"])
def test_names_round_trip(name):
    read = list(csv.reader(io.StringIO(grades_csv([exams.full_exam(name)]), newline="")))
    assert read[1][0] == name
    assert len(read) == 2


def test_an_empty_class_still_makes_files(tmp_path):
    write_class([], tmp_path)
    assert (tmp_path / "grades.csv").read_text() == "student,total,max,status,open\n"
    assert parse((tmp_path / "index.html").read_text()).one("h1").text == "0 students"


def test_the_overview_links_every_report_and_shows_points():
    tree = parse(class_page(CLASS, {"bob": "bob-2"}, "Deep Learning"))
    body = tree.one("table", id="students").one("tbody")
    links = [link.attributes["href"] for link in body.all("a")]
    assert links == [f"./{name}/report.html" for name in ("alice", "ada", "bob-2", "carl", "dora")]
    alice, _, bob, carl, dora = body.all("tr")
    assert alice.one("td", cls="total").attributes["data-value"] == "61.0"
    assert "The time limit of 10 minutes ended cell 9" in alice.one("td", cls="problems").text
    assert [cell.text for cell in bob.all("td", cls="open")] == ["0? open", "0? open", "3.5? open"]
    assert bob.one("td", cls="status").text == "provisional (3 open)"
    assert len(carl.all("td", title="nothing handed in")) == 10
    assert dora.one("td", cls="status").text == "failed"
    widths = {sum(int(cell.attributes.get("colspan", 1)) for cell in row.all("td") + row.all("th"))
              for row in tree.one("table", id="students").all("tr")}  # fmt: skip
    assert len(widths) == 1


def test_a_link_never_leaves_the_folder_of_reports_by_its_scheme():
    for name in ("javascript:alert(1)", "//host/x", "a?b#c", "a b%2e"):
        (link,) = parse(class_page([exams.full_exam(name)], {}, "")).one("table", id="students").all("a")
        assert link.attributes["href"].startswith("./")
        assert not set(link.attributes["href"]) & set(":?# ")


def test_the_figures_leave_open_and_failed_work_out():
    tree = parse(class_page(CLASS, {}, ""))
    figures = {item.one("dt").text: item.one("dd").text for item in tree.one("dl").all("div")}
    mean = (61 + 96 + 86.5 + 48) / 4
    assert figures["Mean"] == f"{mean:.2f} of 96".replace(".00", "")
    assert (figures["Final"], figures["Provisional"], figures["Failed"]) == ("3", "1", "1")
    counts = [
        int(row.one("td", cls="number").text) for row in tree.one("table", cls="distribution").one("tbody").all("tr")
    ]
    assert sum(counts) == 4
    first = tree.one("table", cls="questions").one("tbody").all("tr")[1]
    assert first.one("th").text == "1b Grad-CAM Derivative"
    # Mean, full points, open, not handed in.
    assert [cell.text for cell in first.all("td", cls="number")] == ["3.33 / 5", "2 of 3", "1", "0"]


def test_lean_results_make_the_same_tables():
    lean = [result.lean() for result in CLASS]
    assert grades_csv(lean) == grades_csv(CLASS)
    assert class_page(lean, {}, "x") == class_page(CLASS, {}, "x")
    assert all(not part.cells and not part.pictures for result in lean for part in result.assignments)
