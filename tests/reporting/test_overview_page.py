"""The staff's page: what its tables say, that strangers' text stays text, and how it behaves in a browser."""

import os
from dataclasses import replace

import pytest

from grader.reporting.class_report import PAGE_ROWS, class_page
from tests.reporting import exams
from tests.reporting.cohort import cohort
from tests.reporting.pages import parse
from tests.reporting.test_overview_figures import criterion, plain, question, student
from tests.support import browser as support

DESK = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
without_browser = pytest.mark.skipif(
    bool(support.missing()) and os.environ.get(support.REQUIRED) != "1",
    reason=support.missing() or "there is a browser",
)


def flagged():
    """A class of 12 in which everybody loses 1a and people contradict 2a."""
    texts = [criterion("2a.x", 2.0, 2.0, computed=0.0)]
    return [
        student(
            f"s{at:02}",
            question("1a", [criterion("1a.x", 0, 4.0)]),
            question("1b", [criterion("1b.x", at % 5, 4.0)]),
            question("2a", texts, marked_by="person"),
        )
        for at in range(12)
    ]


def everything():
    """A small class whose page has all sections: axe-core looks at every node."""
    lost = [criterion(f"1a.{at}", 0, 1.0) for at in range(4)]
    alike = [student(f"t{at}", question("1a", lost), question("2a", [criterion("2a.x", 2, 2.0)])) for at in range(2)]
    waiting = student("w", question("1a", [criterion("1a.x", None, 4.0)]), duration_s=75.0)
    absent = student("a", question("1a", [criterion("1a.x", 0, 4.0)], status="missing"), duration_s=40.0)
    broken = replace(waiting, student="f", status="failed", problems=("The sandbox stopped.", "Nothing was run."))
    slow = replace(waiting.assignments[0], fault="time", problems=("Time ran out.",), stand_ins=("SVHN",))
    late = replace(waiting, student="z", assignments=(slow, waiting.assignments[1]))
    return [*flagged(), *alike, waiting, absent, broken, late]


def behind(details):
    """Positions of the students of a list."""
    at, found = 0, []
    for gap in details.attributes["data-gaps"].split():
        at += int(gap)
        found.append(at)
    return tuple(found)


def test_rubrics_that_look_wrong_come_first():
    tree = parse(class_page(flagged(), {}, ""))
    rows = tree.one("table", id="rubrics").one("tbody").all("tr")
    assert [row.one("span", cls="tag").text for row in rows] == ["people disagree", "everybody loses it"]
    assert "People's marks differ from what was computed for 12 of 12 students." in rows[0].text
    assert [heading.text for heading in tree.all("h2")][:2] == ["Rubrics to look at", "Students"]
    assert parse(class_page([plain("a", 4, 4, 2)], {}, "")).all("table", id="rubrics") == []


def test_lists_lead_to_the_question_in_the_report():
    results = [plain("a b", 0, 4, 2), plain("c", 4, 4, 2), plain("d", 0, 4, 2)]
    (row,) = parse(class_page(results, {"d": "d-2"}, "")).one("table", id="faults").one("tbody").all("tr")
    assert (row.all("td")[0].text, row.one("th").text) == ("1a", "lost 1a.x")
    who = row.one("details", cls="who")
    assert behind(who) == (0, 2)
    links = [link.attributes["href"] for link in who.all("a")]
    assert links == ["./a%20b/report.html#question-1a", "./d-2/report.html#question-1a"]


def test_anchors_are_those_of_the_reports():
    from grader.reporting.student_page import student_page

    result = plain("a", 0, 4, 2)
    (link,) = parse(class_page([result], {}, "")).one("table", id="faults").one("tbody").all("a")
    assert parse(student_page(result)).all(id=link.attributes["href"].partition("#")[2])


def test_of_long_lists_the_first_names_are_in_the_page_and_all_positions():
    results = [plain(f"s{at:03}", 0 if at % 3 else 4, 4, 2) for at in range(90)]
    who = parse(class_page(results, {}, "")).one("table", id="faults").one("details", cls="who")
    assert behind(who) == tuple(at for at in range(90) if at % 3)
    assert [link.text for link in who.all("a")] == ["s001", "s002", "s004", "s005", "s007"]
    assert who.one("p", cls="more").text == "and 55 more"


def test_a_large_class_shows_its_first_page_and_holds_all():
    results = cohort(PAGE_ROWS + 5)
    rows = parse(class_page(results, {}, "")).one("table", id="students").one("tbody").all("tr")
    assert len(rows) == PAGE_ROWS + 5
    assert ["hidden" in row.attributes for row in rows] == [False] * PAGE_ROWS + [True] * 5


def test_every_sortable_column_has_values():
    tree = parse(class_page(everything(), {}, ""))
    tables = [*tree.all("table", cls="sorted"), tree.one("table", id="students")]
    assert len(tables) == 7
    for table in tables:
        row = table.one("tbody").all("tr")[0]
        cells = [cell for cell in row.children if not isinstance(cell, str)]
        for head in table.one("thead").all("th"):
            if head.attributes.get("data-kind", "text") != "text":
                float(cells[int(head.attributes["data-column"])].attributes["data-value"])


def test_names_and_comments_are_text():
    name = "<img src=x onerror=alert(1)>"
    results = [plain(name, 0, 0, 0), plain("</script><script>alert(1)</script>", 0, 0, 0)]
    lost = replace(results[0].assignments[0].questions[0], comments=("</title><b>",), title="{{ 7*7 }}")
    part = replace(results[0].assignments[0], questions=(lost, results[0].assignments[0].questions[1]))
    html = class_page([replace(results[0], assignments=(part, results[0].assignments[1])), results[1]], {}, "</style>")
    tree = parse(html)
    assert len(tree.all("script")) == 1
    assert len(tree.all("style")) == 1
    assert tree.all("img") == []
    assert "{{ 7*7 }}" in tree.one("table", cls="questions").text
    assert {link.text for link in tree.one("table", id="students").all("a")} == {result.student for result in results}


def test_code_in_comments_is_shown_as_code_and_nothing_decided_has_no_mean():
    lost = question("1a", [criterion("1a.x", 0, 4.0, comment="only `__len__` is <b>correct</b>")])
    waiting = question("1b", [criterion("1b.x", None, 4.0)])
    tree = parse(class_page([student("a", lost, waiting)], {}, ""))
    fault = tree.one("table", id="faults").one("tbody").one("th")
    assert (fault.text, fault.one("code").text) == ("only __len__ is <b>correct</b>", "__len__")
    means = [row.all("td")[0].text for row in tree.one("table", cls="questions").one("tbody").all("tr")]
    assert means == ["0 / 4", "– / 4"]


def test_ids_are_there_once():
    ids = [node.attributes["id"] for node in parse(class_page(cohort(30), {}, "")).all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))


def test_labels_and_links_within_the_page_lead_somewhere():
    tree = parse(class_page([*flagged(), *cohort(30)], {}, ""))
    ids = {node.attributes["id"] for node in tree.all() if "id" in node.attributes}
    links = [link.attributes["href"] for link in tree.all("a") if link.attributes["href"].startswith("#")]
    labels = [node.attributes["for"] for node in tree.all("label")]
    regions = [node.attributes["aria-labelledby"] for node in tree.all() if "aria-labelledby" in node.attributes]
    assert {link[1:] for link in links} | set(labels) | set(regions) <= ids
    assert len(links) > 5


# -- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened():
    reason = support.missing()
    assert not reason, f"{support.REQUIRED}=1, but {reason}"
    with support.browser() as found:
        yield found


@pytest.fixture(scope="module")
def html():
    return class_page([*flagged(), *cohort(240)], {}, "Exam")


@pytest.fixture
def page(opened, html):
    with support.page_of(opened, html, viewport=DESK) as found:
        yield found


def names(page):
    return page.locator("#students tbody tr:not([hidden]) th").all_inner_texts()


def opened_list(row):
    """The list of a row's students, opened and filled: a browser reports that it is open only after the click."""
    row.locator("summary").click()
    row.get_by_role("button", name="in the table").wait_for()
    return row.locator("ul a")


@without_browser
@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESK), ("dark", PHONE)])
def test_axe_finds_no_violation(opened, scheme, viewport):
    html = class_page(everything(), {}, "Exam")
    with support.page_of(opened, html, viewport=viewport, color_scheme=scheme) as page:
        for table in ("faults", "rubrics"):
            page.locator(f"#{table} details summary").first.click()
        page.locator("#faults details button").first.click()
        # Laid out at once, so that axe-core sees contrasts far below the fold, too.
        page.evaluate("document.querySelectorAll('.later').forEach(part => part.style.contentVisibility = 'visible')")
        assert support.violations(page) == []


@without_browser
def test_sorting_by_keyboard_says_its_direction(page):
    button = page.locator('#students thead th[data-column="1"] button')
    button.focus()
    page.keyboard.press("Enter")
    head = page.locator('#students thead th[data-column="1"]')
    assert head.get_attribute("aria-sort") == "descending"
    totals = [float(text) for text in page.locator("#students tbody tr:not([hidden]) td.total").all_inner_texts()]
    assert totals == sorted(totals, reverse=True)
    assert len(totals) == PAGE_ROWS
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "ascending"
    assert page.evaluate("document.activeElement.closest('th').dataset.column") == "1"


@without_browser
def test_pages_lead_through_the_class(page):
    status = page.locator("#pager [role=status]")
    seen = names(page)
    assert status.inner_text() == "1 to 100 of 252 students"
    for said, count in (("101 to 200 of 252 students", 100), ("201 to 252 of 252 students", 52)):
        page.get_by_role("button", name="Next").click()
        assert status.inner_text() == said
        seen += names(page)
        assert len(names(page)) == count
    assert page.get_by_role("button", name="Next").get_attribute("aria-disabled") == "true"
    assert len(set(seen)) == 252
    page.locator("#page-rows").select_option("0")
    assert len(names(page)) == 252


@without_browser
def test_filters_work_together(page):
    page.locator("#by-name").fill("JOSE")
    status = page.locator("#pager [role=status]")
    status.get_by_text("match").wait_for()
    assert status.inner_text() == "17 of 252 students match"
    assert all("José" in name for name in names(page))
    page.locator("#by-status").select_option("final")
    some = names(page)
    assert 0 < len(some) < 17
    page.get_by_role("button", name="Show all", exact=True).click()
    page.locator("#by-question").select_option(label="1b")
    assert page.locator("#by-state").input_value() == "open"
    column = page.locator("#by-question").input_value()
    cells = page.locator(f"#students tbody tr:not([hidden]) > :nth-child({int(column) + 1})")
    assert {"?" in text for text in cells.all_inner_texts()} == {True}


@without_browser
def test_a_list_of_students_leads_to_their_reports_and_to_the_table(page):
    row = page.locator("#faults tbody tr").first
    count = int(row.locator("td[data-value]").get_attribute("data-value"))
    links = opened_list(row)
    assert links.count() == count
    assert links.first.get_attribute("href").endswith(f"/report.html#question-{row.locator('td').first.inner_text()}")
    listed = links.all_inner_texts()
    row.get_by_role("button", name="Show in the table").click()
    page.locator("#page-rows").select_option("0")
    assert names(page) == listed
    assert f"{count} of 252 students match" in page.locator("#pager [role=status]").inner_text()
    assert page.evaluate("document.activeElement.id") == "students-title"
    page.get_by_role("button", name="Show all students again").click()
    assert len(names(page)) == 252


@without_browser
def test_lists_hold_the_same_students_after_sorting(page):
    page.locator('#students thead th[data-column="1"] button').click()
    row = page.locator("#rubrics tbody tr").first
    assert opened_list(row).all_inner_texts() == [f"s{at:02}" for at in range(12)]


@without_browser
def test_words_find_criteria(page):
    page.locator("#find-criteria").fill("1c pre-trained")
    rows = page.locator("#criteria tbody tr:not([hidden])")
    assert [text.split()[0] for text in rows.locator("th").all_inner_texts()] == ["1c.pretrained"]


@without_browser
def test_without_the_script_everybody_is_shown(opened, html):
    with support.page_of(opened, html, viewport=DESK, java_script_enabled=False) as page:
        assert page.locator("#students tbody tr:visible").count() == 252
        assert not page.locator("#controls").is_visible()


@without_browser
def test_it_prints_everybody_who_was_not_filtered_out(page):
    page.locator("#by-status").select_option("provisional")
    found = int(page.locator("#pager [role=status]").inner_text().split(" of 252")[0].split()[-1])
    page.emulate_media(media="print")
    assert page.locator("#students tbody tr:visible").count() == found > PAGE_ROWS


@without_browser
@pytest.mark.parametrize("width", [320, 768, 1400])
def test_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@without_browser
def test_it_asks_for_nothing(page):
    page.locator("#faults summary").first.click()
    assert [url for url in page.requests if not url.startswith("file:")] == []
    assert page.evaluate("performance.getEntriesByName('overview-ready').length") == 1


@without_browser
def test_targets_are_large_enough(page):
    boxes = page.evaluate(
        "[...document.querySelectorAll('button, summary, select, input, main > nav a, #students th a')]"
        ".filter(e => e.checkVisibility()).map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])"
        ".filter(([, box]) => box.height < 24 || box.width < 24).map(([html]) => html)"
    )
    assert boxes == []


@without_browser
@pytest.mark.parametrize("results", [[], [exams.failed_exam()], [plain("a", 1, 2, 1)]], ids=["nobody", "broken", "one"])
def test_the_smallest_classes_have_a_page_too(opened, results):
    with support.page_of(opened, class_page(results, {}, "Exam"), viewport=DESK) as page:
        assert page.evaluate("performance.getEntriesByName('overview-ready').length") == 1
        assert support.violations(page) == []
