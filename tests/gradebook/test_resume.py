"""What a second run takes over from the first, and what it computes anew."""

import contextlib
import json
import sqlite3

import pytest

from grader.errors import StorageError
from grader.sandbox import Limits
from tests.support.tiny import Place, write_course, write_student


def points(place: Place) -> dict[str, float]:
    return {result.student: result.points for result in place.grade().results}


def test_the_same_command_again_computes_nothing(place: Place) -> None:
    first = place.grade()
    before = place.files()
    again = place.grade()
    assert (first.unchanged, again.unchanged) == (0, 3)
    assert place.play.count() == 3
    assert place.files() == before
    assert [result.points for result in again.results] == [result.points for result in first.results]


def test_a_new_upload_is_executed_and_the_others_are_not(place: Place) -> None:
    place.grade()
    write_student(place.source / "s01", 9)
    summary = place.grade()
    assert (place.play.count(), summary.unchanged) == (4, 2)
    assert {result.student: result.points for result in summary.results}["s01"] == 4.0


def test_an_upload_that_comes_back_is_known(place: Place) -> None:
    place.grade()
    write_student(place.source / "s01", 9)
    place.grade()
    write_student(place.source / "s01", 1)
    assert points(place)["s01"] == 2.0
    assert place.play.count() == 4


def test_a_changed_comment_needs_no_kernel(place: Place) -> None:
    place.grade()
    write_course(place.course, comment="far too small")
    summary = place.grade()
    assert place.play.count() == 3
    assert summary.results[0].questions[1].comments == ("far too small",)


def test_a_changed_rubric_is_scored_from_journals(place: Place) -> None:
    place.grade()
    write_course(place.course, least=1)
    assert points(place) == {"s00": 1.0, "s01": 4.0, "s02": 4.0}
    assert place.play.count() == 3


def test_what_the_journal_lacks_asks_the_kernel_once_more(place: Place) -> None:
    place.grade()
    write_course(place.course, asked="y")
    assert points(place) == {"s00": 1.0, "s01": 1.0, "s02": 1.0}
    assert place.play.count() == 6
    points(place)
    write_course(place.course, asked="y", least=2)
    assert points(place)["s02"] == 3.0
    assert place.play.count() == 6


def test_fresh_executes_again(place: Place) -> None:
    place.grade()
    place.grade(fresh=True)
    assert place.play.count() == 6


def test_other_limits_execute_only_what_they_could_change(place: Place) -> None:
    place.grade()
    place.grade(limits=Limits(cell_timeout_s=5.0))
    assert place.play.count() == 3


def test_another_seed_is_another_execution(place: Place) -> None:
    place.grade()
    place.grade(seed=1)
    assert place.play.count() == 6


def test_only_one_student_keeps_the_others_in_the_table(place: Place) -> None:
    place.grade()
    summary = place.grade(only=("s01",))
    assert [result.student for result in summary.results] == ["s00", "s01", "s02"]
    assert place.files()["grades.csv"].decode().count("\r\n") == 4


def test_a_student_who_left_is_not_in_the_table(place: Place) -> None:
    place.grade()
    for path in (place.source / "s02").iterdir():
        path.unlink()
    (place.source / "s02").rmdir()
    assert [result.student for result in place.grade().results] == ["s00", "s01"]


def test_a_report_that_was_deleted_is_written_again(place: Place) -> None:
    place.grade()
    before = place.files()
    (place.out / "s01" / "report.html").unlink()
    place.grade()
    assert place.files() == before
    assert place.play.count() == 3


def test_a_damaged_journal_is_executed_again(place: Place) -> None:
    place.grade()
    for path in (place.folder / ".grader" / "journals").rglob("*.journal"):
        path.write_bytes(path.read_bytes()[:100])
    write_course(place.course, least=1)
    assert points(place)["s01"] == 4.0
    assert place.play.count() == 6


def test_a_fault_of_a_rubric_is_scored_again_after_it_was_mended(place: Place) -> None:
    good = (place.course / "assignment1.py").read_text()
    (place.course / "assignment1.py").write_text(good.replace("if x > 0", "if x / 0"))
    broken = place.grade()
    assert set(broken.faults) == {"s00", "s01", "s02"}
    (place.course / "assignment1.py").write_text(good)
    assert place.grade().complete
    assert place.play.count() == 3


def test_without_keeping_nothing_is_kept(place: Place) -> None:
    place.grade(keep=False)
    place.grade(keep=False)
    assert place.play.count() == 6
    assert not (place.folder / ".grader").exists()


def test_two_classes_beside_each_other_do_not_mix(place: Place) -> None:
    marks = place.folder / "m.yaml"
    marks.write_text("s00: {1a: 2}\n")
    one = place.grade(marks=marks)
    two = place.grade(out=place.folder / "others")
    assert one.results[0].points == two.results[0].points + 2


def test_names_are_hidden_everywhere(place: Place) -> None:
    summary = place.grade(anonymous=True)
    written = place.files()
    assert all(result.student.startswith("student-") for result in summary.results)
    assert not any("s01" in name or b"s01" in content for name, content in written.items())
    names = {json.loads(written[name])["student"] for name in written if name.endswith("report.json")}
    assert names == {result.student for result in summary.results}


def test_a_folder_that_cannot_be_written_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.grade()
    blocked = place.folder / "file"
    blocked.write_text("")
    with pytest.raises(StorageError, match="file"):
        place.grade(gradebook=str(blocked / "x" / "book.sqlite"))


def test_a_file_that_is_no_gradebook_is_named(place: Place) -> None:
    book = place.folder / "book.sqlite"
    book.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="no gradebook"):
        place.grade(gradebook=str(book))


def test_a_gradebook_that_another_process_holds_is_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.grade()
    monkeypatch.setattr("grader.gradebook.database.BUSY_S", 0.2)
    with contextlib.closing(sqlite3.connect(place.folder / ".grader" / "gradebook.sqlite")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="another process has held it"):
            place.grade()
    assert place.grade().unchanged == 3
