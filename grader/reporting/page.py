"""Templates that cannot be tricked: everything is escaped, nothing is loaded, only our own style and script run."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from grader.reporting import text
from grader.reporting.language import Language
from grader.reporting.language import language as find_language


def render(template: str, style: str, script: str = "", *, language: Language | None = None, **context: Any) -> str:
    """A self-contained page.

    Args:
        template: Name under ``templates/``.
        style: Name of its style sheet there.
        script: Name of its script there, or ``""``: then no script runs at all.
        language: Of the page; English when it is None.
        **context: What the template shows; every plain string is made visible and escaped.

    Raises:
        jinja2.UndefinedError: The template asks for something that ``context`` lacks.
    """
    css = _asset(style)
    js = _asset(script) if script else ""
    policy = [
        "default-src 'none'",
        "img-src data:",
        f"style-src '{_hash(css)}'",
        *([f"script-src '{_hash(js)}'"] if js else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    page = environment(language or find_language("en")).get_template(template)
    # The only unescaped parts are our own files, whose hashes the policy names.
    trusted = {"style": Markup(css), "script": Markup(js)}  # noqa: S704
    return page.render(policy="; ".join(policy), **trusted, **context)


@lru_cache(maxsize=8)
def environment(language: Language, also: str = "") -> Environment:
    """Templates in a language.

    Args:
        language: Of their words.
        also: A package whose ``templates`` are looked through first, or ``""``.
    """
    packages = [also, "grader.reporting"] if also else ["grader.reporting"]
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates") for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "points": language.points,
        "plain_points": text.plain_points,
        "percent": language.percent,
        "share": text.share,
        "duration": language.duration,
        "composed": text.composed,
        "clip": text.clip,
        "slug": text.slug,
        "with_code": _with_code,
    }
    made.globals |= {"t": language, "count": language.count}
    return made


_CODE = re.compile(r"`([^`\n]{1,200})`")


def _with_code(words: str) -> Markup:
    """Escaped text in which what stands between backticks is shown as code."""
    # Escaping leaves backticks alone and puts nothing between them that a browser would take for markup.
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text.visible(words)))))  # noqa: S704


def _finalize(value: Any) -> Any:
    """Runs on everything that a template prints; Markup (our own) passes, as do numbers."""
    if value is None:
        message = "a template printed None: expected text or a number"
        raise ValueError(message)
    return text.visible(value) if type(value) is str else value


@cache
def _asset(name: str) -> str:
    source = resources.files("grader.reporting").joinpath("templates", name).read_text(encoding="utf-8")
    # Browsers hash what stands between the tags after folding line ends.
    return "\n" + source.replace("\r\n", "\n")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
