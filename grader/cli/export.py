"""``grade export FORMAT``: results in the form that another program reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from grader.cli.handing_out import PATH, Order, course_title, finish, fitting_course, order, reading
from grader.exporting import blackboard, canvas, gradescope, ilias, moodle, olat, tables, workbook
from grader.exporting.titles import criterion_titles

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
IDENTIFIERS = ("login", "email", "registration_number", "id")


def out_option(default: str) -> Decorator:
    """Where to; the default is a name in the current folder."""
    return click.option("--out", type=PATH, default=Path(default), show_default=True, help="What is written.")


def identifier_option() -> Decorator:
    """By what OLAT finds the people."""
    return click.option(
        "--identifier",
        type=click.Choice(IDENTIFIERS),
        default="login",
        show_default=True,
        help="How OLAT finds people.",
    )


course_option = click.option(
    "--course", type=PATH, help="Course pack with the criteria's titles; default: the bundled one."
)
maximum_option = click.option(
    "--accept-maximum", is_flag=True, help="Write the points as they are where the maximum is not the exam's."
)


@click.group()
def export() -> None:
    """Writes results in the form that another program reads; nothing is computed again.

    Whoever cannot be told without doubt in the other program's file is left out and named, and so is everybody whose
    result is not final; the others are exported. Exit status: 0 when nobody was left out, 1 when somebody was, 2 for
    wrong usage.
    """


@export.command("csv")
@out_option("grades.csv")
@reading
def csv_table(out: Path, **given: Any) -> int:
    """One table for people: a row a student, a column a question."""
    asked = order(out, given)
    return finish(asked, tables.grade_table(asked.people, out))


@export.command("xlsx")
@out_option("grades.xlsx")
@course_option
@reading
def xlsx(out: Path, course: Path | None, **given: Any) -> int:
    """A workbook for people: an overview and a sheet a question, with criteria and comments."""
    asked = order(out, given)
    return finish(asked, workbook.grade_workbook(asked.people, out, _titles(asked, course)))


@export.command("openolat-bulk")
@out_option("openolat-bulk.txt")
@identifier_option()
@click.option("--pass", "pass_points", type=float, metavar="POINTS", help="From how many points on one has passed.")
@reading
def openolat_bulk(out: Path, identifier: olat.IdentifierField, pass_points: float | None, **given: Any) -> int:
    """Text to paste into the bulk assessment of an OpenOlat course element."""
    asked = order(out, given)
    done = olat.bulk_assessment(asked.people, out, identifier=identifier, pass_points=pass_points)
    return finish(asked, done)


@export.command("openolat-return")
@out_option("openolat-return.zip")
@identifier_option()
@reading
def openolat_return(out: Path, identifier: olat.IdentifierField, **given: Any) -> int:
    """ZIP of return files for the bulk assessment of an OpenOlat task element."""
    asked = order(out, given)
    return finish(asked, olat.return_files(asked.people, out, identifier=identifier))


@export.command("openolat-correction")
@out_option("openolat-correction.html")
@course_option
@reading
def openolat_correction(out: Path, course: Path | None, **given: Any) -> int:
    """Points and comments to paste into OpenOlat's correction tool: .html, .xlsx or .csv."""
    asked = order(out, given)
    return finish(asked, olat.correction_sheet(asked.people, out, course_title(asked, course)))


@export.command("moodle-worksheet")
@out_option("moodle-worksheet.csv")
@click.option("--worksheet", type=PATH, required=True, help="Grading worksheet downloaded from Moodle.")
@click.option("--grade-column", default="", metavar="TITLE", help="Column for the points, if it cannot be told.")
@click.option("--feedback-column", default="", metavar="TITLE", help="Column for the comments, if it cannot be told.")
@click.option("--no-comments", is_flag=True, help="Write points alone.")
@click.option("--replace-comments", is_flag=True, help="Replace comments that are there already.")
@maximum_option
@reading
def moodle_worksheet(out: Path, worksheet: Path, **given: Any) -> int:
    """Fills points and comments into a grading worksheet of Moodle."""
    asked = order(out, given)
    wanted = moodle.Wanted(
        grade=given["grade_column"],
        feedback=given["feedback_column"],
        comments=not given["no_comments"],
        replace_comments=given["replace_comments"],
        accept_maximum=given["accept_maximum"],
    )
    return finish(asked, moodle.fill_worksheet(asked.people, worksheet, out, wanted))


@export.command("moodle-feedback")
@out_option("moodle-feedback.zip")
@click.option("--worksheet", type=PATH, help="Worksheet of the assignment; default: the numbers in students.csv.")
@reading
def moodle_feedback(out: Path, worksheet: Path | None, **given: Any) -> int:
    """ZIP of feedback files for a Moodle assignment."""
    asked = order(out, given)
    return finish(asked, moodle.feedback_files(asked.people, out, worksheet))


@export.command("canvas")
@out_option("canvas.csv")
@click.option("--gradebook", type=PATH, required=True, help="Gradebook exported from Canvas.")
@click.option("--assignment", required=True, metavar="'TITLE (ID)'", help="The column, as in the header.")
@maximum_option
@reading
def canvas_gradebook(out: Path, gradebook: Path, assignment: str, **given: Any) -> int:
    """Fills the points of one assignment into a gradebook of Canvas."""
    asked = order(out, given)
    accept = given["accept_maximum"]
    return finish(asked, canvas.fill_gradebook(asked.people, gradebook, assignment, out, accept_maximum=accept))


@export.command("gradescope")
@out_option("gradescope")
@course_option
@reading
def gradescope_results(out: Path, course: Path | None, **given: Any) -> int:
    """A results.json a student, in a folder of the student's name."""
    asked = order(out, given, folder=True)
    return finish(asked, gradescope.gradescope_results(asked.people, out, _titles(asked, course)))


@export.command("ilias-feedback")
@out_option("ilias-feedback.zip")
@click.option("--structure", type=PATH, required=True, help="Multi-feedback structure ZIP downloaded from ILIAS.")
@reading
def ilias_feedback(out: Path, structure: Path, **given: Any) -> int:
    """ZIP of reports in the multi-feedback structure of an ILIAS exercise."""
    asked = order(out, given)
    return finish(asked, ilias.multi_feedback(asked.people, structure, out))


@export.command("blackboard")
@out_option("blackboard.xls")
@click.option("--grades", type=PATH, required=True, help="Grade file downloaded from Blackboard.")
@click.option("--column", required=True, metavar="TITLE", help="The column, as in the header.")
@click.option("--feedback", is_flag=True, help="Write the total into 'Feedback to Learner', too.")
@maximum_option
@reading
def blackboard_grades(out: Path, grades: Path, column: str, **given: Any) -> int:
    """Fills the points of one column into a grade file of Blackboard Learn."""
    asked = order(out, given)
    done = blackboard.fill_grade_file(
        asked.people, grades, column, out, feedback=given["feedback"], accept_maximum=given["accept_maximum"]
    )
    return finish(asked, done)


@export.command("nbgrader")
@out_option("nbgrader.csv")
@click.option("--prefix", default="assignment", show_default=True, help="What precedes the number in nbgrader's names.")
@reading
def nbgrader(out: Path, prefix: str, **given: Any) -> int:
    """The table that nbgrader exports: a row a student and assignment."""
    asked = order(out, given)
    return finish(asked, tables.nbgrader_grades(asked.people, out, prefix))


def _titles(asked: Order, course: Path | None) -> Mapping[str, str]:
    found = fitting_course(asked, course)
    return criterion_titles(found) if found else {}
