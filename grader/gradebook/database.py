"""Opening the database: SQLite beside the reports, or any other by its URL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from grader.errors import StorageError, UsageError
from grader.journal import storage_errors

MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_S = 60
"""How long a writer waits for another one."""
_UPGRADE_LOCK, _WRITE_LOCK = 7_260_471, 7_260_472
"""Of PostgreSQL, held while tables are made, and while they are written."""


class Database:
    """A database whose tables are up to date.

    Args:
        where: A file for SQLite, or a URL such as ``postgresql+psycopg://user@host/grader``.

    Raises:
        UsageError: The URL is none.
        StorageError: It cannot be opened or brought up to date.
    """

    def __init__(self, where: str | Path) -> None:
        self._url = _url(where)
        self.name = self._url.render_as_string(hide_password=True) if "://" in str(where) else str(where)
        if self._url.get_backend_name() == "sqlite":
            with storage_errors(Path(self.name)):
                Path(self._url.database or "").parent.mkdir(parents=True, exist_ok=True)
        try:
            self.engine = _engine(self._url)
        except (NoSuchModuleError, ImportError) as fault:
            message = f"--gradebook {self.name}: its driver is missing ({fault})."
            raise UsageError(message, hint="For PostgreSQL: pip install 'grader[postgresql]'.") from fault
        with self.errors():
            self._upgrade()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that changes nothing.

        Raises:
            StorageError: The database cannot be read.
        """
        with self.errors(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes something: all of it, or nothing when it ends with an error.

        Raises:
            StorageError: The database cannot be written.
        """
        with self.errors(), self.engine.connect() as plain:
            connection = plain.execution_options(grader_writes=True)
            with connection.begin():
                if self.engine.dialect.name == "postgresql":
                    # One writer at a time, as SQLite has it: what is looked up stays true until it is written.
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})"))
                yield connection

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turns errors of the database into messages that name the next step.

        Raises:
            StorageError: In place of any error of the database or the disk.
        """
        try:
            yield
        except SQLAlchemyError as fault:
            raise self._explained(fault) from fault
        except OSError as fault:
            raise StorageError(f"gradebook {self.name}: {fault.strerror or fault}.") from fault

    def close(self) -> None:
        """Ends all connections."""
        self.engine.dispose()

    def _upgrade(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        head = ScriptDirectory.from_config(config).get_current_head()
        with self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        if current == head:
            return
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            message = f"gradebook {self.name}: it was made by a newer version of Grader ({current})."
            raise StorageError(message, hint="Update Grader, or give another --gradebook.")
        with self._alone() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction while which no other process makes tables."""
        with contextlib.ExitStack() as stack:
            if self.engine.dialect.name == "sqlite":
                stack.enter_context(FileLock(f"{self._url.database}.lock"))
            connection = stack.enter_context(self.engine.connect()).execution_options(grader_writes=True)
            stack.enter_context(connection.begin())
            if self.engine.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
            yield connection

    def _explained(self, fault: SQLAlchemyError) -> StorageError:
        said = str(fault.orig) if isinstance(fault, DBAPIError) and fault.orig is not None else str(fault)
        where, low = f"gradebook {self.name}", said.lower()
        if "locked" in low or "busy" in low:
            message = f"{where}: another process has held it for {BUSY_S} s ({said})."
            return StorageError(message, hint="End that process, and give the same command again.")
        if "readonly" in low or "read-only" in low or "unable to open" in low:
            message = f"{where}: it cannot be written ({said})."
            return StorageError(message, hint="Check the rights of the file and its folder, or give --gradebook.")
        if "full" in low:
            return StorageError(f"{where}: the disk is full.", hint="Make room and give the same command again.")
        if "not a database" in low or "malformed" in low:
            message = f"{where}: it is damaged or no gradebook ({said})."
            return StorageError(message, hint="Restore it from a backup, or move it away; journals are kept.")
        return StorageError(f"{where}: {said[:500].strip()}.")


def _url(where: str | Path) -> URL:
    if "://" not in str(where):
        return URL.create("sqlite+pysqlite", database=str(Path(where).absolute()))
    try:
        return make_url(str(where))
    except ArgumentError as fault:
        message = f"--gradebook {where}: expected a file or a database's URL."
        raise UsageError(message, hint="E.g. postgresql+psycopg://user@host/grader") from fault


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, where writers can be told apart
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(BUSY_S * 1000)}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that turns into a writer would fail at once where another writer was faster.
        writes = connection.get_execution_options().get("grader_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
