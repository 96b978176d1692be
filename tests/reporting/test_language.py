"""Both languages say everything, with the same values."""

import re
import tomllib
from pathlib import Path

import pytest

import grader.reporting
from grader.execution import sentences
from grader.reporting.language import LANGUAGES, language, language_of
from grader.reporting.student_page import _CELL_WORDS, OUTCOME_WORDS, PageOptions, student_page
from grader.sandbox import Limits
from tests.reporting import exams
from tests.reporting.pages import parse

ROOM = Path(grader.reporting.__file__).parent
VALUE = re.compile(r"\{(\w+)\}")


def asked_for() -> set[str]:
    """All words that templates and views ask a catalogue for."""
    found = {*OUTCOME_WORDS.values(), *_CELL_WORDS.values()}
    sources = [*ROOM.glob("templates/*.j2"), *ROOM.glob("*.py")]
    for path in sources:
        source = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'\b(?:t|words)\("([^"]+)"', source))
        for first, second in re.findall(r'\bcount\([^"]*?"([^"]+)", "([^"]+)"', source):
            found |= {first, second}
    return found


def catalogue(code: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((ROOM / "catalogues" / f"{code}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_a_catalogue_has_all_words_and_no_others(code):
    assert set(catalogue(code)["words"]) == asked_for()


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
@pytest.mark.parametrize("table", ["words", "sentences"])
def test_both_sides_have_the_same_values(code, table):
    for ours, theirs in catalogue(code)[table].items():
        assert sorted(VALUE.findall(ours)) == sorted(VALUE.findall(theirs)), ours


@pytest.mark.parametrize(
    "said",
    [
        sentences.cell_too_long(7, Limits(), stopped=True),
        sentences.cell_too_long(7, Limits(cell_timeout_s=20), stopped=False),
        sentences.training_cut_short(6, 300),
        sentences.notebook_too_long(3, Limits()),
        sentences.out_of_memory(3, Limits()),
        sentences.failed_on_gpu(3),
        sentences.too_much_output(3, Limits()),
        sentences.output_cut(3),
        sentences.kernel_ended(3, 139),
        sentences.kernel_ended(3, 1),
        sentences.kernel_ended(3, None),
    ],
)
def test_what_execution_says_is_translated(said):
    found = language("de").sentence(said)
    assert found.translated
    assert "ell" in found.text  # Zelle
    assert not re.search(r"\b(the|cell|ran|not)\b", found.text)


def test_a_value_is_never_taken_for_a_template():
    found = language("de").sentence("carried forward from {question}{0}, not deducted again")
    assert found.text == "Folgefehler aus {question}{0}, nicht noch einmal abgezogen"
    assert str(language("de")("{points} of {max_points} points", points="<b>{x}", max_points=1)) == (
        "&lt;b&gt;{x} von 1 Punkten"
    )


def test_a_german_page_is_german_and_marks_what_is_not():
    page = parse(student_page(exams.known_exam(), PageOptions(language="de")))
    assert page.one("html").attributes["lang"] == "de"
    figure = page.one(cls="total").one(cls="figure")
    assert figure.text == "61 von 96 Punkten (64 %)"
    assert "64\N{NARROW NO-BREAK SPACE}%" in figure.raw
    question = page.one("article", id="question-1c")
    assert question.one("header").one(cls="score").text == "Punkte: 1,5 / 3"
    evidence = question.all("tr", cls="not-met")[0].one(cls="evidence")
    assert evidence.text == "Gesehen: cell 4: shape (1, 512, 7, 7)"
    assert evidence.one("span", lang="en").text == "cell 4: shape (1, 512, 7, 7)"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="en, de"):
        language_of("fr", None)
