"""The course pack: what is bundled, and what each broken pack is told."""

from pathlib import Path

import pytest

from grader.course import load_course
from grader.errors import CourseError
from grader.rubric_modules import bundled_course, load_rubrics

BUNDLED = (bundled_course() / "course.toml").read_text(encoding="utf-8")


def load(folder: Path, text: str):
    (folder / "course.toml").write_text(text, encoding="utf-8")
    return load_course(folder)


def test_bundled_course_has_the_points_of_the_marking_scheme() -> None:
    course = load_course(bundled_course())
    assert [assignment.points for assignment in course.assignments] == [21, 26, 27, 22]
    assert [len(assignment.questions) for assignment in course.assignments] == [6, 8, 8, 4]
    keys = {
        question.id: "".join(s.key[0] for s in question.statements)
        for question in course.questions()
        if question.statements
    }
    assert keys == {"4a": "wrwrr", "4b": "rrwwr", "4c": "wwwrrr", "4d": "wrwwrw"}


def test_every_code_question_has_a_rubric() -> None:
    rubrics = load_rubrics(load_course(bundled_course()), bundled_course())
    assert {ident for rubric in rubrics.values() for ident in rubric.questions} >= {
        "1c",
        "1d",
        "1e",
        "2c",
        "2d",
        "2e",
        "2f",
        "3c",
        "3d",
        "3e",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('id = "1c.logits", points = 0.5', 'id = "1c.logits", points = 1'),
         "assignment 1 › question 1c: question 1c: points = 3, but its parts sum to 3.5"),
        (('id = "1c.logits", points = 0.5', 'id = "1c.logits", points = 0.3'),
         "assignment 1 › question 1c › criteria 1c.logits › points: points come in halves, got 0.3"),
        (('id = "2d"', 'id = "2c"'), "criterion ids start with '2c.'"),
        (("points = 96", "points = 95"), "course: points = 95, but its assignments sum to 96"),
        (('key = "wrong"', 'key = "perhaps"'), "assignment 4 › question 4a › statements 1 › key"),
        (('title = "Elman Network Implementation"', ""), "assignment 2 › question 2e › title: Field required"),
        (("(?i)svhn", "(?i)svhn("), "not a regular expression"),
        (('met = ["2b.loss"]', 'met = ["2b.lost"]'), "'only' names the unknown criterion '2b.lost'"),
    ],
)  # fmt: skip
def test_a_broken_pack_names_file_and_entry(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert change[0] in BUNDLED
    with pytest.raises(CourseError) as caught:
        load(tmp_path, BUNDLED.replace(*change, 1))
    assert message in str(caught.value)
    assert "course.toml" in str(caught.value)


def test_a_missing_pack_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"expected a course pack, found none.*--course"):
        load_course(tmp_path / "nothing")


def test_a_pack_without_code_uses_the_bundled_rubrics(tmp_path: Path) -> None:
    course = load(tmp_path, BUNDLED)
    assert set(load_rubrics(course, tmp_path)) == {"1", "2", "3"}


def test_a_pack_may_bring_a_rubric_module(tmp_path: Path) -> None:
    course = load(tmp_path, BUNDLED)
    (tmp_path / "assignment1.py").write_text("from grader.scoring import Rubric\nrubric = Rubric('1')\n")
    with pytest.raises(CourseError, match="assignment 1 has no function for question 1c"):
        load_rubrics(course, tmp_path)
