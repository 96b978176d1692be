"""OpenOlat's test results: attempts, uploads, matrices, the workbook, and what is broken."""

import dataclasses
import unicodedata

import pytest

from tests.intake.making import messages, sources, write
from tests.intake.platforms.classroom import ANNA, CLASS, JOSE, STATEMENTS, quick, take
from tests.intake.platforms.openolat_export import Variant, openolat, sheet

ATTEMPT = "Results/userdata/Mueller_AnnaLena_amuell/Attempt_2/"


def one(intake, login="amuell"):
    return next(submission for submission in intake.submissions if submission.student == login)


def test_uploads_of_a_question_lie_in_its_folder_under_their_stored_names(tmp_path):
    anna = one(quick(tmp_path, openolat()))
    assert anna.notebooks["1"].name == "1f/assignment1_20210618T093312.ipynb"
    assert any("replaced by later uploads" in message for message in messages(anna))


def test_a_question_tells_the_assignment_when_the_file_does_not(tmp_path):
    anna = dataclasses.replace(ANNA, files={"assignment1.ipynb": ANNA.files["assignment1.ipynb"]}, earlier={})
    files = {
        name.replace("assignment1_", "notebook_"): content.replace(b"/assignment1_", b"/notebook_")
        for name, content in openolat(students=[anna]).items()
    }
    assert one(quick(tmp_path, files)).notebooks["1"].name == "1f/notebook_20210618T093312.ipynb"


def test_the_last_attempt_with_answers_counts(tmp_path):
    files = openolat()
    empty = files[f"{ATTEMPT}3231.xml"].split(b"<itemResult")[0] + b"</assessmentResult>"
    base = "Results/userdata/Mueller_AnnaLena_amuell/"
    anna = one(quick(tmp_path, files | {f"{base}Attempt_10/9.xml": empty}))
    assert anna.received.attempt == 2
    assert sources(anna)["1"] == ["anna = 1"]
    assert any("Attempt 1, 10 not graded: attempt 2" in message for message in messages(anna))


def test_an_upload_that_is_missing_is_said_and_the_newest_of_its_name_taken(tmp_path):
    files = openolat()
    del files[f"{ATTEMPT}submissions/assignment1_20210618T093312.ipynb"]
    del files[f"{ATTEMPT}submissions/assignment2_20210618T093312.ipynb"]
    del files[f"{ATTEMPT}submissions/assignment2_20210618T093301.ipynb"]
    anna = one(quick(tmp_path, files))
    assert sources(anna) == {"1": ["anna = 10 + 1"]}
    said = " ".join(messages(anna))
    assert "'assignment1_20210618T093312.ipynb' is missing: the newest one of that name counts" in said
    assert "assignment2_20210618T093312.ipynb: The upload is missing in the export." in said


@pytest.mark.parametrize("content", [b"<assessmentResult", b"", b"<html/>", b"\xff\xfe\x00"])
def test_a_damaged_report_leaves_the_uploads_and_the_workbooks_answers(tmp_path, content):
    anna = one(quick(tmp_path, openolat() | {f"{ATTEMPT}3231.xml": content}))
    # Which upload replaced which is not known any more: their time stamps tell.
    assert sources(anna) == {"1": ["anna = 1"], "2": ["anna = 2"]}
    assert anna.answers["4a"] == ["wrong", "right", "unanswered"]
    assert anna.answers["1a"] == ANNA.text
    assert anna.received.attempt == 2
    assert any("3231.xml: Not read" in message for message in messages(anna))


@pytest.mark.parametrize("old", [False, True])
def test_the_full_export_without_reports_takes_answers_from_the_workbook(tmp_path, old):
    variant = Variant(xml=False, old_matrix=old)
    intake = quick(tmp_path, {**openolat(variant), f"{ATTEMPT}3231.xml": b"damaged"}, platform="openolat")
    assert one(intake).answers["4a"] == ["wrong", "right", "unanswered"]
    assert one(intake, "jgarcia").answers == ({} if old else {"4a": ["unanswered"] * 3})


def test_the_workbook_alone_gives_texts_and_kprim_but_no_uploads(tmp_path):
    source = tmp_path / "results.xlsx"
    source.write_bytes(sheet(CLASS, Variant(old_matrix=True)))
    intake = take(source, tmp_path / "work")
    anna = one(intake)
    assert anna.answers == {
        "1a": ANNA.text,
        "4a": ["wrong", "right", "unanswered"],
        "4b": ["right", "unanswered", "wrong", "unanswered"],
    }
    assert any("an upload, which is in the full export only" in message for message in messages(anna))
    assert intake.identities["amuell"].registration_number == "007-21-1"


def test_without_the_test_a_new_matrix_in_the_workbook_is_said_to_be_unreadable(tmp_path):
    source = tmp_path / "results.xlsx"
    source.write_bytes(sheet(CLASS, Variant()))
    anna = one(take(source, tmp_path / "work"))
    assert "4a" not in anna.answers
    assert any("it lacks the order of the statements" in message for message in messages(anna))


def test_statements_with_commas_that_contain_each_other_are_told_apart(tmp_path):
    assert STATEMENTS[1] in STATEMENTS[0]
    files = {name: content for name, content in openolat().items() if not name.endswith(("/3231.xml", "/3230.xml"))}
    anna = one(quick(tmp_path, files, platform="openolat"))
    assert anna.answers["4a"] == list(ANNA.marks)


def test_without_the_test_marks_of_the_report_are_not_guessed(tmp_path):
    files = {name: content for name, content in openolat().items() if "/test688455680/" not in name}
    intake = quick(tmp_path, files)
    anna = one(intake)
    assert "4a" not in anna.answers
    assert any("the order of the statements is not in the export" in message for message in messages(anna))
    assert sources(anna) == {"1": ["anna = 1"], "2": ["anna = 2"]}
    unmapped = [message for message in messages(intake) if "fits no question by its title" in message]
    assert any("essay144e" in message and "(--map)" in message for message in unmapped)


def test_a_map_names_the_questions_of_items(tmp_path):
    files = {
        name: content.replace(b"1a Image Preprocessing", b"Describe the steps") for name, content in openolat().items()
    }
    source = write(tmp_path / "export", files)
    assert "1a" not in one(take(source, tmp_path / "work")).answers
    for number, key in enumerate(("describe  the STEPS", "essay144e")):
        mapped = take(source, tmp_path / f"work{number}", mapping={key: "1a"})
        assert one(mapped).answers["1a"] == ANNA.text
    left_out = take(source, tmp_path / "left", mapping={"essay144e": "-"})
    assert "1a" not in one(left_out).answers
    assert not any("fits no question" in message for message in messages(left_out))


def test_a_decomposed_name_in_the_folder_is_found_in_the_workbook(tmp_path):
    # OpenOlat makes "u" of a decomposed ü and "ue" of a composed one.
    files = {name.replace("Mueller_", "Muller_"): content for name, content in openolat().items()}
    students = [dataclasses.replace(ANNA, last=unicodedata.normalize("NFC", ANNA.last)), *CLASS[1:]]
    name = next(name for name in files if name.endswith("_1.xlsx"))
    intake = quick(tmp_path, files | {name: sheet(students, Variant())})
    assert intake.identities["amuell"].name == "Anna-Lena Müller"


def test_two_people_who_fit_a_folder_are_both_left_without_identity(tmp_path):
    # Release 15.2 has <Last>_<id>: the two Meiers cannot be told apart.
    intake = quick(tmp_path, openolat(Variant(folder="{last}_{id}")))
    known = {identity.source_key: identity.registration_number for identity in intake.identities.values()}
    assert known["Mueller_4711"] == "007-21-1"
    assert known["Meier_4713"] == known["Meier_4714"] == ""
    meiers = [one for one in intake.submissions if intake.identities[one.student].source_key.startswith("Meier")]
    assert all("Several people of the workbook fit this folder" in " ".join(messages(one)) for one in meiers)
    assert all(sources(one) == {"1": ["blue = 1"], "2": ["blue = 2"]} for one in meiers)


def test_people_of_the_workbook_without_a_folder_are_kept(tmp_path):
    files = {name: content for name, content in openolat().items() if "/Garcia_" not in name}
    jose = one(quick(tmp_path, files), JOSE.login)
    assert jose.answers == {"4a": ["unanswered"] * 3}
    assert any("There is no folder of this person" in message for message in messages(jose))
