"""``grade run --language`` and ``--reveal``: the students' pages change, the data do not."""

import json
from pathlib import Path

from grader.cli.main import call

ANSWERS = '1a: "Resize the image."\n4a: [right, right, unanswered, right, right]\n'


def graded(folder: Path, *options: str) -> tuple[str, dict]:
    student = folder / "class" / "ida"
    student.mkdir(parents=True, exist_ok=True)
    (student / "answers.yaml").write_text(ANSWERS, encoding="utf-8")
    out = folder / "-".join(["out", *options]).replace("--", "")
    assert call([str(folder / "class"), "--out", str(out), "--sandbox", "local", *options]) == 0
    page = (out / "ida" / "report.html").read_text(encoding="utf-8")
    data = json.loads((out / "ida" / "report.json").read_text(encoding="utf-8"))
    data.pop("duration_s")
    return page, data


def test_language_and_reveal_change_the_page_alone(tmp_path):
    english, data = graded(tmp_path)
    german, same = graded(tmp_path, "--language", "de", "--reveal")
    assert data == same
    assert data["assignments"][0]["questions"][2]["comments"] == ["No notebook uploaded"]
    assert '<html lang="en">' in english
    assert '<html lang="de">' in german
    assert "Kein Notebook hochgeladen" in german
    right = "belongs to the sigmoid", "gehört zum Sigmoid"
    assert not any(text in english for text in right)
    assert right[1] in german


def test_an_unknown_language_is_refused(tmp_path, capsys):
    assert call([str(tmp_path), "--language", "fr"]) == 2
    assert "'en', 'de'" in capsys.readouterr().err
