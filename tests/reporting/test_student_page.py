import itertools
import re
from dataclasses import replace

import pytest

from grader.notebook import Cell, Picture
from grader.reporting.student_page import student_page
from tests.reporting import exams
from tests.reporting.pages import Node, parse

ASSIGNMENTS = {
    "1": "11 of 21 points (52%)",
    "2": "15 of 26 points (58%)",
    "3": "20.5 of 27 points (76%)",
    "4": "14.5 of 22 points (66%)",
}


@pytest.fixture(scope="module")
def known() -> Node:
    return parse(student_page(exams.known_exam()))


def test_the_known_exam_reads_like_the_exam_page(known):
    assert known.one("h1").text == "alice"
    assert known.one(cls="total").one(cls="figure").text == "61 of 96 points (64%)"
    for ident, words in ASSIGNMENTS.items():
        assert known.one("section", id=f"assignment-{ident}").all("header")[0].one(cls="figure").text == words
    for ident, (points, comments, _) in exams.KNOWN_EXAM.items():
        question = known.one("article", id=f"question-{ident}")
        most = next(question.points for question in exams.COURSE.questions() if question.id == ident)
        assert question.one("header").one(cls="score").text == f"Points: {points:g} / {most:g}"
        assert [item.text for item in question.all("li")] == list(comments)


def test_the_summary_lists_every_assignment_with_its_points(known):
    rows = known.one("nav", cls="summary").one("tbody").all("tr")
    assert [row.one(cls="score").text for row in rows] == ["11 / 21", "15 / 26", "20.5 / 27", "14.5 / 22"]


def test_full_points_are_full_everywhere():
    page = parse(student_page(exams.full_exam()))
    assert page.one(cls="total").one(cls="figure").text == "96 of 96 points (100%)"
    assert {cell.text for cell in page.all("td", cls="outcome")} == {"met"}
    assert not page.all(cls="comments")
    assert {bar.attributes["width"] for bar in page.all("rect", cls="earned")} == {"100.0%"}


def test_outcomes_are_words_and_not_colours_alone(known):
    words = {
        row.attributes["class"]: row.one(cls="outcome").text for row in known.all("tr") if "class" in row.attributes
    }
    assert words == {"met": "met", "not-met": "not met", "carried": "carried forward"}
    row = known.one("article", id="question-2e").all("tr", cls="carried")[0]
    assert row.one(cls="comment").text == "carried forward from 2(c), not deducted again"
    assert row.one(cls="score").text == "1 / 1"


def test_a_comment_beside_the_score_is_not_repeated_in_the_table(known):
    question = known.one("article", id="question-1c")
    assert question.text.count("Feature map not saved and returned") == 1
    assert "Seen: cell 4" in question.one("tr", cls="not-met").text


def test_a_wrong_mark_of_a_statement_shows_a_minus_sign(known):
    row = known.one("article", id="question-4a").one("tr", cls="not-met")
    assert row.one(cls="score").text == "−0.5 / 1"


def test_open_questions_say_that_a_person_decides():
    result = exams.open_exam()
    page = parse(student_page(result))
    assert page.one(cls="status").text == "provisional Up to 9.5 more points are open."
    assert "Open: a person decides. 1b, 2b, 2f could not be decided" in page.one("p", cls="open").text
    question = page.one("article", id="question-2f")
    assert question.one("header").one(cls="tag").text == "open: a person decides"
    assert question.one("tr", cls="review").one(cls="score").text == "open? / 1.5"
    assert question.one("rect", cls="undecided").attributes["width"] == "100.0%"
    assert page.one("article", id="question-2b").one("blockquote").raw == "The last logit;\nits sign decides"


def test_a_missing_notebook_is_said_once_an_assignment_and_beside_each_code_question():
    page = parse(student_page(exams.absent_exam()))
    section = page.one("section", id="assignment-1")
    assert section.one("p", cls="problem").text == "No notebook uploaded."
    question = section.one("article", id="question-1c")
    assert [item.text for item in question.all("li")] == ["No notebook uploaded"]
    assert not question.all("table")
    assert section.one("p", cls="upload").text == "1f Notebook upload: no notebook uploaded"


def test_an_upload_without_points_is_a_quiet_line(known):
    assert not known.all("article", id="question-1f")
    upload = known.one("section", id="assignment-1").one("p", cls="upload")
    assert upload.text == "1f Notebook upload: assignment1.ipynb"


def test_a_failed_submission_shows_no_score():
    page = parse(student_page(exams.failed_exam()))
    assert page.one(cls="total").one(cls="figure").text == "– of 96 points"
    assert "could not be graded" in page.one("main").text
    assert "The sandbox stopped answering three times." in page.one("main").text


def test_problems_and_stand_ins_are_said(known):
    section = known.one("section", id="assignment-3")
    assert "The time limit of 10 minutes ended cell 9" in section.one("p", cls="problem").text
    assert "stand-in data for SVHN" in section.one("p", cls="data").text


def test_the_cells_with_errors_are_shown_with_the_line_at_fault(known):
    figure = known.one("section", id="assignment-1").one("details", cls="errors").one("figure", cls="code")
    assert "Cell 7 stopped with an error" in figure.text
    assert "RuntimeError: The size of tensor a (7) must match tensor b (224) at <non-singleton> 1" in figure.text
    assert figure.one("span", cls="fault").one("code").text == "overlay = heatmap * image"
    assert figure.all("code")[0].raw == "heatmap = grad_cam(model, image, 281)"


def test_a_long_cell_is_cut_around_the_error():
    source = "\n".join(f"line_{number}" for number in range(1, 2001))
    cell = Cell(0, "code", source, "error", error_name="E", error_line=1000)
    page = parse(student_page(_with_cells(cell)))
    lines = [code.raw for code in page.all("code")]
    assert lines[0] == "line_988"
    assert lines[-1] == "line_1012"


@pytest.mark.parametrize(("status", "went_on"), [("error", True), ("killed", False), ("timeout", False)])
def test_only_after_plain_errors_it_says_that_later_cells_were_run(status, went_on):
    page = parse(student_page(_with_cells(Cell(0, "code", "x", status, error_name="E"))))
    assert ("run all the same" in page.one("details").text) == went_on


def test_many_failing_cells_are_counted():
    cells = [Cell(number, "code", "1/0", "error", error_name="ZeroDivisionError") for number in range(30)]
    page = parse(student_page(_with_cells(*cells)))
    assert page.one("summary").text == "30 cells of your notebook did not finish"
    assert len(page.all("figure", cls="code")) == 10


def test_pictures_stand_in_order_with_their_cell(known):
    figures = known.one("section", cls="pictures").all("figure")
    assert [figure.one("figcaption").text for figure in figures] == ["Cell 4", "Cell 9, picture 1", "Cell 9, picture 2"]
    for figure in figures:
        image = figure.one("img")
        assert image.attributes["src"].startswith(("data:image/png;base64,", "data:image/jpeg;base64,"))
        assert image.attributes["alt"]


def test_a_report_stays_below_two_megabytes():
    pictures = tuple(Picture("image/png", exams.png((700, 700), seed=seed, noise=True)) for seed in range(12))
    cells = tuple(Cell(number, "code", "", pictures=pictures[number % 12 :] + pictures[:1]) for number in range(12))
    base = exams.full_exam()
    result = replace(base, assignments=tuple(replace(part, cells=cells) for part in base.assignments))
    page = student_page(result)
    assert len(page.encode()) < 2_000_000
    assert len(parse(page).all("img")) == 4 * 12


@pytest.mark.parametrize(
    "result",
    [exams.known_exam(), exams.full_exam(), exams.open_exam(), exams.absent_exam(), exams.failed_exam()],
    ids=["known", "full", "open", "absent", "failed"],
)
def test_a_page_is_accessible_in_structure(result):
    page = parse(student_page(result))
    assert page.one("html").attributes["lang"] == "en"
    for landmark in ("main", "footer", "h1", "title"):
        page.one(landmark)
    levels = [int(node.tag[1]) for node in page.all() if re.fullmatch("h[1-6]", node.tag)]
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))
    idents = [node.attributes["id"] for node in page.all() if "id" in node.attributes]
    assert len(idents) == len(set(idents))
    targets = [link.attributes["href"] for link in page.all("a")]
    assert all(target.startswith("#") and target[1:] in idents for target in targets)
    labels = [node.attributes["aria-labelledby"] for node in page.all() if "aria-labelledby" in node.attributes]
    assert set(labels) <= set(idents)
    for table in page.all("table"):
        table.one("caption")
        assert all(head.attributes["scope"] in {"row", "col"} for head in table.all("th"))


def _with_cells(*cells: Cell):
    base = exams.full_exam()
    return replace(base, assignments=(replace(base.assignments[0], cells=cells),))
