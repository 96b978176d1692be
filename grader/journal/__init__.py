"""Run once, score many: what was asked of a kernel, kept so that rubrics can be asked again without it."""

from grader.journal.kernel import RecordedKernel, RecordingKernel
from grader.journal.key import digest, environment, file_digest, files_digest, notebook_digest
from grader.journal.store import JournalStore, storage_errors
from grader.journal.types import Entry, Head, Journal, Recording

__all__ = [
    "Entry",
    "Head",
    "Journal",
    "JournalStore",
    "RecordedKernel",
    "Recording",
    "RecordingKernel",
    "digest",
    "environment",
    "file_digest",
    "files_digest",
    "notebook_digest",
    "storage_errors",
]
