"""docs/platforms.md, section Imports: its names, examples and transcript."""

import re
from pathlib import Path

import yaml

from grader.cli.main import call
from grader.intake import PLATFORM_NAMES
from grader.intake.platforms import pattern
from grader.intake.platforms.questions import QuestionMap
from tests.intake.platforms.classroom import QUESTIONS, place
from tests.intake.platforms.openolat_export import openolat

PAGE = Path(__file__).parents[3] / "docs" / "platforms.md"
SECTION = PAGE.read_text("utf-8").partition("\n## Imports\n")[2].partition("\n## Exports\n")[0]


def test_the_table_has_every_platform_in_the_order_of_detection():
    rows = re.findall(r"^\| `([a-z][a-z-]*)` \|", SECTION, re.MULTILINE)
    auto, neutral, *platforms = PLATFORM_NAMES
    assert (auto, neutral) == ("auto", "neutral")
    assert rows == [*platforms, neutral]


def test_the_pattern_and_the_map_are_valid():
    expression = pattern.compiled(re.findall(r"--pattern '(.*)'", SECTION)[0])
    assert expression.search("Müller_amuell_20210618T093312_a1.ipynb")["student_id"] == "amuell"
    entries = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)[0])
    known = QuestionMap(QUESTIONS, entries)
    assert [known.find([title]) for title in entries] == ["1a", "1b", ""]


def test_titles_of_the_page_are_understood():
    titles = re.findall(r"\(`(.*?)`, `(.*?)`, `(.*?)`\)", SECTION)[0]
    assert {QuestionMap(QUESTIONS).find([title]) for title in titles} == {"1a"}


def test_the_transcript_is_what_is_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    place(tmp_path, openolat(), "zip", "openolat_results")
    command, *shown = re.findall(r"```console\n\$ (grade import .*?)\$ grade submissions", SECTION, re.DOTALL)[
        0
    ].splitlines()
    assert call(command.split()[1:]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert all(line in printed for line in shown if line != "…")
    for name in ("students.csv", "import-notes.txt", "amuell/answers.yaml", "amuell/answers.raw.yaml"):
        assert (tmp_path / "submissions" / name).is_file()
