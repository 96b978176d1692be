"""The words of reports in a language: the templates are written in English, catalogues translate them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any

from markupsafe import Markup, escape

from grader.course_texts import CourseTexts, Said
from grader.reporting import text

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de")


@dataclass(frozen=True, eq=False)
class Language:
    """A language of reports.

    Attributes:
        code: ``en`` or ``de``; the page's ``lang``.
        words: English words of templates → theirs; ``{name}`` stands for a value.
        sentences: What the grader says in English sentences, with ``{name}`` where they differ → theirs.
        decimal: The decimal mark.
    """

    code: str
    words: Mapping[str, str]
    sentences: Mapping[str, str]
    decimal: str = "."

    def __call__(self, words: str, /, **values: Any) -> Markup:
        """The words of a template in this language, with values that are made visible and escaped.

        Raises:
            KeyError: The catalogue lacks the words.
        """
        template = words if self.code == ENGLISH else self.words[words]
        shown = {name: text.visible(value) if type(value) is str else value for name, value in values.items()}
        return escape(template).format(**shown)  # Markup.format escapes the values

    def count(self, number: int, one: str, many: str, **values: Any) -> Markup:
        """``one`` for a single thing, else ``many``; ``{number}`` is the count."""
        return self(one if number == 1 else many, number=number, **values)

    def sentence(self, said: str) -> Said:
        """A sentence of the grader in this language; one that no catalogue knows stays as it is."""
        if self.code == ENGLISH:
            return Said(said, True)
        if said in self.sentences and "{" not in said:
            return Said(self.sentences[said], True)
        for before, pattern, template in self._patterns:
            # most sentences begin otherwise, which is told in no time
            hit = pattern.fullmatch(said) if said.startswith(before) else None
            if hit:
                return Said(_filled(template, hit.groupdict()), True)
        return Said(said, False)

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str], str]]:
        """What a sentence with values begins with, what it looks like, and its translation."""
        return [
            (english.partition("{")[0], _pattern(english), theirs)
            for english, theirs in self.sentences.items()
            if "{" in english
        ]

    def plain(self, said: str) -> str:
        """A sentence of the grader or of a rubric in this language, as text for attributes and labels."""
        return self.sentence(said).text

    def number(self, figure: str) -> str:
        """A number as text, with this language's decimal mark."""
        return figure.replace(".", self.decimal)

    def points(self, value: float) -> str:
        """Points for people."""
        return self.number(text.points(value))

    def percent(self, part: float, whole: float) -> str:
        """``52%``, in German with a thin space."""
        figure = text.percent(part, whole)
        return figure if self.code == ENGLISH else figure.replace("%", "\N{NARROW NO-BREAK SPACE}%")

    def duration(self, seconds: float) -> str:
        """``5 min 12 s``; hours are ``Std.`` in German."""
        figure = text.duration(seconds)
        return figure if self.code == ENGLISH else figure.replace(" h", " Std.")


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Not ``str.format``: the values are strangers' text and may hold braces."""
    return re.sub(r"\{(\w+)\}", lambda hit: values[hit.group(1)], template)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    body = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(body, re.DOTALL)


@lru_cache(maxsize=8)
def language_of(code: str, texts: CourseTexts | None) -> Language:
    """A language with the sentences of a course.

    Raises:
        ValueError: There is no catalogue for it.
    """
    found = language(code)
    if texts is None or texts.other is None:
        return found
    return replace(found, sentences={**found.sentences, **texts.other.sentence})


@cache
def language(code: str) -> Language:
    """A language by its code.

    Raises:
        ValueError: There is no catalogue for it.
    """
    if code not in LANGUAGES:
        message = f"reports are written in {', '.join(LANGUAGES)}, not in {code!r}"
        raise ValueError(message)
    if code == ENGLISH:
        return Language(code, {}, {})
    path = resources.files("grader.reporting").joinpath("catalogues", f"{code}.toml")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Language(code, data["words"], data["sentences"], decimal=data["decimal"])
