"""What goes wrong with real exports: a test for each pitfall, on the platform where it hurts most."""

import io
import os
import stat
import unicodedata
import zipfile

import openpyxl
import pytest

from grader.errors import UsageError
from grader.intake import import_submissions, read_students, read_submissions
from grader.intake.texts import html_to_text
from tests.intake.making import SMALL, contents, entry, messages, notebook, sources, tarred, write, zipped
from tests.intake.platforms import exports
from tests.intake.platforms.classroom import ANNA, COURSE_HINTS, QUESTIONS, place, quick, take
from tests.intake.platforms.exports import EXPORTS, table
from tests.intake.platforms.openolat_export import openolat

MOODLE = "{name}_{pid}_assignsubmission_file/{file}"
BESIDE = {"Bob X_9_assignsubmission_file/assignment1.ipynb": notebook("bob = 1")}


def anna(tmp_path, uploads, **more):
    """Anna's submission to a Moodle assignment with these files, beside Bob, whom nothing may affect."""
    files = {f"Anna M_7_assignsubmission_file/{name}": content for name, content in uploads.items()}
    return only_anna(take(place(tmp_path, files | BESIDE, "zip"), tmp_path / "work", **more))


def only_anna(intake):
    found = {submission.student: submission for submission in intake.submissions}
    assert set(found) == {"Anna M", "Bob X"}
    assert sources(found["Bob X"]) == {"1": ["bob = 1"]}
    assert found["Bob X"].problems == ()
    return found["Anna M"]


# 1 Unicode


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_are_composed(tmp_path, form):
    files = {unicodedata.normalize(form, name): content for name, content in exports.moodle().items()}
    intake = take(place(tmp_path, files, "zip"), tmp_path / "work")
    assert "Anna-Lena Müller" in intake.identities
    assert intake.identities["Anna-Lena Müller"].email == "amuell@x.ch"


@pytest.mark.parametrize("raw", ["Müller Ä".encode(), "Müller Ä".encode("cp437"), "Müller Ä é".encode("cp1252")])
def test_old_archives_do_not_say_how_names_are_encoded(tmp_path, raw):
    placeholder = b"@" * len(raw)
    packed = zipped({f"{placeholder.decode()}_7_assignsubmission_file/assignment1.ipynb": notebook("a = 1")})
    source = tmp_path / "old.zip"
    source.write_bytes(packed.replace(placeholder, raw))
    with zipfile.ZipFile(source) as archive:
        assert archive.infolist()[0].flag_bits & 0x800 == 0
    intake = take(source, tmp_path / "work")
    assert [identity.name for identity in intake.identities.values()] == [
        "Müller Ä é" if b"\xe9" in raw else "Müller Ä"
    ]
    assert any("encoding of the name had to be guessed" in message for message in messages(intake.submissions[0]))


@pytest.mark.parametrize(
    ("written", "name"), [("muellerannalena", "Müller, Anna-Lena"), ("mullerannalena", "Müller, Anna-Lena")]
)
def test_systems_write_umlauts_differently_and_mean_the_same(tmp_path, written, name):
    book = table([("Student", "ID", "SIS Login ID", "Section"), (name, 4711, "amuell", "A")])
    intake = quick(tmp_path, {f"{written}_4711_1_assignment1.ipynb": notebook("a = 1"), "book.csv": book})
    assert intake.identities["amuell"].name == "Anna-Lena Müller"
    assert messages(intake.submissions[0]) == []


# 2 Junk


def test_junk_is_skipped(tmp_path):
    junk = dict.fromkeys((".DS_Store", "Thumbs.db", "desktop.ini", "~$notes.docx", "._assignment1.ipynb"), b"junk")
    junk |= {f"{folder}/x.ipynb": b"{" for folder in ("__MACOSX", ".ipynb_checkpoints", ".git")}
    found = anna(tmp_path, {"assignment1.ipynb": notebook("a = 1"), **junk})
    assert contents(found.folder) == {"assignment1.ipynb"}
    assert messages(found) == []


def test_the_resource_forks_of_a_mac_are_no_students(tmp_path):
    files = {f"export/{name}": content for name, content in exports.moodle().items()}
    files |= {f"__MACOSX/{name}": b"fork" for name in files}
    assert len(take(place(tmp_path, files, "zip"), tmp_path / "work").submissions) == 5


# 3 Nested archives


def test_archives_in_a_students_folder_are_unpacked_two_levels_deep(tmp_path):
    inner = tarred([("deep/assignment2.ipynb", notebook("a = 2"))])
    outer = zipped({"assignment1.ipynb": notebook("a = 1"), "inner.tar.gz": inner})
    found = anna(tmp_path, {"work.zip": outer})
    assert sources(found) == {"1": ["a = 1"], "2": ["a = 2"]}
    three = zipped({"two.zip": zipped({"three.zip": zipped({"assignment1.ipynb": b"{}"})})})
    (tmp_path / "b").mkdir()
    deeper = anna(tmp_path / "b", {"one.zip": three})
    assert any("archives may be nested 2 levels deep" in message for message in messages(deeper))


def test_a_foreign_archive_is_said(tmp_path):
    found = anna(tmp_path, {"work.7z": b"7z\xbc\xaf\x27\x1c"})
    assert any("cannot be unpacked" in message for message in messages(found))


@pytest.mark.parametrize("name", ["../../evil.ipynb", "a/../../../evil.ipynb"])
def test_names_that_lead_outside_are_refused(tmp_path, name):
    found = anna(tmp_path, {name: b"evil", "assignment1.ipynb": notebook("a = 1")})
    assert sources(found) == {"1": ["a = 1"]}
    assert not list(tmp_path.rglob("evil*"))
    assert any("its name leads outside the archive" in message for message in messages(found))


def test_links_in_exports_are_not_followed(tmp_path):
    (tmp_path / "secret").write_text("key")
    source = write(
        tmp_path / "export", {"Anna M_7_assignsubmission_file/assignment1.ipynb": notebook("a = 1"), **BESIDE}
    )
    os.symlink(tmp_path / "secret", source / "Anna M_7_assignsubmission_file" / "answers.yaml")
    found = only_anna(take(source, tmp_path / "work"))
    assert contents(found.folder) == {"assignment1.ipynb"}
    packed = zipped([
        (entry("Anna M_7_assignsubmission_file/x.ipynb", stat.S_IFLNK | 0o777), b"/etc/passwd"),
        ("Bob X_9_assignsubmission_file/assignment1.ipynb", notebook("bob = 1")),
        ("Anna M_7_assignsubmission_file/assignment1.ipynb", notebook("a = 1")),
    ])  # fmt: skip
    (tmp_path / "links.zip").write_bytes(packed)
    assert any(
        "it is a link" in message for message in messages(only_anna(take(tmp_path / "links.zip", tmp_path / "w2")))
    )


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_student_beyond_the_limits_loses_that_part_only(tmp_path, kind):
    files = openolat()
    base = "Results/userdata/Mueller_AnnaLena_amuell/Attempt_2/"
    files[f"{base}submissions/big_20210618T093313.bin"] = os.urandom(300_000)
    files[f"{base}3231.xml"] = files[f"{base}3231.xml"].replace(
        b"assignment1_20210618T093312.ipynb", b"big_20210618T093313.bin"
    )
    limits = SMALL
    intake = read_submissions(
        place(tmp_path, files, kind), tmp_path / "work", COURSE_HINTS, questions=QUESTIONS, limits=limits
    )
    found = {submission.student: submission for submission in intake.submissions}
    assert len(found) == 5
    said = " ".join(messages(found["amuell"]))
    assert "unpacks to more than" in said or "a student may hand in" in said
    assert sources(found["jgarcia"]) == {"1": ["jose = 1"]}
    assert not any("more than" in message for message in messages(found["jgarcia"]))


def test_a_class_is_bounded_a_student_and_not_as_a_whole(tmp_path):
    # 5 people × 60 KB are more than one student may hand in, in a tree whose top folders are not people.
    files = openolat()
    for name in list(files):
        if "/submissions/assignment1" in name:
            files[name] = notebook("x = 1", extra=os.urandom(20_000).hex())
    intake = read_submissions(
        place(tmp_path, files, "zip"), tmp_path / "work", COURSE_HINTS, questions=QUESTIONS, limits=SMALL
    )
    assert sum("1" in submission.notebooks for submission in intake.submissions) == 4
    assert not any("more than" in message for one in intake.submissions for message in messages(one))


def test_long_names_are_shortened_and_kept_in_the_report(tmp_path):
    name = f"assignment1 {'long' * 60}.ipynb"
    found = anna(tmp_path, {name: notebook("a = 1")})
    assert sources(found) == {"1": ["a = 1"]}
    assert found.notebooks["1"].name == name
    assert max(len(path.encode()) for path in contents(found.folder)) <= 200


# 4 Copies


@pytest.mark.parametrize(
    "name",
    [
        "assignment1 (1).ipynb", "assignment1-1.ipynb", "assignment1 - Copy.ipynb", "assignment1 - Kopie.ipynb",
        "assignment1_final.ipynb", "Late submission - assignment1.ipynb", "assignment1_20210618T093312.ipynb",
    ],
)  # fmt: skip
def test_copies_and_versions_are_matched_and_keep_their_names(tmp_path, name):
    found = anna(tmp_path, {name: notebook("a = 1")})
    assert sources(found) == {"1": ["a = 1"]}
    assert found.notebooks["1"].name == name


def test_prefixes_of_the_systems_are_taken_off(tmp_path):
    intake = take(place(tmp_path, exports.canvas(), "zip"), tmp_path / "work")
    assert {file.name for one in intake.submissions for file in one.notebooks.values()} == {
        "assignment1.ipynb",
        "assignment2.ipynb",
    }


# 5 Several candidates


def test_the_newest_time_in_the_name_counts_and_the_other_is_said(tmp_path):
    found = anna(
        tmp_path,
        {"assignment1_20210618T093312.ipynb": notebook("new"), "assignment1_20210617T093312.ipynb": notebook("old")},
    )
    assert sources(found) == {"1": ["new"]}
    assert any("assignment1_20210617T093312.ipynb: Not graded" in message for message in messages(found))


def test_identical_content_counts_once_in_silence(tmp_path):
    found = anna(tmp_path, {"assignment1.ipynb": notebook("a = 1"), "assignment1 (1).ipynb": notebook("a = 1")})
    assert sources(found) == {"1": ["a = 1"]}
    assert messages(found) == []


def test_what_was_attached_again_to_canvas_counts(tmp_path):
    files = {
        "annam_7_20_assignment1.ipynb": notebook("new"),
        "annam_7_10_assignment1.ipynb": notebook("old"),
        "annam_7_30_assignment1-1.ipynb": notebook("newest"),
    }
    (submission,) = quick(tmp_path, files).submissions
    assert sources(submission) == {"1": ["newest"]}
    said = " ".join(messages(submission))
    assert "annam_7_10_assignment1.ipynb" in said
    assert "annam_7_20_assignment1.ipynb" in said


def test_a_revision_replaces_the_file_of_its_name_in_a_task(tmp_path):
    base = "Results/M_Anna_annam/"
    files = {
        f"{base}2_submissions/assignment1.ipynb": notebook("old"),
        f"{base}2_submissions/assignment2.ipynb": notebook("kept"),
        f"{base}4_revisions_1/assignment1_final.ipynb": notebook("newer"),
        f"{base}5_revisions_2/assignment1.ipynb": notebook("newest"),
    }
    (submission,) = quick(tmp_path, files, platform="openolat-task").submissions
    assert sources(submission) == {"1": ["newest"], "2": ["kept"]}
    assert submission.received.attempt == 3
    assert any("replaced in a later revision" in message for message in messages(submission))


# 6 Wrong or damaged types


@pytest.mark.parametrize("name", ["assignment1.ipynb.txt", "assignment1.ipynb.json", "ASSIGNMENT1.IPYNB"])
def test_notebooks_under_other_suffixes_are_read(tmp_path, name):
    assert sources(anna(tmp_path, {name: notebook("a = 1")})) == {"1": ["a = 1"]}


def test_a_byte_order_mark_and_format_3_are_read(tmp_path):
    cell = b'{"cell_type": "code", "input": "a = 1", "language": "python", "outputs": []}'
    sheets = b'"worksheets": [{"cells": [' + cell + b"]}]"
    old = b'\xef\xbb\xbf{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, ' + sheets + b"}"
    found = anna(tmp_path, {"assignment1.ipynb": old})
    assert sources(found) == {"1": ["a = 1"]}
    assert any("upgraded from notebook format 3" in message for message in messages(found))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("assignment1.html", b"<html>print</html>", "is an HTML page, not a notebook"),
        ("assignment1.pdf", b"%PDF-1.4", "is a PDF document, not a notebook"),
        ("assignment1.py", b"a = 1", "is a Python script, not a notebook"),
        ("assignment1.ipynb", b"", "is empty (0 bytes)"),
        ("assignment1.ipynb", b'{"cells": [', "is cut off"),
    ],
)
def test_what_is_no_notebook_is_told_by_name(tmp_path, name, content, said):
    found = anna(tmp_path, {name: content})
    file = found.notebooks["1"]
    assert (file.name, file.notebook) == (name, None)
    assert said in file.error


# 7 Late and attempts


@pytest.mark.parametrize("export", [one for one in EXPORTS if "late" in one.carries], ids=lambda one: one.name)
def test_late_is_kept_for_the_policies(tmp_path, export):
    intake = take(place(tmp_path, export.build(), "zip", export.label), tmp_path / "work")
    late = [submission for submission in intake.submissions if submission.received.late]
    assert [sources(submission)["1"] for submission in late] == [["jose = 1"]]


# 8 Groups


GROUPS = table(
    [
        ("group", "name", "login", "email"),
        ("Team Blue", "Zoë Meier", "zmeier", "z@x.ch"),
        ("Team Blue", "Max Meier", "mmeier", ""),
    ]
)


def test_groups_csv_names_the_members(tmp_path):
    files = {"Team Blue_77_assignsubmission_file/assignment1.ipynb": notebook("b = 1"), **BESIDE, "groups.csv": GROUPS}
    intake = quick(tmp_path, files)
    assert [(one.student, sources(one)) for one in intake.submissions] == [
        ("Bob X", {"1": ["bob = 1"]}),
        ("mmeier", {"1": ["b = 1"]}),
        ("zmeier", {"1": ["b = 1"]}),
    ]
    zoe = intake.identities["zmeier"]
    assert (zoe.name, zoe.email, zoe.group, zoe.source_key) == ("Zoë Meier", "z@x.ch", "Team Blue", "77")


def test_members_have_the_same_files_byte_for_byte(tmp_path):
    intake = take(place(tmp_path, exports.gradescope(), "zip"), tmp_path / "work")
    zoe, max_ = (one for one in intake.submissions if intake.identities[one.student].group)
    assert contents(zoe.folder) == contents(max_.folder) != set()
    assert all((zoe.folder / name).read_bytes() == (max_.folder / name).read_bytes() for name in contents(zoe.folder))
    assert {intake.identities[one.student].group for one in (zoe, max_)} == {"submission_4713"}


def test_a_group_that_handed_nothing_in_is_said(tmp_path):
    intake = quick(tmp_path, {**BESIDE, "groups.csv": GROUPS})
    assert any("'Team Blue' handed nothing in" in message for message in messages(intake))


# 9 Identity


def test_people_of_one_name_get_folders_of_their_own(tmp_path):
    files = {f"Anna M_{pid}_assignsubmission_file/assignment1.ipynb": notebook(f"a = {pid}") for pid in (7, 8)}
    intake = quick(tmp_path, files)
    assert {one.student: sources(one)["1"] for one in intake.submissions} == {
        "Anna M 7": ["a = 7"],
        "Anna M 8": ["a = 8"],
    }
    assert {identity.source_key for identity in intake.identities.values()} == {"7", "8"}


def test_anonymous_exports_keep_the_source_key_only(tmp_path):
    files = {f"Participant_{pid}_assignsubmission_file/assignment1.ipynb": notebook("a = 1") for pid in (7, 8)}
    intake = quick(tmp_path, files)
    assert {(one.name, one.login, one.email, one.source_key) for one in intake.identities.values()} == {
        ("", "", "", "7"),
        ("", "", "", "8"),
    }
    canvas = {
        "LATE_anon_Ab3dE_90210_assignment1.ipynb": notebook("a = 1"),
        "anon_x9_90211_assignment1.ipynb": notebook("b = 1"),
    }
    (tmp_path / "canvas").mkdir()
    hidden = quick(tmp_path / "canvas", canvas)
    assert {one.source_key: one.name for one in hidden.identities.values()} == {"Ab3dE": "", "x9": ""}
    assert [one.received.late for one in hidden.submissions] == [True, False]


def test_a_name_that_two_rows_of_a_workbook_fit_is_nobodys(tmp_path):
    book = openpyxl.Workbook()
    for row in [("Nachname", "Vorname", "Login", "Datum", "Text"), ("M", "Anna", "", "", "1a: whose?")]:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    files = {f"M_Anna_anna{n}_{n}/assignment1.ipynb": notebook(f"a = {n}") for n in (1, 2)}
    intake = quick(tmp_path, {**files, "texts.xlsx": buffer.getvalue()})
    assert all(one.answers == {} for one in intake.submissions)
    assert any("several people may be 'Anna M'" in message for message in messages(intake))


# 10 CSV


def moodle_table(delimiter):
    text = table([
        ("ID", "Vollständiger Name", "E-Mail-Adresse", "Status", "Bewertung", "Zuletzt geändert (Abgabe)", "Feedback"),
        ("Teilnehmer/in 7", "Anna M", "a@x.ch", "Abgegeben", "1,5", "Freitag, 18. Juni 2021, 09:33", "zwei\nZeilen"),
        ("Teilnehmer/in 9", "Bob X", "b@x.ch", "Verspätet abgegeben", "", "-", '"quoted", she said'),
    ], delimiter)  # fmt: skip
    return text.decode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_of_any_dialect_and_language_are_read(tmp_path, delimiter, encoding):
    files = {"Anna M_7_assignsubmission_file/assignment1.ipynb": notebook("a = 1"), **BESIDE}
    intake = quick(tmp_path, {**files, "Bewertungen.csv": moodle_table(delimiter).encode(encoding)})
    assert {one.name: one.email for one in intake.identities.values()} == {"Anna M": "a@x.ch", "Bob X": "b@x.ch"}
    received = {one.student: one.received for one in intake.submissions}
    assert str(received["Anna M"].submitted_at) == "2021-06-18 09:33:00"
    assert (received["Anna M"].late, received["Bob X"].late) == (None, True)


def test_registration_numbers_are_text_and_cells_stay_as_they_are(tmp_path):
    files = exports.gradescope()
    metadata = "assignment_9100_export/submission_metadata.yml"
    files[metadata] = files[metadata].replace(b"Li Wang", b"'=Li Wang'").replace(b"'21-5'", b"00123")
    import_submissions(place(tmp_path, files, "zip"), tmp_path / "out", questions=QUESTIONS)
    rows, problems = read_students(tmp_path / "out" / "students.csv")
    assert problems == []
    assert {"=Li Wang": "00123", "Anna-Lena Müller": "007-21-1"}.items() <= {
        identity.name: identity.registration_number for identity, _ in rows.values()
    }.items()


# 11 Free text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p>\r\n<p>two<br>three</p>", "one\ntwo\nthree"),
        ("<p>a&nbsp;b &lt; c &amp; d</p>", "a b < c & d"),
        ("<ul><li>x</li><li>y</li></ul>", "- x\n- y"),
        ("<p>\\(\\frac{a}{b}\\) and $x_1$</p>", "\\(\\frac{a}{b}\\) and $x_1$"),
        (
            "<p>f: <math><mi>x</mi><mo>&lt;</mo><mn>1</mn></math>.</p>",
            "f: <math><mi>x</mi><mo>&lt;</mo><mn>1</mn></math>.",
        ),
        ('<p><img src="http://x/y.png" alt="\\alpha_q"> is the weight</p>', "\\alpha_q is the weight"),
        ("<style>p {}</style><script>alert(1)</script>only this", "only this"),
        ("<p>one</p><p>&nbsp;</p><p>two</p>", "one\n\ntwo"),
        ("a < b and b > c", "a < b and b > c"),
    ],
)
def test_rich_text_becomes_text(html, text):
    assert html_to_text(html) == text


def test_the_raw_text_stays_beside_the_cleaned_one(tmp_path):
    html = "<p>1a: a&nbsp;&lt; b</p>\r\n<p>second</p>"
    files = {"Anna M_7_assignsubmission_onlinetext/onlinetext.html": html.encode(), **BESIDE}
    found = only_anna(quick(tmp_path, files))
    assert found.answers == {"1a": "a < b\nsecond"}
    assert "<p>1a: a&nbsp;&lt; b</p>" in (found.folder / "answers.raw.yaml").read_text()


def test_a_text_without_a_questions_id_is_kept_raw_and_said(tmp_path):
    files = {"Anna M_7_assignsubmission_onlinetext/onlinetext.html": b"<p>Hello</p><p>1a: x</p>", **BESIDE}
    found = only_anna(quick(tmp_path, files))
    assert found.answers == {"1a": "x"}
    assert any("before the first question's id" in message for message in messages(found))
    nothing = {"Anna M_7_assignsubmission_onlinetext/onlinetext.html": b"<p>Hello</p>", **BESIDE}
    intake = take(write(tmp_path / "two", nothing), tmp_path / "work2")
    assert only_anna(intake).answers == {}
    assert any("'onlinetext' fits no question" in message for message in messages(intake))
    mapped = take(tmp_path / "two", tmp_path / "work3", mapping={"onlinetext": "1a"})
    assert only_anna(mapped).answers == {"1a": "Hello"}


@pytest.mark.parametrize("name", ["..", "/etc/passwd", "../../x.ipynb", "con", "a\\..\\b"])
def test_names_that_a_platform_tells_are_made_safe(tmp_path, name):
    base = "E_annam_attempt_2021-06-18-09-33-12"
    about = f"Name: Anna M (annam)\nFiles:\n\tOriginal filename: {name}\n\tFilename: {base}_x.ipynb\n"
    intake = quick(tmp_path, {f"{base}.txt": about, f"{base}_x.ipynb": notebook("a = 1")})
    (submission,) = intake.submissions
    neutral = tmp_path / "work" / "neutral"
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - set((tmp_path / "export").rglob("*"))
    (upload,) = written - {neutral / "students.csv"}
    assert upload.read_bytes() == notebook("a = 1")
    assert neutral / "annam" in upload.parents
    assert submission.student == "annam"


def test_plain_answers_that_hold_angle_brackets_are_kept(tmp_path):
    text = "if a<b and c>d: x = List<int>, </tag>"
    found = {**openolat()}
    name = "Results/userdata/Mueller_AnnaLena_amuell/Attempt_2/3231.xml"
    escaped = text.replace("<", "&lt;").replace(">", "&gt;").encode()
    first = found[name].split(b"<candidateResponse><value>")[2].split(b"</value>")[0]
    found[name] = found[name].replace(first, escaped)
    intake = quick(tmp_path, found)
    assert next(one for one in intake.submissions if one.student == "amuell").answers["1a"] == text


def test_a_handed_in_link_is_said_and_never_followed(tmp_path):
    page = b'<html><head><meta http-equiv="Refresh" content="0; url=https://example.org/nb"></head></html>'
    (submission,) = quick(tmp_path, {"annam_7_link.html": page}).submissions
    assert any("A link 'https://example.org/nb' was handed in" in message for message in messages(submission))


def test_answers_longer_than_can_be_read_are_cut_and_said(tmp_path):
    files = openolat()
    name = "Results/userdata/Mueller_AnnaLena_amuell/Attempt_2/3231.xml"
    first = files[name].split(b"<candidateResponse><value>")[2].split(b"</value>")[0]
    files[name] = files[name].replace(first, b"word " * 50_000)
    anna_ = next(one for one in quick(tmp_path, files).submissions if one.student == "amuell")
    assert anna_.answers["4a"] == list(ANNA.marks)
    assert str(anna_.answers["1a"]).startswith("word word")
    assert any("were cut after" in message for message in messages(anna_))
    assert (anna_.folder / "answers.raw.yaml").stat().st_size > 200_000


# Hostile documents

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<assessmentResult>&b;</assessmentResult>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><assessmentResult/>'


@pytest.mark.parametrize("document", [BOMB, OUTSIDE, "<assessmentResult>" + "<a>" * 50_000])
def test_hostile_xml_costs_its_student_the_report_only(tmp_path, document):
    name = "Results/userdata/Mueller_AnnaLena_amuell/Attempt_2/3231.xml"
    intake = quick(tmp_path, openolat() | {name: document.encode()})
    found = {one.student: one for one in intake.submissions}
    assert any("3231.xml: Not read: not valid XML" in message for message in messages(found["amuell"]))
    assert messages(found["lwang"]) == ["lwang: No notebook uploaded."]


@pytest.mark.parametrize(
    "metadata",
    [
        b"a: &a [x, x]\nb: &b [*a, *a]\nsubmission_4711: *b\n",
        b"submission_4711: !!python/object/apply:os.system ['false']\n",
        b"submission_4711:\n  :submitters: 7\n  :created_at: [1]\n",
        b"submission_4711:\n  :submitters:\n  - 7\n  - :name: {a: b}\n",
    ],
)
def test_hostile_metadata_cost_the_names_only(tmp_path, metadata):
    files = {"submission_metadata.yml": metadata, "submission_4711/assignment1.ipynb": notebook("a = 1")}
    intake = quick(tmp_path, files, platform="gradescope")
    assert [sources(one) for one in intake.submissions] == [{"1": ["a = 1"]}]


def test_metadata_that_cannot_be_read_leave_the_submissions(tmp_path):
    files = {"submission_metadata.yml": b"{", "submission_4711/assignment1.ipynb": notebook("a = 1")}
    (submission,) = quick(tmp_path, files, platform="gradescope").submissions
    assert sources(submission) == {"1": ["a = 1"]}
    assert any("do not say whose submission" in message for message in messages(submission))


def test_a_workbook_that_unpacks_to_too_much_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("grader.intake.tables._SHEET_BYTES", 2**20)
    source = tmp_path / "results.xlsx"
    source.write_bytes(zipped({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": os.urandom(2**20 + 1)}))
    with pytest.raises(UsageError, match="holds no results"):
        take(source, tmp_path / "work", platform="auto")
