"""``grade review`` from its options to its end: opens the class, serves the page on loopback, refreshes the reports."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from grader.errors import UsageError
from grader.gradebook.values import Role
from grader.keeping import Keeper
from grader.marking import Marking
from grader.regrade import RegradeOptions, regrade_class
from grader.review.app import make_app
from grader.review.board import Board
from grader.review.desk import Desk
from grader.review.guard import Guard, Secrets
from grader.review.refresh import Refresher
from grader.rubric_modules import load_proposers


@dataclass(frozen=True)
class ReviewOptions:
    """What the command line says.

    Attributes:
        out: Folder of the reports.
        course: Folder of the course pack, or None for the one of the last run.
        gradebook: File or URL of the gradebook; None for the one beside the reports.
        class_name: Name of the class in the gradebook.
        author: Who marks.
        role: First or second marker.
        anonymous: Hide names.
        accept_proposals: Accept every proposal for what is open, at the start.
    """

    out: Path
    course: Path | None = None
    gradebook: str | None = None
    class_name: str = ""
    author: str = "staff"
    role: Role = "first"
    anonymous: bool = False
    accept_proposals: bool = False


@dataclass(frozen=True)
class Review:
    """A review that is open. Attributes: the guarded application, its secrets, desk, refresher, accepted proposals."""

    app: Guard
    keys: Secrets
    desk: Desk
    refresher: Refresher
    accepted: int


@contextlib.contextmanager
def open_review(options: ReviewOptions, port: int) -> Iterator[Review]:
    """A review whose reports are up to date when it ends.

    Raises:
        UsageError: The gradebook knows no run of this class.
        UserError: The course pack is wrong.
        StorageError: Gradebook or reports cannot be read or written; marks given until then are kept.
    """
    with contextlib.closing(Keeper.open(options.out, options.gradebook, options.class_name)) as keeper:
        marking = Marking(keeper, options.course)
        proposers = load_proposers(marking.folder)
        board = Board(keeper, marking, options.role, proposers, anonymous=options.anonymous)
        refresher = Refresher(lambda students: _refresh(options, students), board.forget)
        desk = Desk(marking, board, options.author, options.role, refresher.changed)
        try:
            accepted = desk.accept_proposals() if options.accept_proposals else 0
            keys = Secrets(port)
            yield Review(make_app(desk, keeper, refresher, port, keys), keys, desk, refresher, accepted)
        finally:
            refresher.settle()


def listen(port: int) -> socket.socket:
    """A socket on loopback alone; port 0 takes a free one.

    Raises:
        UsageError: The port is taken.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
        found.listen()  # whoever is faster than the server waits instead of being refused
    except OSError as fault:
        found.close()
        message = f"--port {port}: cannot be listened on ({fault.strerror})."
        raise UsageError(message, hint="Leave --port out, and a free one is taken.") from fault
    return found


def serve(options: ReviewOptions, port: int, begun: Callable[[str, Review], None]) -> None:
    """Serves the page until Ctrl-C.

    Args:
        options: What the command line says.
        port: 0 takes a free one.
        begun: Called with the address, token included, just before requests are answered.

    Raises:
        GraderError: As ``open_review`` and ``listen``.
    """
    with contextlib.closing(listen(port)) as found:
        number = int(found.getsockname()[1])
        with open_review(options, number) as review:
            begun(f"http://127.0.0.1:{number}/?token={review.keys.token}", review)
            with contextlib.suppress(KeyboardInterrupt):  # the ordinary end; uvicorn passes it on after closing
                server(review).run(sockets=[found])


def server(review: Review) -> uvicorn.Server:
    """The server; it keeps no log of requests, since the first one has the token."""
    config: Mapping[str, Any] = {"access_log": False, "log_level": "warning", "server_header": False}
    return uvicorn.Server(uvicorn.Config(review.app, lifespan="off", **config))


def _refresh(options: ReviewOptions, students: tuple[str, ...]) -> object:
    where: dict[str, Any] = {"course": options.course, "gradebook": options.gradebook, "class_name": options.class_name}
    return regrade_class(RegradeOptions(options.out, **where, only=students, jobs=1))
