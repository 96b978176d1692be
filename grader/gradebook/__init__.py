"""The gradebook: what was handed in, decided and marked, with its history. SQLite, or any database by its URL."""

from grader.gradebook.book import Gradebook, Run, now
from grader.gradebook.database import Database
from grader.gradebook.marks import MarkBook
from grader.gradebook.values import Event, FileRecord, Provenance, Record, Stored, StoredMark, StoredResult

__all__ = [
    "Database",
    "Event",
    "FileRecord",
    "Gradebook",
    "MarkBook",
    "Provenance",
    "Record",
    "Run",
    "Stored",
    "StoredMark",
    "StoredResult",
    "now",
]
