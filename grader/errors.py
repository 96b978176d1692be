"""The tree of exceptions, ordered by whose fault something is.

    GraderError
    ├── UserError              wrong usage or configuration; ends the command (exit status 2)
    │   ├── UsageError         a wrong argument or option
    │   │   └── ConflictError  somebody else changed it meanwhile
    │   └── CourseError        a course pack that does not validate
    ├── SubmissionError        a fault in what a student uploaded; graded and reported, never raised to the top
    │   ├── ArchiveError       an archive that is damaged, hostile or encrypted
    │   └── NotebookError      a notebook that cannot be read
    ├── RubricError            a rubric module broke; the question becomes ``review``
    │   └── ProbeError         a probe was asked wrongly or answered with something that breaks the schema
    └── InfrastructureError    the machine failed; retried, then ``review``
        ├── SandboxUnavailableError   no engine, image, binary or right to use it
        ├── SandboxError              a sandbox that was available failed
        ├── KernelUnavailableError    the kernel is gone, so nothing can be asked any more
        │   └── JournalMissError       a journal holds no answer to this question
        └── StorageError              a journal or the gradebook cannot be read or written

A fault of ours (``RubricError``, ``InfrastructureError``) never costs a student points.
"""

from __future__ import annotations


class GraderError(Exception):
    """Base of everything that Grader raises on purpose.

    Attributes:
        hint: The next step for the reader, or an empty string.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.hint}".rstrip() if self.hint else message


class UserError(GraderError):
    """The person at the command line can mend it."""


class UsageError(UserError):
    """An argument or option is wrong."""


class ConflictError(UsageError):
    """Somebody else changed what was to be changed."""


class CourseError(UserError):
    """The course pack does not validate."""


class SubmissionError(GraderError):
    """Something in a student's upload cannot be used."""


class ArchiveError(SubmissionError):
    """An archive is damaged, hostile or encrypted."""


class NotebookError(SubmissionError):
    """A notebook cannot be read."""


class RubricError(GraderError):
    """A rubric module broke its contract."""


class ProbeError(RubricError):
    """A probe was asked wrongly, or its answer breaks the schema."""


class InfrastructureError(GraderError):
    """The machine, the engine or the sandbox failed."""


class SandboxUnavailableError(InfrastructureError):
    """The wanted sandbox cannot be had on this machine."""


class SandboxError(InfrastructureError):
    """A sandbox that was available failed."""


class KernelUnavailableError(InfrastructureError):
    """The kernel is gone: no probe can be answered any more."""


class JournalMissError(KernelUnavailableError):
    """A recorded kernel was asked something that it was not asked when it lived."""


class StorageError(InfrastructureError):
    """A journal or the gradebook cannot be read or written: full disk, missing rights, a lock that does not open."""
