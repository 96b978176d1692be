"""Who is who in another program's file; whom nobody can tell stays out."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.exporting import names
from grader.exporting.matching import Target, match
from grader.exporting.types import Identity, Person, Total
from grader.intake.platforms.keys import olat_name


def person(ident: str = "anna", **known: str) -> Person:
    return Person(Identity(ident, listed=bool(known), **known), None, Total(61.0, 96.0), "final")


def places(people, targets, system="moodle"):
    pairs, left_out = match(people, targets, system)
    return {entry.student: target.place for entry, target in pairs}, {entry.student: entry.why for entry in left_out}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna-Lena Müller", "Anna-Lena Mu\u0308ller"),
        ("Anna-Lena Müller", "MÜLLER, ANNA-LENA"),
        ("Anna-Lena Müller", "Mueller_AnnaLena"),
        ("Anna-Lena Müller", "Muller Anna-Lena"),
        ("Jürgen Groß", "Gross Juergen"),
        ("Jürgen Groß", "GROSS Jurgen"),
        ("José Łukasz", "Jose Lukasz"),
        ("José Łukasz", "ukasz_Jose"),
        ("Søren Ærø", "Soren Aero"),
        ("Conan O'Brien", "OBrien, Conan"),
        ("张伟", "张伟"),
    ],
)
def test_systems_write_one_name_in_several_ways(one, other):
    assert names.same_spelling(one, other)
    assert names.same_spelling(other, one)
    found, left_out = places([person(name=one)], [Target(7, "row 8", name=(other,)), Target(8, "row 9", name=("X Y",))])
    assert (found, left_out) == ({"anna": 7}, {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张 Anna", "李 Anna"),
        ("Müller Anna", "Möller Anna"),
        ("Anna Müller", "Anna Muler"),
        ("Anna", "Anna Lena"),
        ("Łaś", "Łąś"),
        ("", ""),
    ],
)
def test_other_names_stay_other_names(one, other):
    _, left_out = places([person(login="x", name=one)], [Target(1, "row 2", name=(other,))])
    assert left_out == {"anna": "nobody there has this name, login, address or number"}


@given(st.text(min_size=1))
def test_any_name_is_itself_in_every_unicode_form(name):
    assert names.same_spelling(name, unicodedata.normalize("NFD", name))
    assert names.exact_key(name) == names.exact_key(unicodedata.normalize("NFC", name))
    assert all(key.isascii() for key in names.spelling_keys(name))


def test_namesakes_are_told_apart_by_what_else_is_known_and_by_nothing_else():
    targets = [Target(1, "row 2", login=("amuell",), name=("Anna Müller",)), Target(2, "row 3", name=("Anna Müller",))]
    assert places([person(login="amuell", name="Anna Müller")], targets) == ({"anna": 1}, {})
    found, left_out = places([person(email="a@x.example", name="Anna Müller")], targets)
    assert not found
    assert left_out["anna"] == "several people there fit: row 2, row 3"


def test_two_students_who_fit_one_person_are_both_left_out():
    anna, twin = person("anna", name="Anna Müller"), person("twin", name="Mueller Anna")
    ben = person("ben", name="Ben")
    found, left_out = places(
        [anna, twin, ben], [Target(1, "row 2", name=("Anna Müller",)), Target(2, "row 3", name=("Ben",))]
    )
    assert found == {"ben": 2}
    assert left_out == dict.fromkeys(("anna", "twin"), "several students fit row 2")


def test_a_namesake_takes_no_place_from_the_one_whom_a_login_leads_there():
    people = [person("anna", login="amuell", name="Anna Müller"), person("twin", name="Mueller Anna")]
    targets = [Target(1, "row 2", login=("amuell",), name=("Anna Müller",))]
    assert places(people, targets) == ({"anna": 1}, {"twin": "several students fit row 2"})
    people += [person("third", login="amuell", name="Anna Müller")]
    assert not places(people, targets)[0]


def test_a_contradiction_is_never_settled_by_rank():
    targets = [Target(1, "row 2", login=("amuell",), name=("Berta",)), Target(2, "row 3", name=("Anna Müller",))]
    _, left_out = places([person(login="amuell", name="Anna Müller")], targets)
    assert "points to different people there (by login: row 2; by name: row 3)" in left_out["anna"]


def test_a_number_of_another_assignment_gives_nobody_anothers_points():
    targets = [Target(1, "row 2, Berta", source_key=("12345",), name=("Berta Bär",))]
    found, left_out = places([person(source_key="12345", system="moodle", name="Anna Müller")], targets)
    assert (found, left_out) == ({}, {"anna": "the number 12345 belongs to somebody else there (row 2, Berta)"})
    anonymous = [Target(1, "row 2", source_key=("12345",))]
    assert places([person(source_key="12345", system="moodle", name="Anna Müller")], anonymous)[0] == {"anna": 1}
    # What lost its blanks is no other name.
    canvas = [Target(1, "row 2", source_key=("12345",), name=("Müller, Anna",))]
    assert places([person(source_key="12345", system="moodle", name="müllerannA")], canvas)[0] == {"anna": 1}
    # The number of another system is no number here.
    assert places([person(source_key="12345", system="canvas", name="Anna Müller")], anonymous)[0] == {}


def test_the_key_of_a_group_tells_none_of_its_members():
    targets = [Target(1, "row 2", ("77",), name=("Anna Müller",)), Target(2, "row 3", ("78",), name=("Ben Bär",))]
    group = {"source_key": "77", "system": "moodle", "group": "Blue"}
    people = [person("anna", name="Anna Müller", **group), person("ben", name="Ben Bär", **group)]
    pairs, left_out = match(people, targets, "moodle")
    assert [target.place for _, target in pairs] == [1, 2]
    assert not left_out


def test_without_a_table_the_folders_name_may_be_a_login_an_address_or_a_number():
    targets = [
        Target(1, "row 2", login=("amuell",)),
        Target(2, "row 3", email=("Ben@Uni.example",)),
        Target(3, "row 4", registration_number=("007",)),
        Target(4, "row 5", source_key=("12345",)),
    ]
    people = [person("AMUELL"), person("ben@uni.example"), person("007"), person("12345")]
    found, left_out = places(people, targets)
    assert found == {"AMUELL": 1, "ben@uni.example": 2, "007": 3}
    assert list(left_out) == ["12345"]


def test_empty_fields_match_nobody():
    targets = [Target(1, "row 2", ("",), ("",), ("",), ("",), ("",))]
    assert not places([person(login="", name="")], targets)[0]
    assert not places([person("x", login="y")], targets)[0]


FIRST = st.sampled_from(["Anna", "Änna", "Aenna", "José", "Jose", "伟", "Łucja"])
LAST = st.sampled_from(["Müller", "Mueller", "Muller", "Mu\u0308ller", "Li", "Li-Müller"])
WAYS = (
    lambda first, last: f"{first} {last}",
    lambda first, last: f"{last}, {first}",
    lambda first, last: unicodedata.normalize("NFD", f"{first} {last}").upper(),
    lambda first, last: olat_name(unicodedata.normalize("NFC", f"{last} {first}")),
)
KNOWN = st.sets(st.sampled_from(["source_key", "login", "email", "registration_number"]))
STUDENT = st.tuples(FIRST, LAST, KNOWN, KNOWN, st.sampled_from(WAYS))


@given(st.lists(STUDENT, min_size=1, max_size=7), st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_nobody_ever_gets_the_place_of_another(students, named, shown, shuffled):
    people, targets = [], []
    for number, (first, last, of_person, of_target, way) in enumerate(students):
        facts = {
            "source_key": f"{number}",
            "login": f"u{number}",
            "email": f"u{number}@x.example",
            "registration_number": f"00{number}",
        }
        known = {field: facts[field] for field in of_person} | ({"name": f"{first} {last}"} if named else {})
        people.append(
            Person(Identity(f"id-{number}", system="moodle", listed=True, **known), None, Total(1.0, 1.0), "final")
        )
        there = {field: (facts[field],) for field in of_target} | ({"name": (way(first, last),)} if shown else {})
        targets.append(Target(number, f"row {number}", **there))
    shuffled.shuffle(targets)
    pairs, left_out = match(people, targets, "moodle")
    assert all(entry.student == f"id-{target.place}" for entry, target in pairs)
    assert len(pairs) + len(left_out) == len(people)
    sure = {f"id-{place}" for place, (_, _, of_person, of_target, _) in enumerate(students) if of_person & of_target}
    assert sure <= {entry.student for entry, _ in pairs}
