"""``input()`` and ``getpass()`` where nobody can type."""

from __future__ import annotations

import builtins
import os
import re
from typing import Any

from .patching import replace, when_imported
from .provision import Provision

_MOST_ANSWERS = 50
"""A loop that asks until it likes the answer must end."""


def install(provision: Provision) -> None:
    """Answers prompts with something plausible; after fifty of them, as if the input had ended."""
    asked = [0]

    def answer(prompt: Any = "") -> str:
        asked[0] += 1
        if asked[0] > _MOST_ANSWERS:
            raise EOFError("nobody types while grading")
        text = _plausible(provision, str(prompt))
        provision.note(e="input", prompt=str(prompt), answer=text)
        print(f"{prompt}{text}")
        return text

    builtins.input = answer

    def patch(module: Any) -> None:
        replace(module.Kernel, "raw_input", lambda original: lambda self, prompt="": answer(prompt))
        replace(module.Kernel, "getpass", lambda original: lambda self, prompt="", stream=None: "")

    when_imported("ipykernel.kernelbase", patch)


def _plausible(provision: Provision, prompt: str) -> str:
    """A file's name, a person's name or a number, whichever the prompt seems to ask for."""
    if re.search(r"(?i)image|picture|photo|file|path|bild", prompt):
        offer = provision.of_kind("picture") or provision.of_kind("table")
        return os.path.basename(offer.path) if offer else ""
    return "Anna" if re.search(r"(?i)name", prompt) else "1"
