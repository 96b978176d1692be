"""The sample class, packed as two platforms pack it, ends in what its own folders say."""

import html
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from grader.course import load_course
from grader.intake import AssignmentHint, read_submissions
from grader.rubric_modules import bundled_course
from tests.intake.making import sources
from tests.intake.platforms.classroom import place

SAMPLE = Path(__file__).parents[3] / "submissions"
COURSE = load_course(bundled_course())
QUESTIONS = {question.id: question.title for question in COURSE.questions()}
HINTS = [AssignmentHint(one.id, one.names, one.content) for one in COURSE.assignments if one.notebook]
CARRIAGE_RETURN = {"\r": "&#13;"}
MARKED = {question.id for question in COURSE.questions() if question.kind == "choice"}


def read(source, workspace):
    intake = read_submissions(source, workspace, HINTS, questions=QUESTIONS)
    # Platforms keep no blanks at the ends of lines.
    return {
        submission.student: (
            sources(submission),
            {
                question: answer if isinstance(answer, list) else [line.rstrip() for line in answer.splitlines()]
                for question, answer in submission.answers.items()
                if answer
            },
        )
        for submission in intake.submissions
    }


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return read(SAMPLE, tmp_path_factory.mktemp("sample") / "work")


def uploads():
    for folder in sorted(path for path in SAMPLE.iterdir() if path.is_dir()):
        yield folder.name, {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in {".ipynb", ".zip"}}


def moodle(sample):
    files = {}
    for student, own in uploads():
        base = f"{student}_{len(files) + 1}_assignsubmission_"
        answers = sample[student][1] if not any(name.endswith(".zip") for name in own) else {}
        lines = [
            f"{question}: {', '.join(answer) if question in MARKED else chr(10).join(answer)}"
            for question, answer in answers.items()
        ]
        text = "".join(f"<p>{html.escape(line)}</p>" for line in "\n".join(lines).split("\n"))
        files |= {f"{base}file/{name}": content for name, content in own.items()}
        files[f"{base}onlinetext/onlinetext.html"] = text.encode()
    return files


def openolat(sample):
    files = {}
    for number, (student, own) in enumerate(uploads()):
        base = f"Results/userdata/{student}/Attempt_1/"
        answers = sample[student][1] if not any(name.endswith(".zip") for name in own) else {}
        items = [
            ("essay", question, "string", ["\r\n".join(answer).replace("\r\n\r\n\r\n", "\r\n\r\n")])
            for question, answer in answers.items()
            if question not in MARKED
        ]
        items += [
            ("match", question, "directedPair", [f"s{n} {mark}7" for n, mark in enumerate(answer)])
            for question, answer in answers.items()
            if question in MARKED
        ]
        for n, name in enumerate(own):
            stored = f"{Path(name).stem}_20210618T09331{n}{Path(name).suffix}"
            files[f"{base}submissions/{stored}"] = own[name]
            items.append(("upload", f"upload {n}", "file", [f"/olatdata/{stored}"]))
        files[f"{base}{number}.xml"] = report(items)
    for question in [*QUESTIONS, *(f"upload {n}" for n in range(3))]:
        files |= item(question, sample)
    refs = "".join(f'<assessmentItemRef identifier="i{q}" href="i{q}.xml"/>' for q in QUESTIONS)
    files["Results/test12/test.xml"] = f"<assessmentTest>{refs}</assessmentTest>".encode()
    return files


def report(items):
    text = ""
    for _, question, kind, values in items:
        given = "".join(f"<value>{escape(value, CARRIAGE_RETURN)}</value>" for value in values)
        text += (
            f'<itemResult identifier="i{question}"><responseVariable identifier="RESPONSE_1" baseType="{kind}">'
            f"<candidateResponse>{given}</candidateResponse></responseVariable></itemResult>"
        )
    return f"<assessmentResult>{text}</assessmentResult>".encode()


def item(question, sample):
    if question not in QUESTIONS:
        return {}
    length = max((len(answers[question]) for _, answers in sample.values() if question in answers), default=0)
    rows = "".join(f'<simpleAssociableChoice identifier="s{n}"/>' for n in range(length))
    targets = "".join(f'<simpleAssociableChoice identifier="{w}7"/>' for w in ("unanswered", "right", "wrong"))
    sets = f"<simpleMatchSet>{rows}</simpleMatchSet><simpleMatchSet>{targets}</simpleMatchSet>"
    body = (
        f"<matchInteraction>{sets}</matchInteraction>"
        if question in MARKED
        else '<extendedTextInteraction format="plain"/>'
    )
    return {f"Results/test12/i{question}.xml": f'<assessmentItem title="{question} x">{body}</assessmentItem>'.encode()}


@pytest.mark.parametrize("build", [moodle, openolat], ids=lambda build: build.__name__)
def test_the_sample_class_survives_a_platform(tmp_path, sample, build):
    imported = read(place(tmp_path, build(sample), "zip"), tmp_path / "work")
    assert len(imported) == len(sample) == 12
    zipped = {"sophie"}  # her answers lie in her ZIP, below the folder of a question
    for student, (code, answers) in sample.items():
        found = imported[student]
        assert found[0] == code, student
        assert student in zipped or found[1] == answers, student
