"""One message a student, as a file that any mail program opens; nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import HeaderParseError, MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from grader.errors import UsageError
from grader.exporting import files, wording
from grader.exporting.encodings import read_text
from grader.exporting.types import Export, LeftOut, Person
from grader.reporting import text

DEFAULT_TEMPLATE = """\
Subject: Your result{% if course %} in {{ course }}{% endif %}

Hello {{ name }},

your submission is graded: {{ points }} of {{ max_points }} points{% if grade %}, grade {{ grade }}{% endif %}.
The report is attached; open it with a browser. It says what was seen for every point.
{% if open %}
Still to be decided by a person: {{ open | join(", ") }}. These points are not counted yet.
{% endif %}
"""
_SUBJECT = "subject:"
_LONGEST_SUBJECT = 200
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\[\]\\]+\.[^\s@<>\"(),:;\[\]\\]+")


@dataclass(frozen=True)
class Letter:
    """What all messages share.

    Attributes:
        sender: Address of the sender, with or without a name: ``Deep Learning <dl@example.org>``.
        template: Subject and body.
        course: Name of the exam, or ``""``.
    """

    sender: Address
    template: Template
    course: str = ""


class Template:
    """A text whose first line is ``Subject: …``, then an empty line, then the body; Jinja fills both."""

    def __init__(self, source: str = DEFAULT_TEMPLATE, name: str = "the template") -> None:
        head, _, body = source.replace("\r\n", "\n").partition("\n")
        if not head.casefold().startswith(_SUBJECT):
            message = f"{name}: expected 'Subject: …' in the first line, found {head!r}."
            raise UsageError(message)
        # Plain text needs no escaping; the sandbox keeps a borrowed template from reaching into the program.
        environment = SandboxedEnvironment(
            autoescape=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._name = name
        try:
            self._subject = environment.from_string(head[len(_SUBJECT) :].strip())
            self._body = environment.from_string(body.lstrip("\n"))
        except TemplateError as fault:
            message = f"{name}: not a template: {fault}."
            raise UsageError(message) from fault

    def fill(self, values: dict[str, object]) -> tuple[str, str]:
        """Subject, on one line whatever the values hold, and body.

        Raises:
            UsageError: It asks for something that there is not.
        """
        try:
            subject, body = self._subject.render(values), self._body.render(values)
        except (TemplateError, TypeError, ValueError) as fault:
            message = f"{self._name}: {fault}."
            raise UsageError(message, hint=f"It may use {', '.join(sorted(values))}.") from fault
        return text.clip(wording.one_line(subject), _LONGEST_SUBJECT), text.visible(body)


def read_template(path: Path) -> Template:
    """A template of the staff.

    Raises:
        UsageError: It cannot be read or is no template.
    """
    return Template(read_text(path, "a template of a message").text, str(path))


def sender_address(written: str) -> Address:
    """``Deep Learning <dl@example.org>`` or ``dl@example.org``.

    Raises:
        UsageError: It is no address.
    """
    match = re.fullmatch(r"\s*(?:(?P<name>[^<>\r\n]*)<(?P<spec>[^<>]*)>|(?P<bare>[^<>]*))\s*", written)
    address = _address((match["name"] or "").strip(' "'), (match["spec"] or match["bare"]).strip()) if match else None
    if address is None:
        message = f"--from: expected an address such as 'Deep Learning <dl@example.org>', found {written!r}."
        raise UsageError(message)
    return address


def write_mails(people: Sequence[Person], letter: Letter, out: Path, now: datetime) -> Export:
    """Writes ``<out>/<student>.eml`` for everybody with an address; a program of the sender sends them.

    Args:
        people: Those who get a report; each member of a group gets a message.
        letter: Sender, subject and body.
        out: The folder.
        now: Date of the messages, with its time zone.

    Raises:
        UsageError: The template asks for something that there is not, or the folder cannot be written.
    """
    export = Export()
    taken: set[str] = set()
    for person in people:
        address = _address(wording.one_line(person.name), person.identity.email)
        if address is None:
            found = f"{person.identity.email!r} is not one" if person.identity.email else "none is known"
            export.left_out.append(LeftOut(person.student, f"expected an e-mail address, {found}"))
        elif person.page_fault:
            export.left_out.append(LeftOut(person.student, person.page_fault))
        else:
            message = _message(person, address, letter, now)
            files.write_file(out / _file_name(person, taken), message.as_bytes(policy=policy.SMTP))
            export.exported.append(person.student)
            export.written = out
    return export


def _message(person: Person, address: Address, letter: Letter, now: datetime) -> EmailMessage:
    subject, body = letter.template.fill(_values(person, letter.course))
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = letter.sender
    message["To"] = address
    message["Subject"] = subject
    message["Date"] = now
    message["Message-ID"] = make_msgid(domain=letter.sender.domain)
    # Mail programs open it as a draft of their user's, ready to be sent.
    message["X-Unsent"] = "1"
    message.set_content(body)
    message.add_attachment(
        person.page.read_bytes(), "text", "html", filename="report.html", params={"charset": "utf-8"}
    )
    return message


def _values(person: Person, course: str) -> dict[str, object]:
    questions = list(wording.questions(person.report()))
    return {
        "student": wording.one_line(person.identity.id),
        "name": wording.one_line(person.name),
        "course": course,
        "points": wording.points(person.total.points),
        "max_points": wording.points(person.total.max_points),
        "grade": person.total.grade,
        "open": [question.id for question in questions if question.status == "review"],
        "questions": [wording.question_line(question) for question in questions],
    }


def _address(name: str, spec: str) -> Address | None:
    """An address of ASCII, which every mail server takes; None when it is none."""
    if not spec.isascii() or not _ADDRESS.fullmatch(spec):
        return None
    try:
        return Address(display_name=name, addr_spec=spec)
    except (ValueError, HeaderParseError, MessageError, IndexError):
        return None


def _file_name(person: Person, taken: set[str]) -> str:
    """The folder's name, which is safe on every disk; members of a group get numbers."""
    stem, number = person.folder.name, 2
    while stem.casefold() in taken:
        stem, number = f"{person.folder.name}-{number}", number + 1
    taken.add(stem.casefold())
    return f"{stem}.eml"
