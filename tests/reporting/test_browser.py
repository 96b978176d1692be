"""Reports in a real browser: accessible by axe-core, readable on a phone, printable, and silent on the network."""

import os

import pytest

from grader.reporting.class_report import class_page
from grader.reporting.student_page import student_page
from tests.reporting import exams, showing
from tests.support import browser as support

if os.environ.get(support.REQUIRED) != "1":
    pytestmark = pytest.mark.skipif(bool(support.missing()), reason=support.missing() or "there is a browser")

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1100, "height": 900}
PAGES = {
    "rich": lambda language, reveal: student_page(showing.rich_exam(), showing.options(language, reveal=reveal)),
    "open": lambda language, reveal: student_page(exams.open_exam(), showing.options(language, reveal=reveal)),
    "absent": lambda language, reveal: student_page(exams.absent_exam(), showing.options(language, reveal=reveal)),
    "failed": lambda language, reveal: student_page(exams.failed_exam(), showing.options(language, reveal=reveal)),
}


@pytest.fixture(scope="module")
def opened():
    reason = support.missing()
    assert not reason, f"{support.REQUIRED}=1, but {reason}"
    with support.browser() as found:
        yield found


@pytest.mark.parametrize(
    ("name", "language", "reveal", "scheme"),
    [
        ("rich", "en", True, "light"),
        ("rich", "de", True, "dark"),
        ("open", "de", False, "light"),
        ("absent", "en", True, "dark"),
        ("failed", "en", False, "dark"),
    ],
)
def test_axe_finds_no_violation(opened, name, language, reveal, scheme):
    viewport = PHONE if language == "de" else DESK
    with support.page_of(opened, PAGES[name](language, reveal), viewport=viewport, color_scheme=scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert support.violations(page) == []


def test_axe_would_find_one(opened):
    html = PAGES["failed"]("en", False).replace('<html lang="en">', "<html>")
    with support.page_of(opened, html) as page:
        found = {line.split(" ")[0] for line in support.violations(page)}
    assert {"html-has-lang"} <= found


def test_nothing_is_wider_than_the_screen(opened):
    with support.page_of(opened, PAGES["rich"]("de", True)) as page:
        for width in (320, 390, 768, 1400):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_report_asks_for_nothing_and_runs_nothing(opened):
    html = PAGES["rich"]("en", True).replace("</main>", "<script>document.title = 'ran'</script></main>")
    with support.page_of(opened, html) as page:
        assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
        assert page.title() != "ran"


def test_pictures_are_there(opened):
    with support.page_of(opened, PAGES["rich"]("en", True)) as page:
        sizes = page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)")
    assert len(sizes) == 8
    assert all(size > 50 for size in sizes)


def test_targets_are_large_enough_and_focus_is_visible(opened):
    with support.page_of(opened, PAGES["rich"]("en", True), viewport=PHONE) as page:
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        heights = page.evaluate("[...document.querySelectorAll('summary, nav a')].map(e => e.offsetHeight)")
    assert outline == "solid"
    assert min(heights) >= 24  # CSS pixels, WCAG 2.2, 2.5.8


def test_it_prints(opened):
    with support.page_of(opened, PAGES["rich"]("de", True)) as page:
        pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert 4 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 25


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_overview_of_the_class_is_accessible_too(opened, scheme):
    results = [showing.rich_exam("ada").lean(), exams.open_exam(), exams.absent_exam(), exams.failed_exam()]
    with support.page_of(opened, class_page(results, {}, "Exam"), viewport=DESK, color_scheme=scheme) as page:
        assert support.violations(page) == []
