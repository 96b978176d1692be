"""The review page in a real browser: a class of 30 marked by keyboard alone, accessible, and silent on the network."""

import contextlib
import os
import threading

import pytest

from grader.review.serve import ReviewOptions, listen, open_review, server
from tests.review.test_marking import report
from tests.support import browser as support
from tests.support.tiny import install, make_place, write_student

if os.environ.get(support.REQUIRED) != "1":
    pytestmark = pytest.mark.skipif(bool(support.missing()), reason=support.missing() or "there is a browser")

SIZE = 30
PROPOSALS = """
from grader.scoring.proposals import Finding


def idea(answer):
    yield Finding("1a.idea", 1.0 if "idea" in answer else 0.0, "the word 'idea'", "sure")


proposers = {"1a": idea}
"""
ANSWERS = (
    "The idea is to average the gradient over all places of the map.",
    "The idea is to average the gradients over all the places of a map!",
    "Nothing that would help, <b>honestly</b>.",
    "ערב טוב – an idea, right to left",
    "first scale, then normalise, then a batch of one",
)


@pytest.fixture(scope="module")
def opened():
    reason = support.missing()
    assert not reason, f"{support.REQUIRED}=1, but {reason}"
    with support.browser() as found:
        yield found


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A few students."""
    return graded(tmp_path, monkeypatch, 7)


def graded(folder, monkeypatch, size):
    found = make_place(folder, 0)
    install(found.play, monkeypatch.setattr)
    (found.course / "proposals.py").write_text(PROPOSALS, encoding="utf-8")
    for number in range(size):
        write_student(found.source / f"s{number:02}", number, f"'{ANSWERS[number % len(ANSWERS)]}'")
    found.grade()
    return found


@contextlib.contextmanager
def served(place, **options):
    """The page's address, with the token; on leaving, the reports are up to date."""
    with contextlib.closing(listen(0)) as found:
        port = found.getsockname()[1]
        with open_review(ReviewOptions(place.out, **{"author": "ada", **options}), port) as review:
            running = server(review)
            thread = threading.Thread(target=running.run, kwargs={"sockets": [found]})
            thread.start()
            try:
                yield f"http://127.0.0.1:{port}/?token={review.keys.token}"
            finally:
                running.should_exit = True
                thread.join(30)


@contextlib.contextmanager
def shown(opened, address, **options):
    """A page whose errors and requests are noted."""
    context = opened.new_context(**options)
    try:
        page = context.new_page()
        page.faults, page.strangers = [], []
        page.on("console", lambda said: page.faults.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda fault: page.faults.append(str(fault)))
        home = address.partition("?")[0]
        page.on(
            "request", lambda asked: None if asked.url.startswith((home, "data:")) else page.strangers.append(asked.url)
        )
        page.goto(address)
        yield page
    finally:
        context.close()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def to_next(page):
    """Saves and moves on by ``n``."""
    before = page.url
    press(page, "n")
    page.wait_for_url(lambda url: url != before)


def text(page, selector):
    return page.inner_text(selector)


def test_a_class_is_marked_by_keyboard_alone(opened, tmp_path, monkeypatch):
    place = graded(tmp_path, monkeypatch, SIZE)
    with served(place) as address, shown(opened, address) as page:
        assert "token" not in page.url
        assert text(page, "h1") == f"{SIZE} open"
        given = {}
        to_next(page)
        while "/q/1a/" in page.url:
            student = text(page, ".student bdi")
            assert student not in given
            answer = text(page, "blockquote.typed")
            if "idea" in answer:
                press(page, "a", ".")  # the proposal for the idea, half a point for the steps
                given[student] = 1.5
            elif "scale" in answer:
                press(page, "0", "1")
                given[student] = 1.0
            else:
                press(page, "w", "0", "c", "1")
                given[student] = 0.0
            to_next(page)
        assert len(given) == SIZE
        assert text(page, "h1") == "Nothing is open"

        # A computed criterion, overridden with a reason, and the last step undone.
        page.goto(page.url + "q/1b")
        page.get_by_role("link", name="s00").press("Enter")
        page.wait_for_url("**/q/1b/*")
        press(page, "2")
        page.wait_for_selector("[name=reason]:focus")
        page.keyboard.type("the task was misprinted")
        press(page, "Escape")
        page.wait_for_selector("#told:text('saved: 2 of 2')")
        page.goto(page.url.partition("/q/")[0] + "/q/1a")
        page.get_by_role("link", name="s04").press("Enter")
        page.wait_for_url("**/q/1a/*")
        press(page, "w", "2")
        page.wait_for_selector("#told:text('saved: 2 of 2')")
        press(page, "u")
        page.wait_for_url("**said=undone-1")
        assert "Undone" in text(page, "[role=status]")
        assert page.faults == []
        assert page.strangers == []
    assert {name: report(place, name, "1a")["points"] for name in given} == given
    assert report(place, "s02", "1a")["comments"] == ["no idea"]
    assert report(place, "s00", "1b")["points"] == 2.0
    assert all(report(place, name, "1a")["status"] == "graded" for name in given)
    rows = place.files()["grades.csv"].decode().splitlines()
    assert len([row for row in rows if ",final," in row or row.endswith(",final")]) == SIZE


def test_what_is_set_is_saved_without_another_key_and_thrown_away_by_escape(opened, place):
    with served(place) as address, shown(opened, address) as page:
        to_next(page)
        press(page, "1", "0")
        page.wait_for_selector("#told:text('saved: 1 of 2')")
        assert text(page, "#state") == "marked"
        press(page, "w", "2", "Escape")
        page.wait_for_selector("#told:text-matches('^1 of 2')")
        assert page.input_value("[name='p.1a.idea']") == "1"
        press(page, "ArrowUp", "x")
        page.wait_for_selector("#told:text('saved: 0 of 2')")


def test_selected_similar_answers_get_the_same_mark(opened, place):
    with served(place) as address, shown(opened, address) as page:
        to_next(page)
        count = page.locator("[name=also]").count()
        assert count == 3  # 7 students, of whom four wrote one of the first two answers
        assert page.locator("[name=also]:checked").count() == 0
        press(page, "1", "1", "s", "g")
        page.wait_for_url(f"**said=applied-{count + 1}")
        press(page, "u")
        page.wait_for_url(f"**said=undone-{count + 1}")
        assert page.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(opened, place, scheme):
    viewport = {"width": 1280, "height": 800} if scheme == "light" else {"width": 360, "height": 720}
    with (
        served(place) as address,
        shown(opened, address, color_scheme=scheme, viewport=viewport, bypass_csp=True) as page,
    ):
        assert support.violations(page) == []
        to_next(page)
        first = page.url
        press(page, "1", "0")
        page.wait_for_selector("#told:text('saved')")
        page.reload()
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert support.violations(page) == []
        for key in ("?", "c"):
            press(page, key)
            page.wait_for_selector("dialog[open]")
            assert support.violations(page) == []
            press(page, "Escape")
        home = first.partition("/q/")[0]
        for path in ("/q/1b", "/history", "/disagreements", "/q/9"):
            page.goto(home + path)
            assert support.violations(page) == []
        page.goto(home + "/q/1b")
        page.get_by_role("link", name="s00").click()
        assert support.violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
