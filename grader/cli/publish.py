"""``grade publish`` and ``grade mail``: what students get back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from grader.cli.export import IDENTIFIERS, course_option
from grader.cli.handing_out import PATH, Order, course_title, finish, order, reading
from grader.errors import UsageError
from grader.exporting import ilias, mail, moodle, olat
from grader.exporting import publish as publishing
from grader.exporting.types import Export

_FORMATS = ("folder", "zip", "openolat-return", "moodle-feedback", "ilias-feedback")


@click.command()
@click.option("--out", type=PATH, required=True, help="Folder or ZIP that is written.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="folder", show_default=True, help="What it is.")
@click.option("--with-json", is_flag=True, help="report.json, too; for a folder or ZIP.")
@click.option("--identifier", type=click.Choice(IDENTIFIERS), default="login", help="How OpenOlat finds people.")
@click.option("--worksheet", type=PATH, help="Grading worksheet of the Moodle assignment.")
@click.option("--structure", type=PATH, help="Multi-feedback structure ZIP of the ILIAS exercise.")
@reading
def publish(out: Path, form: str, with_json: bool, **given: Any) -> int:
    """Writes what students get back: their own reports, and nothing that is the staff's."""
    if with_json and form not in {"folder", "zip"}:
        message = f"--with-json: expected the format folder or zip, found {form}."
        raise UsageError(message)
    if form == "ilias-feedback" and given["structure"] is None:
        message = "ilias-feedback: expected the structure ZIP of the exercise, found none."
        raise UsageError(message, hint="Give it with --structure.")
    asked = order(out, given, folder=form == "folder")
    return finish(asked, _published(form, asked, with_json, given))


@click.command("mail")
@click.option("--from", "sender", required=True, metavar="ADDRESS", help="Sender: 'Deep Learning <dl@example.org>'.")
@click.option("--template", type=PATH, help="Text whose first line is 'Subject: …'; default: a short letter.")
@click.option("--out", type=PATH, required=True, help="Folder for the messages.")
@course_option
@reading
def mail_command(sender: str, template: Path | None, out: Path, course: Path | None, **given: Any) -> int:
    """Writes a message with the report for each student, as an .eml file; nothing is sent."""
    text = mail.read_template(template) if template else mail.Template()
    address = mail.sender_address(sender)
    asked = order(out, given, folder=True)
    letter = mail.Letter(address, text, course_title(asked, course))
    return finish(asked, mail.write_mails(asked.people, letter, out, datetime.now().astimezone()))


def _published(form: str, asked: Order, with_json: bool, given: dict[str, Any]) -> Export:
    people, out = asked.people, asked.out
    if form == "zip":
        return publishing.publish_zip(people, out, with_json=with_json)
    if form == "openolat-return":
        return olat.return_files(people, out, identifier=given["identifier"])
    if form == "moodle-feedback":
        return moodle.feedback_files(people, out, given["worksheet"])
    if form == "ilias-feedback":
        return ilias.multi_feedback(people, given["structure"], out)
    return publishing.publish_folder(people, out, with_json=with_json)
