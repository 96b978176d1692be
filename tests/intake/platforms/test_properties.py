"""What holds for any names, texts and times."""

import re
import tempfile
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from grader.errors import UsageError
from grader.intake import Identity, Origin, Received, read_students, read_submissions, write_students
from grader.intake.answers import parse_answers
from grader.intake.platforms import pattern
from grader.intake.platforms.keys import olat_name, olat_names
from grader.intake.platforms.openolat_items import Item
from grader.intake.platforms.openolat_results import Response, marks
from grader.intake.platforms.people import Desk
from grader.intake.platforms.questions import QuestionMap
from grader.intake.platforms.registry import PLATFORMS, recognised
from grader.intake.platforms.times import parse_time
from grader.intake.platforms.tree import Tree, wrapper
from grader.intake.platforms.writing import _dump, _quoted
from grader.intake.texts import clean_text, html_to_text
from grader.intake.types import Limits
from tests.intake.making import HINTS, notebook, zipped

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(max_size=80)
WORD = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=8)
PIECES = st.sampled_from([
    "userdata", "A_B_c", "Attempt_1", "3231.xml", "submission_metadata.yml", "submission_12",
    "Anna M_7_assignsubmission_file",
    "M_A_9_20210618_093312", "Question_1_-_1a_response.txt", "x_bob_attempt_2021-06-18-09-33-12_a.ipynb", "M_A_am_12",
    "ma_LATE_12_3_a.ipynb", "submitted", "bob+a+2021-06-18 09:33:12 UTC", "x-submissions", "x-bob", "2_submissions",
    "a1.ipynb", "answers.yaml", "", "\x00", "ü" * 30, "grades.csv", "_", "results.xlsx",
])  # fmt: skip


@FEW
@given(st.lists(st.lists(PIECES | TEXT, min_size=1, max_size=5).map(tuple), max_size=6), TEXT)
def test_no_names_break_the_detection(names, label):
    assert all(platform in PLATFORMS for platform in recognised(Origin(), sorted(names), label))
    for platform in PLATFORMS:
        for name in names:
            assert platform.person(name) in range(len(name) + 2)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(PIECES, min_size=1, max_size=4), st.sampled_from([b"", b"x", notebook("a"), b"<a/>"])),
        max_size=6,
    ),
    st.sampled_from([platform.name for platform in PLATFORMS]),
)
def test_no_tree_breaks_a_reader(entries, name):
    reader = next(platform for platform in PLATFORMS if platform.name == name)
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for number, (parts, content) in enumerate(entries):
            path = Path(folder) / str(number)
            path.write_bytes(content)
            files[tuple(parts)] = path
        folders = {one[:depth]: Path(folder) for one in files for depth in range(1, len(one))}
        files = {one: path for one, path in files.items() if one not in folders}
        desk = Desk(Tree("x", files, folders), QuestionMap(()), Limits())
        people = reader.read(desk)
        assert all(set(person.files.values()) <= set(files.values()) for person in people)


@settings(max_examples=15, deadline=None)
@example({"x_bob_attempt_2021-06-18-09-33-12_a.ipynb/userdata": b"{}"})
@given(st.dictionaries(st.lists(PIECES.filter(bool), min_size=1, max_size=4).map("/".join), st.just(b"{}"), max_size=6))
def test_no_archive_breaks_an_intake(entries):
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "x.zip"
        source.write_bytes(zipped({name.replace("\x00", "0"): content for name, content in entries.items()}))
        try:
            read_submissions(source, Path(folder) / "work", HINTS)
        except UsageError as fault:  # it looks like a platform's, and nobody handed in
            if "nobody's submission was found" not in str(fault) or "--from neutral" not in str(fault.hint):
                raise


@FEW
@given(st.dictionaries(st.sampled_from(["1a", "1b", "2a", "4c"]), st.text(max_size=200), min_size=1))
def test_answers_are_read_back_as_written(answers):
    # Texts of nothing but words such as "right" are marks; the first word rules that out.
    texts = {question: f"Answer {text}" for question, text in answers.items()}
    read, problems = parse_answers(_dump(texts), "x")
    assert problems == []
    assert read == {question: text.strip() for question, text in texts.items()}


@FEW
@given(st.text(max_size=200))
def test_raw_answers_are_yaml(text):
    text = text.encode("utf-8", "replace").decode()
    assert yaml.safe_load(f"{_quoted('a title')}: {_quoted(text)}\n") == {"a title": text}


CELLS = st.lists(TEXT.map(lambda text: unicodedata.normalize("NFC", " ".join(text.split()))), min_size=7, max_size=7)


@FEW
@given(st.dictionaries(WORD, st.tuples(CELLS, st.booleans() | st.none(), st.integers(1, 9)), max_size=5))
def test_students_csv_survives_any_names(rows):
    moment = datetime(2021, 6, 18, 9, 33, 12, 500, tzinfo=UTC)
    wanted = {
        unicodedata.normalize("NFC", student): (Identity(*cells), Received(moment, late, attempt))
        for student, (cells, late, attempt) in rows.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "students.csv"
        write_students(path, wanted)
        assert read_students(path) == (wanted, [])


@FEW
@given(st.text(max_size=40))
def test_olat_names_are_plain_and_stay(text):
    name = olat_name(text)
    assert re.fullmatch(r"[A-Za-z0-9_]*", name)
    assert olat_name(name) == name
    for form in ("NFC", "NFD"):
        assert olat_name(unicodedata.normalize(form, text)).casefold() in olat_names(text)


@FEW
@given(st.text(max_size=200))
def test_text_without_tags_is_only_cleaned(text):
    text = text.replace("<", " ").replace("&", " ")
    assert html_to_text(text).split() == text.replace("\u00a0", " ").replace("\ufeff", "").split()
    assert clean_text(clean_text(text)) == clean_text(text)


@FEW
@given(st.permutations(range(5)), st.lists(st.sampled_from(["right", "wrong", "unanswered"]), min_size=5, max_size=5))
def test_the_order_of_pairs_does_not_matter(order, wanted):
    item = Item("match1", "4a", statements=tuple(f"s{n}" for n in range(5)), targets={w + "9": w for w in wanted})
    pairs = tuple(f"s{n} {wanted[n]}9" for n in order)
    assert marks(Response("RESPONSE_1", "directedPair", pairs), item) == wanted


@FEW
@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))
def test_times_of_all_forms_are_read(moment):
    forms = (
        "%Y-%m-%dT%H:%M:%S",
        "%Y%m%dT%H%M%S",
        "%Y-%m-%d-%H-%M-%S",
        "%A, %d %B %Y, %I:%M:%S %p",
        "%d.%m.%Y, %H:%M:%S",
    )
    assert {parse_time(moment.strftime(form)) for form in forms} == {moment}
    assert parse_time(f"{moment:%Y-%m-%d %H:%M:%S}.000000000 Z") == moment.replace(tzinfo=UTC)


@FEW
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple), min_size=1, max_size=6))
def test_the_wrapper_is_around_everything(names):
    around = wrapper(names)
    assert all(name[: len(around)] == around and len(name) > len(around) for name in names)
    further = {name[: len(around) + 1] for name in names}
    assert len(further) > 1 or any(len(name) == len(around) + 1 for name in names)


@pytest.mark.parametrize(
    "title", ["1a Image", "1(a) Image", "Question 1a: Image", "1.a) x", "Aufgabe 1a", "1A", "1a_Image"]
)
def test_titles_that_begin_with_an_id_tell_the_question(title):
    assert QuestionMap(["1a", "1", "11a"]).find([title]) == "1a"


@pytest.mark.parametrize("title", ["1ab", "Image 1a", "12a", "", "a1"])
def test_other_titles_do_not(title):
    assert QuestionMap(["1a", "2a"]).find([title]) is None


def test_titles_of_their_own_tell_the_question_unless_two_have_them():
    known = QuestionMap({"1a": "Image  Preprocessing", "1f": "Upload", "2g": "Upload"})
    assert known.find(["image preprocessing"]) == "1a"
    assert known.find(["Upload"]) is None


def test_a_pattern_takes_the_groups_of_nbgrader():
    expression = pattern.compiled(r"(?P<student_id>\w+)_(?P<file_id>\w+)")
    assert set(expression.groupindex) == {"student_id", "file_id"}
