"""``python -m tests.screenshots FOLDER``: pictures of reports as people meet them, to be looked at.

Phone and desktop, light and dark, English and German, before and after the deadline, and the printed pages (as PDF).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grader.reporting.class_report import class_page
from grader.reporting.student_page import student_page
from tests.reporting import exams, showing
from tests.reporting.cohort import cohort, with_wrong_rubrics
from tests.support import browser as support

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1100, "height": 900}}
WIDE = {"viewport": {"width": 1400, "height": 900}}
LAID_OUT = "document.querySelectorAll('.later').forEach(part => part.style.contentVisibility = 'visible')"
TITLE = "Deep Learning, final exam"


def shots():
    """Name, page and Playwright's options of every picture."""
    rich, waiting = showing.rich_exam(), exams.open_exam()
    english, german = showing.options("en"), showing.options("de", reveal=True)
    yield "desk-light-en", student_page(rich, english), {**DESK, "color_scheme": "light"}
    yield "desk-dark-de-revealed", student_page(rich, german), {**DESK, "color_scheme": "dark"}
    yield "phone-light-de-revealed", student_page(rich, german), {**PHONE, "color_scheme": "light"}
    yield "phone-dark-en", student_page(rich, english), {**PHONE, "color_scheme": "dark"}
    yield "desk-light-open", student_page(waiting, english), {**DESK, "color_scheme": "light"}
    yield "desk-light-absent", student_page(exams.absent_exam(), english), {**DESK, "color_scheme": "light"}
    yield "desk-light-failed", student_page(exams.failed_exam(), english), {**DESK, "color_scheme": "light"}
    results = [exams.full_exam(), rich, waiting, exams.absent_exam(), exams.failed_exam()]
    yield "class-small-light", class_page(results, {}, TITLE), {**DESK, "color_scheme": "light"}
    large = class_page(with_wrong_rubrics(cohort(240)), {}, TITLE)
    yield "class-light", large, {**WIDE, "color_scheme": "light"}
    yield "class-dark", large, {**WIDE, "color_scheme": "dark"}
    yield "class-phone", large, {**PHONE, "color_scheme": "light"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    folder = parser.parse_args().folder
    if reason := support.missing():
        print(reason, file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with support.browser() as opened:
        for name, html, options in shots():
            with support.page_of(opened, html, **options) as page:
                for list_of_students in page.locator("#faults summary, #rubrics summary").all()[:2]:
                    list_of_students.click()
                page.evaluate(LAID_OUT)
                page.screenshot(path=folder / f"{name}.png", full_page=True)
                if name in {"desk-light-en", "class-light"}:
                    page.pdf(path=folder / f"print-{name.partition('-')[0]}.pdf", prefer_css_page_size=True)
            print(folder / f"{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
