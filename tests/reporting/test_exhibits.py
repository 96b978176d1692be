"""Exhibits: what is drawn is also said, the reference's parts wait for the deadline, gradebooks can keep them."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from grader.exhibits import (
    MAX_PICTURE_BASE64,
    Confusion,
    Curve,
    Curves,
    Matrix,
    PictureRow,
    Table,
    exhibits_from_json,
    exhibits_to_json,
)
from grader.reporting.drawing import _nice, views
from grader.reporting.language import language
from grader.reporting.student_page import student_page
from grader.scoring.drawing import SIDE, heat_map, photograph
from tests.reporting import exams, showing
from tests.reporting.pages import Node, parse


@pytest.fixture(scope="module")
def closed() -> Node:
    return parse(student_page(showing.rich_exam(), showing.options()))


@pytest.fixture(scope="module")
def revealed() -> Node:
    return parse(student_page(showing.rich_exam(), showing.options(reveal=True)))


def test_the_reference_is_shown_after_the_deadline_only(closed, revealed):
    for page, count in ((closed, 3), (revealed, 5)):
        row = page.one("article", id="question-1e").one("figure", cls="pictures")
        assert len(row.all("img")) == count
    labels = [image.attributes["alt"] for image in closed.one("article", id="question-1e").all("img")]
    assert labels == ["Your image", "Your map", "Your overlay"]
    heads = closed.one("article", id="question-3d").one("figure", cls="table").one("thead").all("th")
    assert [head.text for head in heads] == ["Layer", "Yours", "Shape behind it"]
    heads = revealed.one("article", id="question-3d").one("figure", cls="table").one("thead").all("th")
    assert [head.text for head in heads] == ["Layer", "Yours", "Shape behind it", "Wanted shape"]


def test_a_row_that_differs_says_so_in_words(closed):
    rows = closed.one("article", id="question-3d").one("figure", cls="table").one("tbody").all("tr")
    assert [row.one("th").text for row in rows] == ["convolution 1 differs", "pooling 1 differs", "fully connected"]


def test_a_matrix_says_its_rows_and_its_padding(closed):
    drawing = closed.one("article", id="question-2d").one("svg", role="img")
    words = drawing.attributes["aria-label"]
    assert "1 (a): a; 2 (n): n" in words
    assert "5 (-): -" in words
    assert "14 (padding): 0" in words
    assert len(drawing.all("rect", cls="above")) == 10
    assert len(drawing.all("rect", cls="pad")) == 4


def test_curves_are_drawn_in_two_scales_and_listed(closed):
    figure = closed.one("article", id="question-2f").one("figure", cls="curves")
    assert len(figure.all("svg", cls="plot")) == 2
    # a missing epoch interrupts the line
    assert len(figure.all("svg", cls="plot")[0].one("g").all("polyline")) == 2
    rows = figure.one("details").one("tbody").all("tr")
    assert [cell.text for cell in rows[4].all("td")] == ["–", "85.0 %", "85.0 %"]


def test_a_confusion_matrix_is_a_table_with_heads(closed):
    figure = closed.one("article", id="question-3e").one("figure", cls="confusion")
    assert len(figure.one("tbody").all("tr")) == 10
    assert all(len(row.all("td", cls="hit")) == 1 for row in figure.one("tbody").all("tr"))


def test_exhibits_survive_json():
    every = tuple(one for group in showing.exhibits().values() for one in group)
    assert exhibits_from_json(json.loads(json.dumps(exhibits_to_json(every)))) == every


def test_exhibits_that_do_not_fit_together_are_refused():
    with pytest.raises(ValidationError, match="2 rows and 0 columns"):
        Matrix(title="m", rows=("a", "b"), values=((1.0,),))
    with pytest.raises(ValidationError, match="every row has 1 cells"):
        Table.model_validate({"title": "t", "columns": [{"heading": "a"}], "rows": [{"cells": ["1", "2"]}]})
    with pytest.raises(ValidationError, match="expected 2×2 counts"):
        Confusion(title="c", classes=("a", "b"), counts=((1, 2),))
    with pytest.raises(ValidationError):
        Curves(title="c", curves=(Curve(name="x", values=(float("nan"),)),))
    with pytest.raises(ValidationError):
        exhibits_from_json([{"kind": "script", "title": "x"}])
    with pytest.raises(ValidationError):
        PictureRow.model_validate(
            {
                "title": "p",
                "images": [
                    {"label": "x", "mime": "image/png", "base64": '"><script>', "width": 1, "height": 1},
                ],
            }
        )


def test_texts_of_exhibits_are_escaped():
    evil = "<script>alert(1)</script>\u202e"
    row = PictureRow(title=evil, caption=evil, images=(photograph(evil, np.zeros((4, 4, 3))),))
    matrix = Matrix(title=evil, rows=(evil,), columns=(evil,), values=((1.0,),))
    curves = Curves(title=evil, curves=(Curve(name=evil, values=(1.0,)),))
    result = exams.full_exam()
    question = replace(result.assignments[0].questions[0], exhibits=(row, matrix, curves))
    part = replace(result.assignments[0], questions=(question,))
    page = student_page(replace(result, assignments=(part,)))
    assert "<script" not in page
    assert "\u202e" not in page
    assert parse(page).one("figure", cls="pictures").one("img").attributes["alt"].startswith("<script>")


@pytest.mark.parametrize("shape", [(7, 7), (1, 1), (224, 224), (1200, 30), (3000, 2000)])
def test_pictures_of_any_size_are_bounded(shape):
    noise = np.random.default_rng(0).random((*shape, 3))
    for image in (photograph("noise", noise), heat_map("noise", noise[..., 0])):
        assert len(image.base64) <= MAX_PICTURE_BASE64
        assert max(image.width, image.height) <= max(SIDE, max(shape) if max(shape) <= SIDE else SIDE)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 0.0003), (-2, 5), (0, 123456), (0, 0), (3, 3)])
def test_axes_have_few_round_numbers_around_the_values(low, high):
    ticks = _nice(float(low), float(high))
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 7


def test_one_epoch_is_a_point_and_no_division_by_zero():
    (view,) = views((Curves(title="c", curves=(Curve(name="x", values=(0.5,)),)),), "a", language("en"), reveal=False)
    assert view.panels[0].curves[0].dots
    assert not re.search("nan|inf", view.panels[0].curves[0].lines[0])


def test_a_picture_row_of_the_reference_alone_disappears():
    row = PictureRow(title="p", images=(photograph("Reference", np.zeros((4, 4, 3)), reference=True),))
    assert not list(views((row,), "a", language("en"), reveal=False))
    assert list(views((row,), "a", language("en"), reveal=True))
