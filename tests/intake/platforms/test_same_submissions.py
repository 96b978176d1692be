"""Every platform's export of one class ends in the same neutral submissions."""

import pytest

from grader.intake import Intake
from tests.intake.making import messages
from tests.intake.platforms import exports
from tests.intake.platforms.classroom import CLASS, expected, found, place, student_of, take
from tests.intake.platforms.exports import EXPORTS, Export
from tests.intake.platforms.openolat_export import GERMAN, Variant, openolat

OTHERS = {
    "openolat, german, deeper, rich text": ("openolat", lambda: openolat(Variant(
        root="Resultate", attempt="Versuch_", header=GERMAN, wrapped="Kurs/Archiv/node_7/", rich_text=True
    ))),
    "openolat, logins as folders": ("openolat", lambda: openolat(Variant(folder="{login}"))),
    "openolat, translated targets": ("openolat", lambda: openolat(Variant(words=True))),
    "openolat, no workbook": ("openolat", lambda: openolat(Variant(sheet=False))),
    "moodle, before 4.1": ("moodle", lambda: exports.moodle(trailing="_")),
    "moodle, without folders": ("moodle", lambda: exports.moodle(in_folders=False)),
    "moodle, in a folder": ("moodle", lambda: exports.moodle(prefix="DL-Exam-99/")),
    "essays, nested": ("moodle-essays", lambda: exports.moodle_essays(flat=False)),
    "essays, by question": ("moodle-essays", lambda: exports.moodle_essays(by_question=True)),
    "essays, by question, nested": ("moodle-essays", lambda: exports.moodle_essays(by_question=True, flat=False)),
    "ilias, without the upper folders": ("ilias", lambda: exports.ilias(upper=False)),
    "nbgrader, inbox": ("nbgrader", exports.nbgrader_inbox),
}  # fmt: skip


def check(intake: Intake, marks: bool) -> None:
    same = found(intake)
    if marks:
        for _, answers in same.values():
            answers.pop("4b", None)  # only OpenOlat has Kprim
    people = [student for student in CLASS if marks or student.files or student.text]
    assert same == {student.login: expected(student, marks=marks) for student in people}


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_an_export_ends_in_the_same_submissions(tmp_path, export: Export, kind):
    source = place(tmp_path, export.build(), kind, export.label)
    intake = take(source, tmp_path / "work", pattern=export.pattern)
    check(intake, "marks" in export.carries)
    system = export.name
    assert {identity.system for identity in intake.identities.values()} == {system}
    assert any("Recognised as" in message for message in messages(intake))
    for submission in intake.submissions:
        identity, received = intake.identities[submission.student], submission.received
        student = student_of(identity)
        carried = {
            "name": (identity.name, student.name),
            "email": (identity.email, student.email),
            "number": (identity.registration_number, student.number),
            "time": (received.submitted_at and received.submitted_at.replace(tzinfo=None), student.time),
            "minute": (received.submitted_at, student.time.replace(second=0)),
            "late": (bool(received.late), student.late),
            "attempt": (received.attempt, 2 if student.earlier else 1),
            "group": (bool(identity.group), bool(student.group)),
        }
        assert {key: carried[key][0] for key in export.carries - {"marks"}} == {
            key: carried[key][1] for key in export.carries - {"marks"}
        }


@pytest.mark.parametrize("variant", OTHERS)
def test_variants_of_releases_and_settings_end_in_the_same_submissions(tmp_path, variant):
    name, build = OTHERS[variant]
    intake = take(place(tmp_path, build(), "zip"), tmp_path / "work")
    assert {identity.system for identity in intake.identities.values()} == {name}
    check(intake, name != "moodle-essays")
