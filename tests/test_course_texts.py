"""The course's texts beside its marking: explanations and translations."""

import re
from pathlib import Path

import pytest

import rubrics
from grader.course import load_course
from grader.course_texts import languages, load_texts
from grader.errors import CourseError

PACK = Path(rubrics.__file__).parent
COURSE = load_course(PACK)
HEAD = 'schema = "grader.course-texts/1"\n'


def texts(tmp_path, language="de", **files):
    for name, body in files.items():
        (tmp_path / f"{name.replace('_', '.')}.toml").write_text(HEAD + body, encoding="utf-8")
    return load_texts(tmp_path, COURSE, language)


@pytest.mark.parametrize("language", languages(PACK))
def test_the_bundled_course_lacks_no_text(language):
    assert load_texts(PACK, COURSE, language).warnings() == []


def test_every_code_criterion_says_which_lines_it_is_about():
    found = load_texts(PACK, COURSE)
    criteria = [one.id for question in COURSE.questions() if question.kind == "code" for one in question.criteria]
    assert [ident for ident in criteria if not found.lines(ident)] == []


def test_german_texts_are_german():
    found = load_texts(PACK, COURSE, "de")
    for question in COURSE.questions():
        for criterion in question.criteria:
            for said in (found.why(criterion.id), found.comment(question.id, criterion.comment)):
                assert said.translated
                assert not re.search(r"\b(?:the|is|not|of)\b", said.text), said.text


def test_a_comment_is_recognised_with_its_detail_and_variant():
    found = load_texts(PACK, COURSE, "de")
    said = found.comment("2f", "Training loop is wrong: gradients {never} zeroed")
    assert said.text == "Die Trainingsschleife ist falsch: gradients {never} zeroed"
    assert found.comment("3e", "test_acc is wrong").text == "test_acc ist falsch"
    assert found.comment("2d", "only `__len__` is correct (+1)").text == "nur `__len__` stimmt (+1)"
    assert not found.comment("2f", "what a person wrote").translated


def test_without_files_everything_is_the_packs_own(tmp_path):
    found = texts(tmp_path, "en")
    assert found.warnings() == []
    assert (found.why("2c.size").text, found.title().text) == ("", COURSE.title)


def test_a_missing_translation_is_shown_in_english_and_told(tmp_path):
    found = texts(tmp_path, course_de='title = "Prüfung"\n[criterion."2c.size"]\nabout = "D"', explanations="")
    assert found.title().text == "Prüfung"
    assert (found.about("2c.size", "x").text, found.about("2c.case", "x")) == ("D", found.about("2d.len", "x"))
    assert not found.about("2c.case", "x").translated
    why, lacks = found.warnings()
    assert "explanations.toml does not say why 1a.size" in why
    assert re.search(r"course\.de\.toml lacks title of 1, .* and \d+ more; shown in", lacks)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('[criterion."9z.x"]\nwhy = "x"', "criterion '9z.x' is not in the course pack"),
        ('[question]\n9z = "x"', "question '9z' is not in the course pack"),
        ('[criterion."2c.size"]\nwhat = "x"', "criterion › 2c.size › what"),
        ("[criterion.\"2c.size\"]\nlines = '('", "not a regular expression"),
        ("title = 7", "title"),
        ("title = ", "expected a TOML file of texts"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path, body, wanted):
    with pytest.raises(CourseError, match=re.escape(wanted)):
        texts(tmp_path, course_de=body)


def test_statements_are_texts_too():
    assert load_texts(PACK, COURSE, "de").about("4b.1", "residual connections").text == "Residualverbindungen"
    assert load_texts(PACK, COURSE).right("4b.1").text.startswith("Right:")
