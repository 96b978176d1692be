"""``extensions.yaml`` of the staff."""

import json
import unicodedata
from datetime import datetime

import pytest

from grader.course_policies import Extension
from grader.errors import UsageError
from grader.policies import extensions_data, extensions_from, load_extensions, nobodys_extensions
from tests.policies.tiny import course, outcome, result

DEADLINE = "deadline = 2026-01-31T12:00:00+01:00\nlate = { points = 2 }\n"
ZURICH = 'time_zone = "Europe/Zurich"\n'
IN_PACK = DEADLINE + 'extension = [{ student = "alice", minutes = 60 }, { student = "bob", minutes = 30 }]'


def load(tmp_path, text: str, policies: str = DEADLINE):
    path = tmp_path / "extensions.yaml"
    path.write_text(text, encoding="utf-8")
    return load_extensions(path, course(policies))


def test_all_ways_to_write_an_extension(tmp_path):
    text = """
alice: {minutes: 60, reason: Illness}
bob: {deadline: 2026-02-03T23:59:00+01:00}
carl: 90
dora: 2026-02-03T23:59:00+01:00
erik: "2026-02-03 23:59:00+01:00"
"""
    late = datetime.fromisoformat("2026-02-03T23:59:00+01:00")
    assert load(tmp_path, text) == {
        "alice": Extension(minutes=60, reason="Illness"),
        "bob": Extension(deadline=late),
        "carl": Extension(minutes=90),
        "dora": Extension(deadline=late),
        "erik": Extension(deadline=late),
    }


def test_a_time_without_an_offset_is_read_by_the_clock_of_the_course(tmp_path):
    found = load(tmp_path, "alice: 2026-07-03 23:59:00", ZURICH + DEADLINE)
    assert outcome(ZURICH + DEADLINE, at=None, extensions=found).due == "2026-07-03T23:59:00+02:00"


def test_the_file_wins_over_the_pack_for_its_students(tmp_path):
    found = load(tmp_path, "alice: 120", IN_PACK)
    assert found == {"alice": Extension(minutes=120), "bob": found["bob"]}
    assert found["bob"].minutes == 30
    at = "2026-01-31T14:00:00+01:00"
    assert outcome(IN_PACK, at=at, extensions=found).points == 15
    assert outcome(IN_PACK, of=result(student="bob"), at=at, extensions=found).points == 13


def test_extensions_survive_without_their_file(tmp_path):
    pack = course(IN_PACK)
    found = load(tmp_path, "alice: {minutes: 90, reason: Illness}\ncarl: 2026-02-03 23:59:00+01:00", IN_PACK)
    data = json.loads(json.dumps(extensions_data(found, pack)))
    assert set(data) == {"alice", "carl"}
    assert extensions_from(data, pack) == found


def test_without_a_file_those_of_the_pack_hold():
    assert set(load_extensions(None, course(IN_PACK))) == {"alice", "bob"}
    assert load_extensions(None, course().model_copy(update={"policies": None})) == {}


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file(tmp_path, text):
    assert load(tmp_path, text) == {}


def test_names_are_the_same_in_any_unicode_form(tmp_path):
    found = load(tmp_path, unicodedata.normalize("NFD", "müller: 60"))
    assert list(found) == [unicodedata.normalize("NFC", "müller")]
    assert nobodys_extensions(found, [unicodedata.normalize("NFD", "müller")]) == []


def test_an_extension_of_nobody_is_told():
    found = {"alcie": Extension(minutes=60), "bob": Extension(minutes=60)}
    assert nobodys_extensions(found, ["alice", "bob"]) == [
        "extension for 'alcie', of whom there is no submission; it is kept but used for nobody"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- alice", "expected students with their extensions, found list."),
        ("alice: {", "not a YAML file: "),
        ("alice: 2026-13-45T00:00:00+00:00", "not a YAML file: "),
        ("alice:", "alice: expected either a deadline or minutes, found None."),
        (
            "alice: tomorrow",
            "alice › deadline: expected a date and time such as 2026-01-31T23:59:00+01:00, found tomorrow.",
        ),
        ("alice: 2026-02-03", "alice › deadline: expected a date and time"),
        ("alice: {minutes: -5}", "alice › minutes: Input should be greater than 0"),
        ("alice: {minutes: .inf}", "alice › minutes: "),
        ("alice: {minuets: 5}", "alice › minuets: Extra inputs are not permitted"),
        ("alice: {minutes: 5, deadline: 2026-02-03T23:59:00+01:00}", "alice: expected either a deadline or minutes"),
        ("alice: {}", "alice: expected either a deadline or minutes"),
        ("alice: true", "alice: "),
        ("alice: [5]", "alice › deadline: "),
        ("alice: 2026-02-03 23:59:00", "alice: expected a time with its offset"),
        ("alice: 2026-01-03T23:59:00+01:00", "alice: an extension ends after the deadline"),
    ],
)
def test_wrong_entries_are_explained(tmp_path, text, message):
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert f"{tmp_path / 'extensions.yaml'}: {message}" in str(caught.value)


@pytest.mark.parametrize("policies", ["rounding = { step = 1 }", ""])
def test_a_course_without_a_deadline_has_nothing_to_extend(tmp_path, policies):
    with pytest.raises(UsageError, match="alice: the course has no deadline that could be extended"):
        load(tmp_path, "alice: 60", policies)


def test_a_missing_file(tmp_path):
    with pytest.raises(UsageError, match=r"cannot be read .* Give the extensions with --extensions FILE"):
        load_extensions(tmp_path / "none.yaml", course(DEADLINE))


def test_a_huge_file(tmp_path):
    path = tmp_path / "extensions.yaml"
    path.write_bytes(b"#" * (5 * 2**20 + 1))
    with pytest.raises(UsageError, match="expected at most 5242880 bytes"):
        load_extensions(path, course(DEADLINE))
