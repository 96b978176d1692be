"""The gradebook's tables.

Nothing in them is changed in place but what says so: marks, results and events are added to, so that the history of
every point can be told.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A time with its zone, kept as UTC also by databases that know no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Of all tables."""

    metadata = MetaData(naming_convention=NAMES)


class ClassRow(Base):
    """A class: what one folder of reports is about."""

    __tablename__ = "class"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(500), unique=True)


class StudentRow(Base):
    """A student of a class; ``alias`` is shown where names are hidden, ``seen_in`` is the last run with an upload."""

    __tablename__ = "student"
    __table_args__ = (UniqueConstraint("class_id", "name"), UniqueConstraint("class_id", "alias", name="uq_alias"))
    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"))
    name: Mapped[str] = mapped_column(String(500))
    alias: Mapped[str] = mapped_column(String(40))
    seen_in: Mapped[int | None] = mapped_column(Integer)


class RunRow(Base):
    """A run of a command that computed or changed something; ``ended_at`` is empty when it was killed."""

    __tablename__ = "run"
    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"), index=True)
    command: Mapped[str] = mapped_column(String(40))
    options: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    summary: Mapped[str] = mapped_column(Text, default="")


class SubmissionRow(Base):
    """What a student uploaded, an attempt a row; ``record`` is all of it but the files."""

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("student_id", "content"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"))
    content: Mapped[str] = mapped_column(String(64))
    number: Mapped[int] = mapped_column(Integer)
    record: Mapped[str] = mapped_column(Text)
    first_seen_at: Mapped[datetime] = mapped_column(Moment)
    last_seen_at: Mapped[datetime] = mapped_column(Moment)


class DecisionRow(Base):
    """What was decided of a question by some version of the code, for the journal of some execution."""

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("journal", "question", "digest"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    journal: Mapped[str] = mapped_column(String(64))
    question: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    decided: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Moment)


class ResultRow(Base):
    """A student's result; the last one of a submission counts.

    ``fingerprint`` is a hash of everything that it was made of.
    """

    __tablename__ = "result"
    __table_args__ = (Index("ix_result_submission", "submission_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    journals: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text)
    points: Mapped[float] = mapped_column(Float)
    status: Mapped[str] = mapped_column(String(20))
    made_at: Mapped[datetime] = mapped_column(Moment)


class MarkRow(Base):
    """A person's mark; the last one of a role that was not taken back counts.

    ``marked`` is the hash of what was marked; ``source`` is where the mark came from (``command``, ``file``, ``csv``,
    ``review``); ``role`` is ``first`` or ``second`` marker.
    """

    __tablename__ = "mark"
    __table_args__ = (Index("ix_mark_student", "student_id", "question", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("student.id"))
    question: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(10), default="first")
    points: Mapped[float | None] = mapped_column(Float)
    criteria: Mapped[str] = mapped_column(Text, default="{}")
    comment: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(20))
    marked: Mapped[str] = mapped_column(String(64), default="")
    made_at: Mapped[datetime] = mapped_column(Moment)
    taken_back_at: Mapped[datetime | None] = mapped_column(Moment)
    taken_back_by: Mapped[str] = mapped_column(String(200), default="")


class CommentRow(Base):
    """A comment that markers use again."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_question", "class_id", "question"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"))
    question: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    uses: Mapped[int] = mapped_column(Integer, default=0)


class EventRow(Base):
    """Something that happened to a student's marks, for the history."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"), index=True)
    at: Mapped[datetime] = mapped_column(Moment)
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(40))
    student: Mapped[str] = mapped_column(String(500), default="")
    question: Mapped[str] = mapped_column(String(40), default="")
    before: Mapped[str] = mapped_column(Text, default="")
    after: Mapped[str] = mapped_column(Text, default="")
