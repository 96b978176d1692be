"""Builds OpenOlat's *Export results*: XML, workbook, uploads and the test itself."""

from __future__ import annotations

import io
import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import openpyxl

from tests.intake.platforms.classroom import ANNA, CLASS, QUESTIONS, STATEMENTS, Student

PERSON = (
    "Sequence number", "First name", "Last name", "User name", "Institution identifier (registration number)",
    "Home page",
)  # fmt: skip
GERMAN = ("Laufnummer", "Vorname", "Nachname", "Benutzername", "Institutionsnummer (Matrikelnummer)", "Homepage")
TOTALS = ("Score", "Passed", "Date", "Total time (s)")
ITEMS = (("essay144e", "1a"), ("upload7f", "1f"), ("upload8a", "2g"), ("match5c", "4a"), ("kprim9d", "4b"))
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}


@dataclass(frozen=True)
class Variant:
    """How one release, language and tutor writes the export."""

    root: str = "Results"
    attempt: str = "Attempt_"
    folder: str = "{last}_{first}_{login}"
    header: Sequence[str] = PERSON
    wrapped: str = ""
    sheet: bool = True
    xml: bool = True
    old_matrix: bool = False
    words: bool = False
    rich_text: bool = False


def normalise(name: str) -> str:
    for letter, letters in _UMLAUTS.items():
        name = name.replace(letter, letters)
    plain = "".join(c for c in unicodedata.normalize("NFD", name.replace(" ", "_")) if not unicodedata.combining(c))
    return re.sub(r"[^A-Za-z0-9_]", "", plain)


def folder_of(student: Student, pattern: str) -> str:
    return pattern.format(
        last=normalise(student.last), first=normalise(student.first), login=normalise(student.login), id=student.uid
    )


def openolat(variant: Variant = Variant(), students: Sequence[Student] = CLASS) -> dict[str, bytes]:
    base = f"{variant.wrapped}{variant.root}/"
    files = {f"{base}index.html": b"<html></html>", f"{base}css/a.css": b"", **test_files(base, variant)}
    if variant.sheet:
        files[f"{base}Exam_DL_Exam_2021-06-18T14-05_1.xlsx"] = sheet(students, variant)
    for student in students:
        person = f"{base}userdata/{folder_of(student, variant.folder)}/"
        files[f"{person}index.html"] = b"<html></html>"
        attempts = [student.earlier, student.files] if student.earlier else [student.files]
        for number, notebooks in enumerate(attempts, start=1):
            last = number == len(attempts)
            files |= attempt(f"{person}{variant.attempt}{number}/", student, notebooks, last, variant)
    return files


def stored(name: str, student: Student, number: int = 0) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{normalise(stem)}_{student.time:%Y%m%dT%H%M}{number:02d}.{suffix}"


def attempt(base: str, student: Student, notebooks, last: bool, variant: Variant) -> dict[str, bytes]:
    files = {f"{base}3231_log.xlsx": b"log", f"{base}3231.html": b"<html></html>", f"{base}3231.pdf": b"%PDF"}
    for name, content in notebooks.items():
        files[f"{base}submissions/{stored(name, student, 12)}"] = content
        # An upload that was replaced stays in the folder.
        files[f"{base}submissions/{stored(name, student, 1)}"] = content.replace(b" = ", b" = 10 + ")
    if variant.xml:
        files[f"{base}{3231 if last else 3230}.xml"] = result(student, notebooks, last, variant)
    return files


def result(student: Student, notebooks, last: bool, variant: Variant) -> bytes:
    text = student.text if last else "an earlier text"
    if variant.rich_text and text:
        text = "<p>" + escape(text).replace("\n", "</p>\r\n<p>") + "</p>"
    values = {"1a": [text.replace("\n", "\r\n")] if text else []}
    for question, number in (("1f", 1), ("2g", 2)):
        name = f"assignment{number}.ipynb"
        path = f"/olatdata/bcroot/qtiassessment/{stored(name, student, 12)}"
        values[question] = [path] if name in notebooks else []
    marks = student.marks if last else ("right",) * len(student.marks)
    values["4a"] = [f"s{n}x {target(mark, variant)}" for n, mark in enumerate(marks)]
    random.Random(7).shuffle(values["4a"])
    values["4b"] = ["c17 wrong", "a15 correct"] if student is ANNA else []
    items = "".join(_item_result(ident, question, values[question]) for ident, question in ITEMS)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><assessmentResult xmlns="http://www.imsglobal.org/xsd/imsqti_result_v2p1">'
        '<context><sessionIdentifier sourceID="http://localhost/TestSession/3231" identifier="testsession/3231"/>'
        "</context>"
        f'<testResult identifier="test688455680" datestamp="{student.time:%Y-%m-%dT%H:%M:%S}">'
        '<outcomeVariable identifier="SCORE"><value>3.0</value></outcomeVariable></testResult>'
        f"{items}</assessmentResult>"
    ).encode()


def target(mark: str, variant: Variant) -> str:
    words = {"unanswered": "Unbeantwortet", "right": "Richtig", "wrong": "Falsch"}
    return (words[mark] if variant.words else mark) + "4711"


def _item_result(ident: str, question: str, values: Sequence[str]) -> str:
    kind = {"essay": "string", "upload": "file"}.get(re.sub(r"\d.*", "", ident), "directedPair")
    name = "KPRIM_RESPONSE_1" if ident.startswith("kprim") else "RESPONSE_1"
    given = "".join(f"<value>{escape(value, {chr(13): '&#13;'})}</value>" for value in values)
    return (
        f'<itemResult identifier="{ident}" datestamp="2021-06-18T09:30:00" sequenceIndex="1" sessionStatus="final">'
        '<outcomeVariable identifier="MAXSCORE"><value>2.0</value></outcomeVariable>'
        '<responseVariable identifier="duration" baseType="duration"><candidateResponse><value>9</value>'
        "</candidateResponse>"
        f'</responseVariable><responseVariable identifier="{name}" baseType="{kind}"><correctResponse><value>no</value>'
        f"</correctResponse><candidateResponse>{given}</candidateResponse></responseVariable></itemResult>"
    )


def test_files(base: str, variant: Variant) -> dict[str, bytes]:
    folder = f"{base}test688455680/"
    refs = "".join(f'<assessmentItemRef identifier="{ident}" href="{ident}.xml"/>' for ident, _ in ITEMS)
    files = {
        f"{folder}imsmanifest.xml": b"<manifest/>",
        f"{folder}test1.xml": (
            f'<assessmentTest xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1"><testPart><assessmentSection>{refs}'
            "</assessmentSection></testPart></assessmentTest>"
        ).encode(),
    }
    for ident, question in ITEMS:
        files[f"{folder}{ident}.xml"] = (
            f'<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="id{ident}" '
            f'title="{question} {QUESTIONS[question]}"><itemBody>{_interaction(ident, variant)}</itemBody>'
            "</assessmentItem>"
        ).encode()
    return files


test_files.__test__ = False  # type: ignore[attr-defined]


def _interaction(ident: str, variant: Variant) -> str:
    if ident.startswith("essay"):
        style = "xhtml" if variant.rich_text else "plain"
        return f'<extendedTextInteraction responseIdentifier="RESPONSE_1" format="{style}"/>'
    if ident.startswith("upload"):
        return '<uploadInteraction responseIdentifier="RESPONSE_1"/>'
    if ident.startswith("kprim"):
        rows = "".join(
            f'<simpleAssociableChoice identifier="{c}{n}">{c}</simpleAssociableChoice>'
            for n, c in enumerate("abcd", 15)
        )
        columns = "".join(
            f'<simpleAssociableChoice identifier="{w}">{w}</simpleAssociableChoice>' for w in ("correct", "wrong")
        )
    else:
        rows = "".join(
            f'<simpleAssociableChoice identifier="s{n}x"><p>{text}</p></simpleAssociableChoice>'
            for n, text in enumerate(STATEMENTS)
        )
        columns = "".join(
            f'<simpleAssociableChoice identifier="{target(mark, variant)}">{mark}</simpleAssociableChoice>'
            for mark in ("unanswered", "right", "wrong")
        )
    sets = "".join(f"<simpleMatchSet>{choices}</simpleMatchSet>" for choices in (rows, columns))
    return f"<matchInteraction>{sets}</matchInteraction>"


def sheet(students: Sequence[Student], variant: Variant) -> bytes:
    columns = ["1_U1", "2_U1", "3_U1", *(f"4_K{n}" for n in (1, 2, 3)), *(f"5_KP{n}" for n in (1, 2, 3, 4))]
    first: list[object] = [None] * (len(variant.header) + len(TOTALS))
    second: list[object] = [*variant.header, *TOTALS]
    for number, (_, question) in enumerate(ITEMS, start=1):
        codes = [code for code in columns if code.startswith(f"{number}_")]
        first += [f"{question} {QUESTIONS[question]}", *[None] * (len(codes) + 3)]
        second += [*codes, "Score", "Comment", "Start", "Duration (s)"]
    rows = [first, second]
    for number, student in enumerate(students, start=1):
        rows.append(_row(number, student, variant))
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _row(number: int, student: Student, variant: Variant) -> list[object]:
    row: list[object] = [number, student.first, student.last, student.login, student.number, "http://x"]
    row += [3, "true", f"{student.time:%Y-%m-%dT%H:%M:%S}", 600]
    score: list[object] = [1, "a comment", "2021-06-18", 9]
    essay = student.text.replace("\\", "\\\\").replace("\n", "\\n").replace("[", "\\[").replace("]", "\\]")
    row += [essay or None, *score]
    for n in (1, 2):
        name = f"assignment{n}.ipynb"
        row += [stored(name, student, 12) if name in student.files else None, *score]
    if variant.old_matrix:
        words = {"unanswered": None, "right": "Right", "wrong": "Wrong"}
        row += [words[mark] for mark in student.marks] or [None] * 3
    else:
        for wanted in ("unanswered", "right", "wrong"):
            chosen = [text for text, mark in zip(STATEMENTS, student.marks, strict=False) if mark == wanted]
            row.append(", ".join(chosen) or None)
    row += score
    return row + (["+", None, "-", None] if student is ANNA else [None] * 4) + score
