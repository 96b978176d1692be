"""F-strings of Python 3.12 run on any Python, and no other source changes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grader.intake.fstrings import portable
from tests.intake.making import messages, notebook, read_student, sources

HERE = Path(__file__).resolve().parents[2]
NEW = {
    "f'{d['a']}'": "1",
    'f"{d["a"]:>{d["w"]}} of {len(d["b"])}"': "   1 of 2",
    "f'loss {d['a']:.3f}, it\\'s \"fine\" {d['b'][0]!r}'": "loss 1.000, it's \"fine\" 'x'",
    "f\"{'\\n'.join(d['b'])}\"": "x\ny",
    'f"{f"{f"{1 + 1}"}"}"': "2",
    "f'{d[\n  'a'\n]}'": "1",
    "f'{ {k: v for k, v in [('q', 1)]}['q'] }'": "1",
    "f'{d['a'] != 2}{{d}}'": "True{d}",
    "rf'{d['a']}\\d'": "1\\d",
    "f'{d['a'] if d['b'] else \"none\"}'": "1",
    "f'{(lambda: d['a'])()}'": "1",
    "f'''{d['a']}''' f'{d['b'][1]}'": "1y",
}


@pytest.mark.parametrize("source", NEW)
def test_what_only_newer_pythons_read_is_read_by_all(source: str) -> None:
    made = portable(source)
    # What this Python may read anyway must be what an older one reads, too: no quote, backslash or line end inside.
    tree = ast.parse(made, mode="eval")
    value = eval(compile(tree, "cell", "eval"), {"d": {"a": 1, "w": 4, "b": ["x", "y"]}})
    assert value == NEW[source]
    assert made.count("\n") == source.count("\n")
    assert portable(made) == made


def test_a_cell_around_it_stays() -> None:
    source = (
        "%matplotlib inline\n# it's a comment with f'{d['x']}\nx = 'f{'\n"
        "print(f'Epoch {e}: {len(loaders['train'])}')  # d['x']\n"
    )
    assert portable(source) == source.replace(
        "f'Epoch {e}: {len(loaders['train'])}'", "f\"Epoch {e}: {len(loaders['train'])}\""
    )


@pytest.mark.parametrize(
    "source",
    [
        "f'{x",
        "f'{x}",
        "f'{'",
        "f'{a['x'",
        "don't f'{x}'",
        "f'" + "{" * 5_000,
        "f'{" + "(" * 50_000,
        "f'{f'{f'{f'{f'{f'{f'{f'{f'{1}'}'}'}'}'}'}'}'}'",
        "!echo f'{'",
        "f'{x:%Y-%m-%d}' f\"{x!r:>{w}.{p}f}\" f'{{}}' f'{x=}' f'{a != b}' f'{a:=^9}'",
        "x = {'a': f\"{y['b']}\"}  # {f'}",
        "rb'\\x00' + Rb\"f'{\" + u'f'",
        "f'''{x['a']} \"quoted\" ''' + f\"it's {x}\"",
    ],
)
def test_all_else_stays_as_it_is(source: str) -> None:
    assert portable(source) == source


def test_this_projects_own_sources_stay() -> None:
    files = [path for room in ("grader/intake", "grader/reporting", "rubrics") for path in (HERE / room).glob("*.py")]
    assert len(files) > 40
    changed = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        if portable(text) != text:
            changed.append(path.name)
    assert not changed


def test_a_notebook_is_read_with_them_and_says_so(tmp_path: Path) -> None:
    submission = read_student(tmp_path, {"assignment1.ipynb": notebook("d = {'a': 1}\nprint(f'{d['a']}')")})
    assert sources(submission)["1"] == ["d = {'a': 1}\nprint(f\"{d['a']}\")"]
    assert any("f-strings that only Python 3.12 reads" in message for message in messages(submission))
