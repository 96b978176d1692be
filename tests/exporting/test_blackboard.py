"""Grade files of Blackboard Learn, there and back."""

import pytest

from grader.errors import UsageError
from grader.exporting import blackboard
from tests.exporting import making

COLUMN = "DL Exam [Total Pts: 96 Score] |123456"
CSV = f"""\
"Last Name","First Name","Username","Student ID","Availability","{COLUMN}","Feedback to Learner","Feedback Format"
"Müller","Anna-Lena","amuell","0021-700-001","Yes","","",""
"Łukasz","José","jlukas","0021-700-002","Yes","5","",""
"Nobody","Else","nelse","","Yes","","",""
"""


def filled(tmp_path, data, column="DL Exam", **options):
    (tmp_path / "in.xls").write_bytes(data)
    people = making.people(tmp_path / "reports", making.ANNA, making.JOSE)
    export = blackboard.fill_grade_file(people, tmp_path / "in.xls", column, tmp_path / "out.xls", **options)
    return export, (tmp_path / "out.xls").read_bytes()


def expected(text):
    return text.replace('"0021-700-001","Yes",""', '"0021-700-001","Yes","61"').replace('"Yes","5"', '"Yes","61"')


@pytest.mark.parametrize("column", ["DL Exam", COLUMN])
def test_one_column_of_a_csv_is_filled(tmp_path, column):
    export, after = filled(tmp_path, CSV.encode("utf-8-sig"), column)
    assert after == expected(CSV).encode("utf-8-sig")
    assert export.notes == ["1 of 3 rows stay as they were"]


def test_the_xls_that_is_tab_separated_utf_16_stays_so(tmp_path):
    before = CSV.replace('","', '"\t"').replace("\n", "\r\n")
    _, after = filled(tmp_path, before.encode("utf-16"))
    assert after == expected(CSV).replace('","', '"\t"').replace("\n", "\r\n").encode("utf-16")


def test_feedback_is_written_when_asked_for(tmp_path):
    _, after = filled(tmp_path, CSV.encode(), feedback=True)
    assert after.decode().splitlines()[1].endswith('"Yes","61","Total 61 of 96.","PLAIN_TEXT"')


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (CSV, "Homework", "expected one column 'Homework' with a number after '|', found 0 among 'DL Exam"),
        (CSV.replace("Pts: 96", "Pts: 50"), "DL Exam", "the maximum there is 50, that of the reports is 96"),
        ("a,b\n", "DL Exam", "expected a grade file of Blackboard with a column 'Username', found a, b"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, text, column, message):
    with pytest.raises(UsageError, match=message.replace("|", r"\|")):
        filled(tmp_path, text.encode(), column)
