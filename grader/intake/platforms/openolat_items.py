"""The test itself in an OpenOlat export: titles, kinds and statements of its items."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from grader.errors import ArchiveError
from grader.intake.names import collision_key
from grader.intake.platforms.people import Desk
from grader.intake.platforms.tree import Parts
from grader.intake.platforms.xml import children, descendants, local, read_xml, text_of

_TEST_FOLDER = re.compile(r"test\d+$", re.IGNORECASE)
_PLACES = ("unanswered", "right", "wrong")
_WORDS = {
    "unanswered": (
        "unanswered",
        "unbeantwortet",
        "sans réponse",
        "non risposto",
        "senza risposta",
        "nicht beantwortet",
    ),
    "right": ("right", "richtig", "correct", "vrai", "juste", "vero", "giusto", "corretto", "wahr", "true"),
    "wrong": ("wrong", "falsch", "incorrect", "faux", "falso", "sbagliato", "errato", "false"),
}


@dataclass(frozen=True)
class Item:
    """An item of a test.

    Attributes:
        identifier: As result reports name it.
        title: Shown to candidates.
        rich_text: Whether essays are HTML; None when the item does not say.
        statements: Identifiers of the statements of a true/false matrix or Kprim, in their order.
        texts: Texts of these statements.
        targets: Identifier of a target → ``right``, ``wrong`` or ``unanswered``.
        choices: Identifier → text of the choices of a single or multiple choice.
        number: Place in the test, from 1.
    """

    identifier: str
    title: str
    rich_text: bool | None = None
    statements: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    targets: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    number: int = 0


def read_items(desk: Desk, base: Parts) -> dict[str, Item]:
    """The items of the tests beside a ``userdata`` folder, by identifier.

    Args:
        desk: The class.
        base: The folder that holds ``userdata``.
    """
    items: dict[str, Item] = {}
    for folder in desk.tree.subfolders(base):
        if _TEST_FOLDER.match(folder[-1]):
            items |= _read_test(desk, folder)
    return items


def _read_test(desk: Desk, folder: Parts) -> dict[str, Item]:
    documents: dict[str, Element] = {}
    for name, path in desk.tree.below(folder).items():
        if name[-1].lower().endswith(".xml"):
            try:
                documents["/".join(name)] = read_xml(path)
            except ArchiveError as error:
                desk.note(f"Not read: {error.args[0]}.", name[-1])
    items: dict[str, Item] = {}
    for place, test in documents.items():
        if local(test) != "assessmentTest":
            continue
        for number, reference in enumerate(descendants(test, "assessmentItemRef"), start=1):
            href = posixpath.normpath(posixpath.join(posixpath.dirname(place), reference.get("href", "")))
            identifier, document = reference.get("identifier", ""), documents.get(href)
            if document is not None and local(document) == "assessmentItem":
                items[identifier] = _item(identifier, document, number)
    return items


def _item(identifier: str, document: Element, number: int) -> Item:
    title = " ".join(document.get("title", "").split())
    for element in document.iter():
        kind = local(element)
        if kind == "extendedTextInteraction":
            style = (element.get("format", ""), element.get("class", ""))
            rich = None if style == ("", "") else "html" in " ".join(style).lower() or "rich" in style[1].lower()
            return Item(identifier, title, rich, number=number)
        if kind == "matchInteraction":
            return _matrix(identifier, title, element, number)
        if kind == "choiceInteraction":
            choices = {c.get("identifier", ""): text_of(c) for c in descendants(element, "simpleChoice")}
            return Item(identifier, title, choices=choices, number=number)
    return Item(identifier, title, number=number)


def _matrix(identifier: str, title: str, element: Element, number: int) -> Item:
    sets = [list(children(one, "simpleAssociableChoice")) for one in children(element, "simpleMatchSet")]
    statements, targets = [*sets, [], []][:2]
    return Item(
        identifier,
        title,
        statements=tuple(choice.get("identifier", "") for choice in statements),
        texts=tuple(text_of(choice) for choice in statements),
        targets=_targets([(choice.get("identifier", ""), text_of(choice)) for choice in targets]),
        number=number,
    )


def _targets(targets: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What each target means: by its identifier, else its text, else its place among three."""
    found: dict[str, str] = {}
    for place, (identifier, text) in enumerate(targets):
        meaning = meaning_of(re.sub(r"[\d_]+$", "", identifier)) or meaning_of(text)
        if meaning is None and len(targets) == len(_PLACES):
            meaning = _PLACES[place]
        if meaning is not None:
            found[identifier] = meaning
    return found


def meaning_of(word: str, *, whole: bool = False) -> str | None:
    """``right``, ``wrong`` or ``unanswered`` for a target's word in a language of OpenOlat, or None.

    Args:
        word: Text or identifier of the target.
        whole: Whether nothing may follow the word.
    """
    word = collision_key(word).strip().rstrip(".")
    if word in {"+", "-"}:
        return "right" if word == "+" else "wrong"
    fits = word.__eq__ if whole else word.startswith
    return next((meaning for meaning, words in _WORDS.items() if any(map(fits, words))), None)
