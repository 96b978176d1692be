"""Archives, good and hostile: what is unpacked, what is left out, and what is said."""

from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile

import pytest

from tests.intake.making import (
    SMALL,
    contents,
    entry,
    link,
    messages,
    notebook,
    only_alice,
    read,
    sources,
    tarred,
    zipped,
)

NOTEBOOK = notebook("alice = 1")
GOOD = ("assignment1.ipynb", NOTEBOOK)
ENDED = "Compressed file ended before the end-of-stream marker was reached"
FOREIGN = "it is a {} archive, which cannot be unpacked. Ask for an ordinary ZIP."
BOB = {"bob/assignment1.ipynb": notebook("bob = 1")}


def alice_archive(tmp_path, archive: bytes, name: str = "alice.zip", **options):
    return only_alice(read(tmp_path, {name: archive, **BOB}, **options))


@pytest.mark.parametrize(
    ("name", "archive"),
    [
        ("alice.zip", zipped({"assignment1.ipynb": NOTEBOOK, "picture.png": b"png"})),
        ("alice.ZIP", zipped({"assignment1.ipynb": NOTEBOOK, "picture.png": b"png"})),
        ("alice.zip", zipped({"Exam/work/assignment1.ipynb": NOTEBOOK, "Exam/work/picture.png": b"png"})),
        ("alice.zip", zipped({"__MACOSX/._assignment1.ipynb": b"x", **dict([GOOD]), "picture.png": b"png"})),
        ("alice.zip", zipped({"work\\assignment1.ipynb": NOTEBOOK, "work\\picture.png": b"png"})),
        ("alice.tar.gz", tarred([GOOD, ("picture.png", b"png")])),
        ("alice.tgz", tarred([GOOD, ("picture.png", b"png")])),
        ("alice.tar.bz2", tarred([GOOD, ("picture.png", b"png")], "w:bz2")),
        ("alice.tar", tarred([GOOD, ("picture.png", b"png")], "w")),
        ("alice.zip", tarred([GOOD, ("picture.png", b"png")])),
    ],
)
def test_archive_a_student(tmp_path, name, archive):
    submission = alice_archive(tmp_path, archive, name)
    assert sources(submission) == {"1": ["alice = 1"]}
    assert contents(submission.folder) >= {"assignment1.ipynb", "picture.png"}
    assert messages(submission) == []


HOSTILE_ENTRIES = [
    ("../../evil.ipynb", "its name leads outside the archive"),
    ("work/../../evil.ipynb", "its name leads outside the archive"),
    ("..\\evil.ipynb", "its name leads outside the archive"),
    ("/tmp/evil.ipynb", "its name is an absolute path"),
    ("C:\\evil.ipynb", "its name is an absolute path"),
    ("\\\\server\\evil.ipynb", "its name is an absolute path"),
    ("a/b/c/d/e/f/evil.ipynb", "it lies more than 4 folders deep"),
]


@pytest.mark.parametrize(("name", "reason"), HOSTILE_ENTRIES)
@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_hostile_names_are_left_out(tmp_path, suffix, name, reason):
    make = zipped if suffix == "zip" else tarred
    submission = alice_archive(tmp_path, make([(name, b"evil"), GOOD]), f"alice.{suffix}", limits=SMALL)
    assert sources(submission) == {"1": ["alice = 1"]}
    assert messages(submission) == [f"alice.{suffix}: {name.replace(chr(92), '/')!r} left out: {reason}."]
    assert {path.name for path in tmp_path.rglob("*evil*")} == set()


def test_links_in_a_zip_are_left_out(tmp_path):
    submission = alice_archive(tmp_path, zipped([(link("data"), b"/etc"), (link("assignment2.ipynb"), b"/x"), GOOD]))
    message = "alice.zip: 'data', 'assignment2.ipynb' left out: it is a link. Links are never followed."
    assert messages(submission) == [message]
    assert submission.notebooks["2"].error == "was left out: it is a link"
    assert contents(submission.folder) == {"assignment1.ipynb"}


def test_writing_through_a_link_is_impossible(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = zipped([(link("work"), str(outside).encode()), ("work/evil.ipynb", b"evil"), GOOD])
    submission = alice_archive(tmp_path, archive)
    assert list(outside.iterdir()) == []
    assert contents(submission.folder) == {"assignment1.ipynb", "work/evil.ipynb"}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "it is a link. Links are never followed"),
        (tarfile.LNKTYPE, "it is a link. Links are never followed"),
        (tarfile.CHRTYPE, "it is a device, pipe or sparse file"),
        (tarfile.FIFOTYPE, "it is a device, pipe or sparse file"),
    ],
)
def test_links_and_devices_in_a_tar_are_left_out(tmp_path, kind, reason):
    member = tarfile.TarInfo("evil")
    member.type, member.linkname = kind, "/etc/passwd"
    submission = alice_archive(tmp_path, tarred([(member, b""), GOOD]), "alice.tar.gz")
    assert messages(submission) == [f"alice.tar.gz: 'evil' left out: {reason}."]
    assert contents(submission.folder) == {"assignment1.ipynb"}


def test_device_in_a_zip_is_left_out(tmp_path):
    submission = alice_archive(tmp_path, zipped([(entry("evil", stat.S_IFCHR), b""), GOOD]))
    assert messages(submission) == ["alice.zip: 'evil' left out: it is a device, pipe or sparse file."]


def refused(tmp_path, archive: bytes, name: str = "alice.zip"):
    """A student whose archive is refused: no notebook, the reason with every assignment, nothing left on the disk."""
    submission = alice_archive(tmp_path, archive, name, limits=SMALL)
    assert contents(submission.folder) == set()
    (message,) = messages(submission)[:1]
    assert messages(submission)[1:] in ([], [f"{name}: No notebook uploaded."])
    for ident in "123":
        assert submission.notebooks[ident].notebook is None
        assert submission.notebooks[ident].error in message.replace("The archive was", "was")
    return message


@pytest.mark.parametrize(
    ("name", "archive", "message"),
    [
        pytest.param(
            "alice.zip",
            zipped({"zeros.bin": bytes(10_000_000)}),
            "it looks like an archive bomb: 10 KiB would unpack to 10 MiB, more than 250 times its size.",
            id="ratio",
        ),
        pytest.param(
            "alice.tar.gz",
            tarred([("zeros.bin", bytes(10_000_000))]),
            "it unpacks to more than the 195 KiB allowed.",
            id="tar size",
        ),
        pytest.param(
            "alice.zip",
            zipped((f"{n}.bin", bytes(range(256)) * 100) for n in range(10)),
            "it unpacks to more than the 195 KiB allowed.",
            id="size",
        ),
        pytest.param(
            "alice.zip",
            zipped((f"{n}.txt", b"") for n in range(60)),
            "it holds more than the 50 files and folders allowed.",
            id="60 entries",
        ),
        pytest.param(
            "alice.tar",
            tarred(((f"{n}.txt", b"") for n in range(60)), "w"),
            "it holds more than the 50 files and folders allowed.",
            id="60 members",
        ),
        pytest.param(
            "alice.zip",
            zipped((f"{n}/a/b/c.txt", b"") for n in range(30)),
            "it holds more than the 50 files and folders allowed.",
            id="folders",
        ),
        pytest.param("alice.zip", b"", "it is empty (0 bytes). Ask for a new upload.", id="empty"),
        pytest.param(
            "alice.zip",
            zipped([GOOD])[:-30],
            "it is damaged or not an archive (File is not a zip file). Ask for a new upload.",
            id="truncated",
        ),
        pytest.param(
            "alice.tar.gz",
            tarred([GOOD])[:40],
            f"it is damaged or not an archive ({ENDED}). Ask for a new upload.",
            id="truncated tar",
        ),
        pytest.param(
            "alice.zip",
            b"hello world, no archive",
            "it is damaged or not an archive (truncated header). Ask for a new upload.",
            id="text",
        ),
        pytest.param(
            "alice.zip",
            b"Rar!\x1a\x07",
            FOREIGN.format("RAR"),
            id="RAR",
        ),
        pytest.param(
            "alice.rar",
            b"Rar!\x1a\x07",
            FOREIGN.format("RAR"),
            id=".rar",
        ),
        pytest.param(
            "alice.7z",
            b"7z\xbc\xaf'\x1c",
            FOREIGN.format("7-Zip"),
            id=".7z",
        ),
    ],
)
def test_archive_is_refused(tmp_path, name, archive, message):
    assert refused(tmp_path, archive, name) == f"{name}: The archive was refused: {message}"


def test_hundred_thousand_entries(tmp_path):
    message = "alice.zip: The archive was refused: it holds more than the 50 files and folders allowed."
    assert refused(tmp_path, zipped((f"{n}.txt", b"") for n in range(100_000))) == message


def test_overlapping_tar_headers_end(tmp_path):
    """A negative size makes tarfile read the same header again and again."""
    header = tarfile.TarInfo("a")
    block = bytearray(header.tobuf())
    block[124:136] = b"\xff" * 10 + struct.pack(">h", -1024)
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    assert "damaged" in refused(tmp_path, bytes(block) * 2 + bytes(1024), "alice.tar")


def test_pax_header_bomb_is_refused(tmp_path):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 150_000
    archive = header.tobuf() + bytes(150_528) + bytes(1024)
    message = "alice.tar: The archive was refused: it is damaged (a header of the tar archive is too large)."
    assert refused(tmp_path, archive, "alice.tar") == message


def encrypted(archive: bytes) -> bytes:
    """Sets the flag of encryption in all local and central headers."""
    data = bytearray(archive)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)


def test_encrypted_archive(tmp_path):
    submission = alice_archive(tmp_path, encrypted(zipped([GOOD])))
    message = "'assignment1.ipynb' left out: it is protected by a password. Ask for an upload without a password."
    assert messages(submission) == [f"alice.zip: {message}"]
    assert submission.notebooks["1"].error == "was left out: it is protected by a password"


def test_damaged_entry_costs_only_itself(tmp_path):
    archive = zipped([("assignment2.ipynb", NOTEBOOK), GOOD])
    at = archive.index(b"assignment2.ipynb") + 40
    damaged = archive[:at] + bytes(byte ^ 0xFF for byte in archive[at : at + 20]) + archive[at + 20 :]
    submission = alice_archive(tmp_path, damaged)
    assert sources(submission) == {"1": ["alice = 1"]}
    assert submission.notebooks["2"].error == "was left out: it is damaged"
    assert messages(submission) == ["alice.zip: 'assignment2.ipynb' left out: it is damaged. Ask for a new upload."]


def test_unsupported_compression(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("assignment1.ipynb", NOTEBOOK)
    submission = alice_archive(tmp_path, buffer.getvalue())
    reason = "its compression method is not supported"
    assert messages(submission) == [f"alice.zip: 'assignment1.ipynb' left out: {reason}. Ask for an ordinary ZIP."]
    assert submission.notebooks["1"].error == f"was left out: {reason}"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_entries_are_both_kept_and_the_newer_one_counts(tmp_path):
    newer = entry("assignment1.ipynb", date=(2021, 6, 19, 8, 0, 0))
    submission = alice_archive(tmp_path, zipped([(newer, notebook("newer = 1")), GOOD]))
    assert sources(submission) == {"1": ["newer = 1"]}
    assert contents(submission.folder) == {"assignment1.ipynb", "assignment1 (2).ipynb"}
    assert messages(submission) == [
        "alice.zip: 'assignment1.ipynb' kept, but renamed because another entry has the same name.",
        "assignment1.ipynb: Not graded as assignment 1: 'assignment1.ipynb' is newer.",
    ]


@pytest.mark.parametrize("other", ["ASSIGNMENT1.ipynb", "ÜBUNG.txt"])
def test_names_that_differ_in_case_only_are_both_kept(tmp_path, other):
    first = "assignment1.ipynb" if other.endswith("ipynb") else "übung.txt"
    submission = alice_archive(tmp_path, zipped({first: NOTEBOOK, other: NOTEBOOK}))
    stem, dot, suffix = other.rpartition(".")
    assert contents(submission.folder) == {first, f"{stem} (2){dot}{suffix}"}
    message = f"alice.zip: {other!r} kept, but renamed because another entry has the same name."
    assert messages(submission)[0] == message


def test_file_and_folder_of_the_same_name(tmp_path):
    submission = alice_archive(tmp_path, zipped({"work": b"file", "work/assignment1.ipynb": NOTEBOOK}))
    assert sources(submission) == {"1": ["alice = 1"]}
    assert contents(submission.folder) == {"work", "work (2)/assignment1.ipynb"}


def test_long_names_are_shortened(tmp_path):
    name = f"assignment1 {'ü' * 120}.ipynb"
    submission = alice_archive(tmp_path, zipped({name: NOTEBOOK}))
    assert sources(submission) == {"1": ["alice = 1"]}
    assert submission.notebooks["1"].name == name
    (stored,) = contents(submission.folder)
    assert len(stored.encode()) <= 200
    assert stored.endswith(".ipynb")
    (message,) = messages(submission)
    assert message.endswith("kept, but its name was shortened to 200 bytes.")


def test_control_characters_in_names(tmp_path):
    submission = alice_archive(tmp_path, zipped({"assignment1\n\x1b[31m.ipynb": NOTEBOOK}))
    assert contents(submission.folder) == {"assignment1__[31m.ipynb"}
    assert messages(submission) == ["alice.zip: 'assignment1\\n\\x1b[31m.ipynb' kept, but stored under a safe name."]


@pytest.mark.parametrize(("stored", "shown"), [("Übung".encode(), "Übung"), ("Übung".encode("cp437"), "Übung")])
def test_names_in_an_undeclared_encoding(tmp_path, stored, shown):
    archive = zipped({"xxxxxx assignment1.ipynb"[6 - len(stored) :]: NOTEBOOK}).replace(b"x" * len(stored), stored)
    submission = alice_archive(tmp_path, archive)
    assert submission.notebooks["1"].name == f"{shown} assignment1.ipynb"
    message = f"'{shown} assignment1.ipynb' kept, but the encoding of the name had to be guessed."
    assert messages(submission) == [f"alice.zip: {message}"]


def test_archive_inside_a_folder_and_one_inside_it(tmp_path):
    inner = zipped({"assignment2.ipynb": notebook("two")})
    intake = read(tmp_path, {"alice/work.zip": zipped({"assignment1.ipynb": NOTEBOOK, "inner.zip": inner}), **BOB})
    submission = only_alice(intake)
    assert sources(submission) == {"1": ["alice = 1"], "2": ["two"]}
    assert contents(submission.folder) == {
        "work.zip",
        "work/assignment1.ipynb",
        "work/inner.zip",
        "work/inner/assignment2.ipynb",
    }
    assert messages(submission) == []


def test_third_level_is_not_unpacked(tmp_path):
    third = zipped({"assignment3.ipynb": NOTEBOOK})
    archive = zipped({"second.zip": zipped({"third.zip": third})})
    intake = read(tmp_path, {"alice/first.zip": archive, "alice/assignment1.ipynb": NOTEBOOK, **BOB})
    submission = only_alice(intake)
    message = "alice: 'first/second/third.zip' not unpacked: archives may be nested 2 levels deep."
    assert messages(submission) == [message]


def test_nested_bomb_uses_up_one_budget(tmp_path):
    inner = zipped({"a.bin": bytes(range(256)) * 100})
    files = {f"alice/{n}.zip": inner for n in range(12)}
    submission = only_alice(read(tmp_path, {"alice/assignment1.ipynb": NOTEBOOK, **files, **BOB}, limits=SMALL))
    assert sources(submission) == {"1": ["alice = 1"]}
    assert "The archive was refused: it unpacks to more than the 195 KiB allowed." in messages(submission)[0]


def test_zip_that_contains_itself_ends(tmp_path):
    archive = zipped({"a.txt": b"a"})
    for _ in range(20):
        archive = zipped({"a.zip": archive, "b.zip": archive})
        if len(archive) > 50_000:
            break
    submission = alice_archive(tmp_path, archive)
    assert len(contents(submission.folder)) < 20


def test_unsupported_archive_in_a_folder(tmp_path):
    submission = only_alice(read(tmp_path, {"alice/work.rar": b"Rar!", **BOB}))
    assert submission.notebooks["1"].error == "is an archive of a kind that cannot be unpacked"
    assert messages(submission) == ["work.rar: This kind of archive cannot be unpacked. Ask for an ordinary ZIP."]
