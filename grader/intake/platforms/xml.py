"""XML of learning platforms: no network, no entities, bounded in size; elements by local names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from grader.errors import ArchiveError
from grader.intake.types import MIB

_LARGEST_BYTES = 32 * MIB


def read_xml(path: Path) -> Element:
    """The root of a document.

    Raises:
        ArchiveError: It cannot be read; the message completes "it is not read: …".
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            message = f"larger than {_LARGEST_BYTES // MIB} MiB"
            raise ArchiveError(message)
        root: Element = fromstring(path.read_bytes(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        message = f"not valid XML ({str(error)[:100] or type(error).__name__})"
        raise ArchiveError(message) from error
    except OSError as error:
        raise ArchiveError(error.strerror or str(error)) from error
    return root


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Element, name: str) -> Iterator[Element]:
    """The direct children with a local name."""
    return (child for child in element if local(child) == name)


def descendants(element: Element, name: str) -> Iterator[Element]:
    """All elements below with a local name, in the order of the document."""
    return (child for child in element.iter() if local(child) == name)


def text_of(element: Element) -> str:
    """All text in an element, blanks joined."""
    return " ".join("".join(element.itertext()).split())
