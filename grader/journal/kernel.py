"""Kernels that write a journal, and kernels that answer from one."""

from __future__ import annotations

from collections import defaultdict, deque

from grader.errors import JournalMissError, KernelUnavailableError
from grader.journal.types import Entry, Recording
from grader.probe.types import Answer, Kernel, Request

MAX_RECORDED_MIB = 512
"""Arrays of one recording; what comes after them is answered but not kept, and needs the kernel again."""


class RecordingKernel:
    """Passes questions on and keeps the answers.

    Args:
        kernel: The live one.
        limit_mib: Size of the arrays that are kept.
    """

    def __init__(self, kernel: Kernel, limit_mib: int = MAX_RECORDED_MIB) -> None:
        self._kernel = kernel
        self._left_bytes = limit_mib * 2**20
        self._entries: list[Entry] = []

    def ask(self, request: Request) -> Answer:
        """Asks the kernel.

        Raises:
            KernelUnavailableError: As the kernel itself does; that is kept, too.
        """
        try:
            answer = self._kernel.ask(request)
        except KernelUnavailableError as fault:
            self._entries.append(Entry(request.key, request.verb, None, str(fault.args[0])))
            raise
        self._left_bytes -= sum(array.nbytes for array in answer.tensors.values())
        if self._left_bytes >= 0:
            self._entries.append(Entry(request.key, request.verb, answer))
        return answer

    def recording(self, questions: tuple[str, ...] = ()) -> Recording:
        """What was asked until now."""
        return Recording(tuple(self._entries), questions)


class RecordedKernel:
    """Answers from a recording as the live kernel did.

    A question that was asked several times gets its answers in their order, then the last one again.

    Attributes:
        misses: Questions that the recording has no answer to, a line each; whoever scored with this kernel must look,
            because a rubric may have caught the error.
    """

    def __init__(self, recording: Recording) -> None:
        self._answers: dict[str, deque[Entry]] = defaultdict(deque)
        for entry in recording.entries:
            self._answers[entry.key].append(entry)
        self.misses: list[str] = []

    def ask(self, request: Request) -> Answer:
        """Answers from the recording.

        Raises:
            JournalMissError: The live kernel was not asked this.
            KernelUnavailableError: The live kernel was gone when it was asked this.
        """
        found = self._answers.get(request.key)
        if not found:
            self.misses.append(f"{request.verb} {request.key}")
            raise JournalMissError(f"The journal holds no answer to this question ('{request.verb}').")
        entry = found[0] if len(found) == 1 else found.popleft()
        if entry.answer is None:
            raise KernelUnavailableError(entry.unavailable)
        return entry.answer
