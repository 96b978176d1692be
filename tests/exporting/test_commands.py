"""The commands: what they print, their exit statuses, and that the documentation's examples run."""

import re
import shlex
import zipfile
from pathlib import Path

import pytest

from grader.cli.export import export
from grader.cli.main import call
from tests.exporting import making, test_blackboard, test_canvas, test_ilias, test_moodle

PAGE = Path(__file__).parents[2] / "docs" / "platforms.md"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder as a teacher has it: reports of two students and what was downloaded from platforms."""
    monkeypatch.chdir(tmp_path)
    making.people(tmp_path / "reports", making.ANNA, making.JOSE)
    (tmp_path / "worksheet.csv").write_text(test_moodle.ENGLISH, "utf-8")
    (tmp_path / "gradebook.csv").write_text(test_canvas.GRADEBOOK, "utf-8")
    (tmp_path / "blackboard.xls").write_bytes(test_blackboard.CSV.encode("utf-16"))
    letter = re.search(r"```\n(Subject:.*?)```", _section(), re.DOTALL)[1]
    (tmp_path / "letter.txt").write_text(letter, "utf-8")
    test_ilias.structure(tmp_path / "structure.zip", ["Mueller_Anna-Lena_amuell_301", "Lukasz_Jose_jlukas_302"])
    return tmp_path


def _section():
    return PAGE.read_text("utf-8").partition("\n## Exports\n")[2].partition("\n## ")[0]


def _transcript():
    """Commands of the section with the lines that they print there."""
    examples = []
    for block in re.findall(r"```console\n(.*?)```", _section(), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                examples.append((line[2:], []))
            else:
                examples[-1][1].append(line)
    return examples


def test_the_examples_of_the_page_do_what_it_says(desk, capsys):
    examples = _transcript()
    for line, said in examples:
        program, *arguments = shlex.split(line)
        assert program == "grade"
        status = call(arguments)
        printed = capsys.readouterr()
        assert status == 0, f"{line}: {printed.out}{printed.err}"
        out = desk / arguments[arguments.index("--out") + 1]
        assert any(out.iterdir()) if out.is_dir() else out.stat().st_size
        assert not said or printed.out.splitlines() == said


def test_every_command_has_an_example():
    used = {tuple(shlex.split(line)[1:3]) for line, _ in _transcript()}
    assert {name for first, name in used if first == "export"} == set(export.commands)
    assert {first for first, _ in used} == {"export", "publish", "mail"}


def test_every_option_of_the_page_is_one(desk, capsys):
    for name in export.commands:
        assert call(["export", name, "--help"]) == 0
    for name in ("publish", "mail"):
        assert call([name, "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert set(re.findall(r"`(--[a-z-]+)", _section())) <= known


def test_who_is_left_out_is_named_and_the_status_is_1(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    making.trio(tmp_path / "reports")
    assert call(["export", "openolat-bulk"]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("left out: wei: the result is provisional")
    assert printed[1] == "openolat-bulk.txt: 2 students, 1 left out"
    assert call(["export", "openolat-bulk", "--allow-provisional", "--force"]) == 0
    assert len((tmp_path / "openolat-bulk.txt").read_text().splitlines()) == 3


def test_a_strangers_name_gives_the_terminal_no_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    making.report(tmp_path / "reports", making.undecided("e\x1b[2Jvil\u202e"), "evil")
    assert call(["export", "csv"]) == 1
    printed = capsys.readouterr().out
    assert "left out: e�[2Jvil�: the result is provisional" in printed
    assert "Nothing was written: nobody is left." in printed
    assert not (tmp_path / "grades.csv").exists()


def test_nothing_is_replaced_without_force(desk, capsys):
    (desk / "grades.csv").write_text("mine")
    assert call(["export", "csv"]) == 2
    assert "there is something of this name already; nothing was written. Give another name" in capsys.readouterr().err
    assert (desk / "grades.csv").read_text() == "mine"
    assert call(["export", "csv", "--force"]) == 0
    assert "Anna-Lena" in (desk / "grades.csv").read_text("utf-8-sig")
    assert call(["publish", "--out", "reports"]) == 2
    assert call(["export", "gradescope", "--out", "grades.csv", "--force"]) == 2
    assert call(["export", "csv", "--out", "reports", "--force"]) == 2
    # The worksheet itself is something that is there, too.
    assert call(["export", "moodle-worksheet", "--worksheet", "worksheet.csv", "--out", "worksheet.csv"]) == 2


def test_what_cannot_be_written_leaves_nothing_behind(desk, capsys):
    (desk / "place").write_text("a file")
    assert call(["export", "csv", "--out", "place/grades.csv"]) == 2
    assert "place/grades.csv: cannot be written: " in capsys.readouterr().err
    (desk / "reports" / "josé" / "report.html").unlink()
    (desk / "reports" / "josé" / "report.html").mkdir()
    assert call(["publish", "--format", "zip", "--out", "out.zip"]) == 1
    with zipfile.ZipFile(desk / "out.zip") as archive:
        assert archive.namelist() == ["anna/report.html"]
    assert not [path for path in desk.iterdir() if path.name.endswith(".tmp")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "pdf"], "pdf"),
        (["export", "csv", "--reports", "none"], "expected reports as <student>/report.json, found none"),
        (["export", "canvas"], "--gradebook"),
        (["export", "xlsx", "--course", "none"], "expected a course pack"),
        (["publish", "--format", "ilias-feedback", "--out", "x.zip"], "expected the structure ZIP"),
        (
            ["publish", "--format", "openolat-return", "--with-json", "--out", "x.zip"],
            "expected the format folder or zip",
        ),
        (["mail", "--from", "nobody", "--out", "x"], "expected an address such as"),
    ],
)
def test_wrong_usage_is_told_with_status_2(desk, capsys, arguments, message):
    assert call(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (desk / "x").exists()


def test_published_formats_are_those_of_the_exports(desk):
    for name, options in (
        ("openolat-return", []),
        ("moodle-feedback", ["--worksheet", "worksheet.csv"]),
        ("ilias-feedback", ["--structure", "structure.zip"]),
    ):
        assert call(["export", name, *options, "--out", f"a-{name}.zip"]) == 0
        assert call(["publish", "--format", name, *options, "--out", f"b-{name}.zip"]) == 0
        with zipfile.ZipFile(desk / f"a-{name}.zip") as one, zipfile.ZipFile(desk / f"b-{name}.zip") as other:
            assert one.namelist() == other.namelist()


def test_words_of_another_course_are_not_used(desk, capsys):
    course = desk / "course"
    course.mkdir()
    text = (Path(__file__).parents[2] / "rubrics" / "course.toml").read_text("utf-8")
    (course / "course.toml").write_text(text.replace('id = "1a', 'id = "9a'), "utf-8")
    assert call(["mail", "--from", "dl@uni.example", "--course", "course", "--out", "mails"]) == 2
    assert "expected the course pack of these reports, found one with other questions" in capsys.readouterr().err
