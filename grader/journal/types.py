"""What a journal holds: the executed notebook and every question to its kernel with its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from grader.notebook import ExecutedNotebook
from grader.probe.types import Answer


@dataclass(frozen=True)
class Entry:
    """A question to a kernel and what came back.

    Attributes:
        key: ``Request.key``.
        verb: ``Request.verb``, for people who read a journal.
        answer: The answer, or None when the kernel was gone.
        unavailable: Why there is no answer, or ``""``.
    """

    key: str
    verb: str
    answer: Answer | None
    unavailable: str = ""


@dataclass(frozen=True)
class Recording:
    """The questions that one live kernel was asked, in order.

    Attributes:
        entries: What was asked and answered; equal questions may occur again, with other answers.
        questions: Ids of the exam's questions that were scored with this kernel; empty for all that no later recording
            names.
    """

    entries: tuple[Entry, ...]
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Head:
    """What a report needs of an execution.

    Attributes:
        key: Hash of what went in: notebook, files, data, environment, seed.
        executed: How the cells went.
        facts: JSON data on how it came about: the parts of the key, limits, sandbox.
        limited: Whether a limit of time, memory or output shaped the execution.
    """

    key: str
    executed: ExecutedNotebook
    facts: Mapping[str, Any] = field(default_factory=dict)
    limited: bool = False


@dataclass(frozen=True)
class Journal:
    """All that is known of one execution of a notebook.

    Attributes:
        head: The execution.
        recordings: One a kernel; the first is of the execution itself.
    """

    head: Head
    recordings: tuple[Recording, ...]

    def recording(self, question: str) -> Recording:
        """The recording that a question was scored with last."""
        own = [recording for recording in self.recordings if question in recording.questions]
        return own[-1] if own else self.recordings[0]

    def with_recording(self, recording: Recording) -> Journal:
        """The journal with a further kernel's recording."""
        return replace(self, recordings=(*self.recordings, recording))
