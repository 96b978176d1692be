"""Which results may go out, and whose they are."""

import json
from dataclasses import replace

import pytest

from grader.errors import UsageError
from grader.exporting import olat, tables
from grader.exporting.reports import read_reports
from grader.exporting.types import Total
from grader.policy_outcome import PolicyOutcome, PolicyStep
from tests.exporting import making
from tests.reporting import exams


def test_people_come_in_the_order_of_the_table_with_all_that_it_tells(tmp_path):
    making.report(tmp_path, making.known("anna"))
    making.report(tmp_path, making.full("josé"))
    making.report(tmp_path, making.full("alf"))
    making.table(tmp_path / "students.csv", making.JOSE, making.ANNA)
    people = read_reports(tmp_path).people
    assert [person.student for person in people] == ["josé", "anna", "alf"]
    assert (people[1].identity.login, people[1].identity.registration_number) == ("amuell", "0021-700-001")
    assert (people[1].total.points, people[1].total.max_points) == (61.0, 96.0)
    assert (people[2].identity.listed, people[2].name) == (False, "alf")


def test_the_table_may_write_names_in_another_case_where_that_is_clear(tmp_path):
    for student in ("anna", "ben", "BEN"):
        making.report(tmp_path, making.known(student), student.swapcase())
    making.table(
        tmp_path / "students.csv",
        {"id": "Anna", "login": "a1"},
        {"id": "ben", "login": "b1"},
        {"id": "Ben", "login": "b2"},
        {"id": "cleo"},
    )
    reports = read_reports(tmp_path)
    assert {person.student: person.identity.login for person in reports.people} == {
        "anna": "a1",
        "ben": "b1",
        "BEN": "",
    }
    assert reports.absent == ("Ben", "cleo")


def test_provisional_results_go_out_only_when_asked_for_and_failed_ones_never(tmp_path):
    making.report(tmp_path, making.full("ada"))
    making.report(tmp_path, making.undecided("bob"))
    making.report(tmp_path, exams.failed_exam("dora"))
    reports = read_reports(tmp_path)
    assert [person.student for person in reports.people] == ["ada"]
    assert {entry.student: entry.why.split(":")[0].split(";")[0] for entry in reports.left_out} == {
        "bob": "the result is provisional",
        "dora": "grading failed",
    }
    reports = read_reports(tmp_path, allow_provisional=True)
    assert [person.student for person in reports.people] == ["ada", "bob"]
    assert [entry.student for entry in reports.left_out] == ["dora"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "grader.report/2"}', "\x00"])
def test_a_damaged_report_is_named_and_stops_nobody_else(tmp_path, content):
    making.report(tmp_path, making.full("ada"))
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "report.json").write_text(content)
    reports = read_reports(tmp_path)
    assert [person.student for person in reports.people] == ["ada"]
    assert reports.left_out[0].student == "bob"
    assert "is not a report" in reports.left_out[0].why


def test_two_reports_of_one_name_are_nobodys(tmp_path):
    making.report(tmp_path, making.full("Zoë"), "one")
    making.report(tmp_path, making.known("Zoe\u0308"), "two")
    reports = read_reports(tmp_path)
    assert not reports.people
    assert "several reports bear this name: one, two" in reports.left_out[0].why


def test_members_of_a_group_share_a_report_and_strangers_do_not(tmp_path):
    making.report(tmp_path, making.full("blue"))
    making.report(tmp_path, making.full("red"))
    making.table(
        tmp_path / "students.csv",
        {"id": "blue", "name": "Anna", "group": "Blue"},
        {"id": "blue", "name": "Ben", "group": "Blue"},
        {"id": "red", "name": "Cleo"},
        {"id": "red", "name": "Dan"},
    )
    reports = read_reports(tmp_path)
    assert [person.student for person in reports.people] == ["blue (Anna)", "blue (Ben)"]
    assert [entry.student for entry in reports.left_out] == ["red"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_table_may_have_been_saved_by_a_spreadsheet(tmp_path, encoding, delimiter):
    making.report(tmp_path, making.full("zoë"))
    text = "name;id;registration_number;more\r\nZoë Süß;zoe\u0308;007;x\r\n"
    text = text if encoding.startswith("utf") else text.replace("e\u0308", "ë")
    (tmp_path / "students.csv").write_bytes(text.replace(";", delimiter).encode(encoding))
    identity = read_reports(tmp_path).people[0].identity
    assert (identity.name, identity.registration_number, identity.listed) == ("Zoë Süß", "007", True)


def test_what_cannot_be_used_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"expected reports as <student>/report\.json, found none.*--reports"):
        read_reports(tmp_path / "nowhere")
    making.report(tmp_path, making.full("ada"))
    with pytest.raises(UsageError, match="expected a table of the students, found none that can be read"):
        read_reports(tmp_path, table=tmp_path / "none.csv")
    (tmp_path / "students.csv").write_text("name,login\nAda,ada\n")
    with pytest.raises(UsageError, match="expected a column 'id'"):
        read_reports(tmp_path)
    (tmp_path / "students.csv").write_bytes(b"\xff\xfeodd")
    with pytest.raises(UsageError, match="found bytes that are not utf-16-le"):
        read_reports(tmp_path)


def test_a_report_of_later_days_is_read_all_the_same(tmp_path):
    making.report(tmp_path, making.full("ada"))
    path = tmp_path / "ada" / "report.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"later": {"x": 1}}))
    assert read_reports(tmp_path).people[0].report().points == 96.0


LATE = PolicyStep("late", 61.0, -6.0, 55.0, 96.0, "Two days late: 6 points off.")


@pytest.mark.parametrize("provisional", [False, True])
def test_what_policies_make_of_the_points_counts(tmp_path, provisional):
    policy = PolicyOutcome((LATE,), 55.0, 96.0, grade="4.25", passed=True, provisional=provisional)
    making.report(tmp_path, replace(making.known("ada"), policy=policy))
    reports = read_reports(tmp_path)
    assert [entry.student for entry in reports.left_out] == ["ada"] * provisional
    person = read_reports(tmp_path, allow_provisional=True).people[0]
    assert person.total == Total(55.0, 96.0, "4.25", True)
    assert person.status == ("provisional" if provisional else "final")
    assert person.report().points == 61.0
    olat.bulk_assessment([person], tmp_path / "bulk.txt", identifier="id")
    assert (tmp_path / "bulk.txt").read_text() == "ada\t55\ty\tSee your report. Total 55 of 96. Grade 4.25.\n"
    assert tables.nbgrader_grades([person], tmp_path / "nbgrader.csv").notes == [
        "scores are the assignments' own, without what the course's policies take off or add"
    ]
