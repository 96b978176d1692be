"""Messages as files: any mail program opens them, and no name or comment adds a header."""

import email
import email.policy
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import UsageError
from grader.exporting import mail
from grader.exporting.mail import Letter, Template, sender_address
from grader.exporting.reports import read_reports
from grader.exporting.types import Identity, Person
from tests.exporting import making

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SENDER = sender_address("Übungen DL <dl@uni.example>")


def written(tmp_path, people, template=None, course="Deep Learning"):
    export = mail.write_mails(people, Letter(SENDER, template or Template(), course), tmp_path / "out", NOW)
    return export, {
        path.stem: email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in (tmp_path / "out").glob("*")
    }


def test_a_message_a_student_with_the_report_attached(tmp_path):
    people = making.trio_people(tmp_path / "reports")
    export, messages = written(tmp_path, people)
    assert export.exported == ["anna", "josé", "wei"]
    assert sorted(messages) == ["anna", "josé", "wei"]
    for person in people:
        message = messages[person.folder.name]
        assert not message.defects
        assert str(message["To"].addresses[0].addr_spec) == person.identity.email
        assert message["To"].addresses[0].display_name == person.identity.name
        assert (message["From"], message["Subject"]) == ("Übungen DL <dl@uni.example>", "Your result in Deep Learning")
        assert message["Date"].datetime == NOW
        assert message["Message-ID"].endswith("@uni.example>")
        body = message.get_body(("plain",)).get_content()
        assert f"Hello {person.identity.name}," in body
        attachments = list(message.iter_attachments())
        assert [(part.get_filename(), part.get_content_type()) for part in attachments] == [
            ("report.html", "text/html")
        ]
        assert attachments[0].get_content() == person.page.read_text("utf-8")
    assert "61 of 96 points.\r\n" in messages["anna"].get_body(("plain",)).get_content()
    assert "Still to be decided" not in messages["anna"].get_body(("plain",)).get_content()
    assert "Still to be decided by a person: 1b, 2b, 2f." in messages["wei"].get_body(("plain",)).get_content()


def test_files_are_plain_ascii_with_the_line_ends_of_mail(tmp_path):
    people = making.people(tmp_path / "reports", making.ANNA)
    people[0].page.write_text("<p>" + "ü" * 5000 + "</p>\n.\nFrom me\n", "utf-8")
    _, messages = written(tmp_path, people)
    data = (tmp_path / "out" / "anna.eml").read_bytes()
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert next(messages["anna"].iter_attachments()).get_content().startswith("<p>üüü")


def test_who_has_no_address_is_named(tmp_path):
    wrong = (
        "",
        "nobody",
        "a@b",
        "two@a.example, more@b.example",
        "x@a.example\nBcc: y@b.example",
        "ü@uni.example",
        "<a@b.ch>",
    )
    rows = [{"id": f"s{place}", "email": address} for place, address in enumerate(wrong)]
    export, messages = written(tmp_path, making.people(tmp_path / "reports", making.ANNA, *rows))
    assert list(messages) == ["anna"]
    assert [entry.student for entry in export.left_out] == [row["id"] for row in rows]
    assert export.left_out[0].why == "expected an e-mail address, none is known"
    assert "'nobody' is not one" in export.left_out[1].why


def test_a_template_of_the_staff(tmp_path):
    (tmp_path / "letter.txt").write_text(
        "Subject: {{ course }}: {{ points }} / {{ max_points }}\n\nDear {{ name }} ({{ student }}),\n"
        "{% for line in questions %}\n{{ line }}\n{% endfor %}\n<b>& so on</b>\n"
    )
    template = mail.read_template(tmp_path / "letter.txt")
    _, messages = written(tmp_path, making.people(tmp_path / "reports", making.ANNA), template)
    assert messages["anna"]["Subject"] == "Deep Learning: 61 / 96"
    body = messages["anna"].get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "1c Network Instantiation: 1.5 of 3; Feature map not saved and returned\n" in body
    assert "<b>& so on</b>" in body


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("Hello", "expected 'Subject: …' in the first line, found 'Hello'"),
        ("Subject: {{ x", "not a template"),
        ("Subject: x\n\n{{ nothing }}", "'nothing' is undefined. It may use course, grade"),
        ("Subject: x\n\n{{ name.__class__.__mro__ }}", "unsafe"),
        ("Subject: x\n\n{% include 'x' %}", "no loader"),
    ],
)
def test_templates_that_cannot_be_used_are_told(tmp_path, source, message):
    with pytest.raises(UsageError, match=message):
        written(tmp_path, making.people(tmp_path / "reports", making.ANNA), Template(source))


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    return making.people(tmp_path_factory.mktemp("class"), making.ANNA)[0]


@settings(deadline=None, max_examples=50)  # each writes a file
@given(name=st.text())
def test_no_name_adds_a_header_or_a_recipient(tmp_path_factory, person, name):
    folder = tmp_path_factory.mktemp("mail")
    stranger = Person(
        Identity("anna", name=name, email="anna@uni.example", listed=True), person.folder, person.total, person.status
    )
    template = Template("Subject: Result of {{ name }}\n\n{{ name }}\n")
    _, messages = written(folder, [stranger], template)
    message = messages["anna"]
    plain = {"From", "To", "Subject", "Date", "Message-ID", "X-Unsent", "MIME-Version", "Content-Type"}
    assert set(message.keys()) == plain
    assert [address.addr_spec for address in message["To"].addresses] == ["anna@uni.example"]
    assert len(list(message.iter_attachments())) == 1


def test_headers_of_a_hostile_name_stay_one_line(tmp_path):
    row = {**making.ANNA, "name": "Anna\r\nBcc: all@uni.example\r\n\r\nBody <x@y.example>, b@c.example"}
    making.report(tmp_path / "reports", making.known("anna"))
    making.table(tmp_path / "reports" / "students.csv", row)
    _, messages = written(tmp_path, read_reports(tmp_path / "reports").people, Template("Subject: {{ name }}\n\nx"))
    assert messages["anna"]["Bcc"] is None
    assert messages["anna"]["Subject"] == "Anna Bcc: all@uni.example Body <x@y.example>, b@c.example"
    assert [address.addr_spec for address in messages["anna"]["To"].addresses] == ["anna@uni.example"]


@pytest.mark.parametrize(
    "written_address", ["", "dl", "a@b", "x <y", "A <a@x.example>, B <b@x.example>", "a@x.example\nBcc: b@x.example"]
)
def test_a_sender_needs_an_address(written_address):
    with pytest.raises(UsageError, match="--from: expected an address such as"):
        sender_address(written_address)


def test_members_of_a_group_each_get_a_message(tmp_path):
    making.report(tmp_path / "reports", making.full("blue"))
    members = [{"id": "blue", "name": name, "email": f"{name}@x.example", "group": "Blue"} for name in ("Anna", "Ben")]
    making.table(tmp_path / "reports" / "students.csv", *members)
    _, messages = written(tmp_path, read_reports(tmp_path / "reports").people)
    assert {name: message["To"].addresses[0].addr_spec for name, message in messages.items()} == {
        "blue": "Anna@x.example",
        "blue-2": "Ben@x.example",
    }
