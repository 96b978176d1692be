"""Whatever strangers write stays text: in no page does it become an element, an attribute, a script or a request."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest

from grader.notebook import Cell, Picture
from grader.reporting import write_class, write_student
from grader.reporting.class_report import class_page
from grader.reporting.student_page import student_page
from grader.results import AssignmentResult, CriterionResult, QuestionResult, ReportPicture, StudentResult
from tests.reporting import exams
from tests.reporting.pages import parse

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
    "<!-- <svg onload=alert(1)> -->",
    "javascript:alert(1)//",
    "//example.org/x",
    "../../../etc/passwd",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt; &amp; &#60;",
    "=cmd|' /C calc'!A0",
    "line\r\nbreak\x00\x07",
    "evil\u202egpj.exe \u2066isolate\u2069",
    "\x1b]8;;http://example.org\x07link\x1b]8;;\x07\x1b[31mred",
    "\ud800 lone surrogate",
    "a\u0308\u0301" * 50,
    "محمد 12 أحمد",
    "x" * 5000,
]


def hostile(text: str) -> StudentResult:
    """A result that holds ``text`` wherever a stranger, or a staff member, could have put it."""
    criterion = CriterionResult("1c.x", 0.0, 1.0, "not-met", text, text, text)
    question = QuestionResult("1c", text, "code", 0.0, 1.0, "graded", (text, text), (criterion,), "", text)
    undecided = replace(
        question, id="1d", status="review", criteria=(replace(criterion, points=None, outcome="review"),)
    )
    upload = QuestionResult("1f", text, "code", 0.0, 0.0, "graded")
    assignment = AssignmentResult(
        id="1",
        title=text,
        points=0.0,
        max_points=2.0,
        questions=(question, undecided, upload),
        notebook_name=text,
        problems=(text,),
        cells=(
            Cell(0, "code", text, "error", text, text, text, 1, (Picture("image/png", exams.png((20, 20))),)),
            Cell(1, "code", text, "killed", pictures=(Picture(text, text), Picture("image/svg+xml", text))),
        ),
        pictures=(ReportPicture(text, "image/png", exams.png((30, 20)), text), ReportPicture(text, text, text, text)),
        stand_ins=(text,),
    )
    return StudentResult(text, 0.0, 2.0, "provisional", (assignment,), (text,), text, 1.0, text)


def pages(text: str) -> list[str]:
    result = hostile(text)
    return [student_page(result), class_page([result, exams.full_exam()], {}, text)]


@pytest.mark.parametrize("text", PAYLOADS, ids=range(len(PAYLOADS)))
def test_hostile_text_changes_no_element(text):
    # A line break is a line of code more; nothing else may differ.
    for page, harmless in zip(pages(text), pages("two\nlines" if "\n" in text else "harmless"), strict=True):
        assert _shape(page) == _shape(harmless)


@pytest.mark.parametrize("text", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_page_asks_for_anything_outside(text):
    for page in pages(text):
        tree = parse(page)
        for node in tree.all():
            assert not [name for name in node.attributes if name.startswith("on") or name == "style"]
            assert node.tag not in {"iframe", "object", "embed", "form", "link", "base"}
            assert node.attributes.get("src", "data:").startswith("data:")
            assert re.match(r"#|\./", node.attributes.get("href", "#"))


@pytest.mark.parametrize("text", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_page_holds_deceptive_characters(text):
    for page in pages(text):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)


def test_a_name_with_an_override_shows_it():
    assert parse(student_page(exams.full_exam("a\u202egpj.exe"))).one("h1").text == "a[U+202E]gpj.exe"


@pytest.mark.parametrize("text", PAYLOADS, ids=range(len(PAYLOADS)))
def test_files_of_a_hostile_student_can_be_written_and_read(text, tmp_path):
    result = hostile(text)
    write_student(result, tmp_path / "folder")
    write_class([result], tmp_path, links={result.student: "folder"})
    data = json.loads((tmp_path / "folder" / "report.json").read_text("utf-8"))
    assert data["student"] == text.replace("\ud800", "\ufffd")
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "folder", "grades.csv", "index.html", "report.html", "report.json",
    ]  # fmt: skip


def test_the_policy_names_exactly_our_style_and_script():
    report, overview = (parse(page) for page in pages("harmless"))
    assert _policy(report) == f"default-src 'none'; img-src data:; style-src '{_digest(report, 'style')}'; " + _END
    assert not report.all("script")
    assert _policy(overview) == (
        f"default-src 'none'; img-src data:; style-src '{_digest(overview, 'style')}'; "
        f"script-src '{_digest(overview, 'script')}'; " + _END
    )


_END = "base-uri 'none'; form-action 'none'"


def _policy(tree):
    meta = tree.all("meta")
    assert "charset" in meta[0].attributes
    assert meta[1].attributes["http-equiv"] == "Content-Security-Policy"
    return meta[1].attributes["content"]


def _digest(tree, tag):
    return "sha256-" + base64.b64encode(hashlib.sha256(tree.one(tag).raw.encode()).digest()).decode()


def _shape(page):
    """Elements in order with the names of their attributes; values and text are free."""
    return [(node.tag, sorted(node.attributes)) for node in parse(page).all()]
