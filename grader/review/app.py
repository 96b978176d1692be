"""The pages of ``grade review`` and what their forms do."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.errors import ConflictError, GraderError, UsageError
from grader.keeping import Keeper
from grader.review import views
from grader.review.board import OPEN, Item, neighbours
from grader.review.desk import Desk, read_form
from grader.review.guard import MAX_BYTES, Guard, Secrets
from grader.review.refresh import Refresher

Fields = list[tuple[str, str]]
_STATIC = {
    "report.css": ("grader.reporting", "text/css"),
    "review.css": ("grader.review", "text/css"),
    "review.js": ("grader.review", "text/javascript"),
}
_SAID = re.compile(r"(applied|undone|taken|left)-(\d{1,6})")
_SAID_WORDS = {
    "applied": "Marked {} selected answers, each with a mark of its own.",
    "undone": "Undone: {} marks taken back.",
    "taken": "Taken back.",
    "left": "{} could not be changed: somebody else marked them meanwhile.",
}


def make_app(desk: Desk, keeper: Keeper, refresher: Refresher, port: int, keys: Secrets) -> Guard:
    """The guarded application.

    Args:
        desk: The marker at work.
        keeper: Gradebook and journals.
        refresher: Brings reports up to date.
        port: On which it is served.
        keys: What lets a browser in.
    """
    pages = _Pages(desk, keeper, refresher, keys)
    one = "/q/{question}/{alias}"
    routes = [
        Route("/", pages.get(pages.overview), methods=["GET"]),
        Route("/q/{question}", pages.get(pages.listing), methods=["GET"]),
        Route(one, pages.get(pages.show), methods=["GET"]),
        Route(one + "/mark", pages.post(pages.mark), methods=["POST"]),
        Route(one + "/apply", pages.post(pages.apply), methods=["POST"]),
        Route(one + "/back", pages.post(pages.back), methods=["POST"]),
        Route(one + "/second", pages.post(pages.second), methods=["POST"]),
        Route("/undo", pages.post(pages.undo), methods=["POST"]),
        Route("/disagreements", pages.get(pages.disagreements), methods=["GET"]),
        Route("/history", pages.get(pages.history), methods=["GET"]),
        Route("/static/{name}", _static, methods=["GET"]),
    ]
    guard = Guard(Starlette(routes=routes), keys, [f"127.0.0.1:{port}", f"localhost:{port}"])
    pages.guard = guard
    return guard


class _Pages:
    """The handlers; they run in threads, since the gradebook blocks."""

    def __init__(self, desk: Desk, keeper: Keeper, refresher: Refresher, keys: Secrets) -> None:
        self._desk, self._board, self._keeper = desk, desk.board, keeper
        self._refresher, self._keys = refresher, keys
        self.guard: Guard | None = None

    def get(self, page: Callable[[Request], Response]) -> Callable[[Request], Any]:
        """A page that reads."""

        async def handle(request: Request) -> Response:
            try:
                return await run_in_threadpool(page, request)
            except GraderError as fault:
                return self._refused(request, fault)

        return handle

    def post(self, act: Callable[[Request, Fields], Response]) -> Callable[[Request], Any]:
        """A form that changes something."""

        async def handle(request: Request) -> Response:
            body = bytearray()
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    return self._refused(request, UsageError("The form is too large."), 413)
            fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20_000)
            if self.guard is None or not self.guard.fits(dict(fields).get("csrf", "")):
                return self._refused(request, UsageError("The form is none of this page.", hint="Load it again."), 403)
            try:
                return await run_in_threadpool(act, request, fields)
            except GraderError as fault:
                return self._refused(request, fault)

        return handle

    # -- pages ------------------------------------------------------------------------------------------------------

    def overview(self, request: Request) -> Response:
        """All questions with what is open."""
        lines = views.overview(self._board)
        following = next((line.first for line in lines if line.first), "")
        return self._page(request, "review_overview.html.j2", "Overview", lines=lines, following=following)

    def listing(self, request: Request) -> Response:
        """All students of a question."""
        items = self._board.items(request.path_params["question"])
        question = self._desk.marking.question(request.path_params["question"])
        first = next((item for item in items if item.state in OPEN), None)
        following = self._address(first) if first is not None else ""
        title = f"{question.id} {question.title}"
        return self._page(
            request, "review_list.html.j2", title, question=question, items=items, following=following, words=_words()
        )

    def show(self, request: Request) -> Response:
        """A question of a student."""
        item = self._item(request)
        items = self._board.items(item.question.id)
        before, following = neighbours(items, item.alias)
        proposals = self._board.proposals(item)
        work = self._board.work(item)
        book = self._desk.marking
        own = item.mark
        context: dict[str, Any] = {
            "item": item,
            "state": views.STATE_WORDS[item.state],
            "rows": views.rows(item, proposals),
            "whole": f"{own.mark.points:g}" if own is not None and own.mark.points is not None else "",
            "similar": views.similar(self._board, items, item.alias),
            "comments": views.reusable(book.comments(item.question.id), item),
            "history": book.history(item.student, item.question.id) if self._desk.role == "first" else [],
            "previous": self._address(before) if before is not None else "",
            "following": self._address(following) if following is not None else self._elsewhere(item),
            "done": sum(one.state not in OPEN for one in items),
            "of": len(items),
            "cells": views.cells(work),
            "gallery": views.pictures(work),
            "exhibits": views.exhibits(work),
        }
        title = f"{item.question.id} {item.shown}"
        return self._page(request, "review_item.html.j2", title, **context)

    def disagreements(self, request: Request) -> Response:
        """Where first and second marker differ."""
        found = self._board.disagreements() if self._desk.role == "first" else []
        return self._page(
            request, "review_disagreements.html.j2", "Disagreements", found=found, first=self._desk.role == "first"
        )

    def history(self, request: Request) -> Response:
        """Who did what, the newest first; a second marker sees only second marks."""
        events = self._keeper.marks.events()
        if self._desk.role == "second":
            events = [event for event in events if event.actor == self._desk.author]
        return self._page(request, "review_history.html.j2", "History", lines=views.events(self._board, events))

    # -- forms ------------------------------------------------------------------------------------------------------

    def mark(self, request: Request, fields: Fields) -> Response:
        """Marks a question."""
        item = self._item(request)
        self._desk.mark(item, self._filled(item, fields))
        if "application/json" not in request.headers.get("accept", ""):
            return RedirectResponse(self._address(item), 303)
        now = self._item(request)
        result = now.result
        told = f"{result.points:g} of {result.max_points:g}" + (", not complete" if result.status == "review" else "")
        return JSONResponse({"seen": now.seen, "state": views.STATE_WORDS[now.state], "told": told})

    def apply(self, request: Request, fields: Fields) -> Response:
        """Marks this answer and the selected ones."""
        item = self._item(request)
        filled = self._filled(item, fields)
        chosen = dict.fromkeys(value for name, value in fields if name == "also")
        others = [self._board.item(item.question.id, alias) for alias in chosen if alias != item.alias]
        written, left = self._desk.apply([item, *others], item, filled)
        return self._back_to(item, f"left-{len(left)}" if left else f"applied-{len(written)}")

    def back(self, request: Request, fields: Fields) -> Response:
        """Takes the mark back."""
        item = self._item(request)
        self._desk.take_back(item, self._filled(item, [pair for pair in fields if pair[0] in {"seen", "reason"}]))
        return self._back_to(item, "taken-1")

    def second(self, request: Request, fields: Fields) -> Response:
        """Lets the second marker's mark count."""
        item = self._item(request)
        found = [one for one in self._board.disagreements() if one.item.seen == item.seen and item.seen]
        mine = next((one for one in found if one.item.student == item.student), None)
        given = dict(fields)
        if mine is None or given.get("seen") != str(item.seen) or given.get("second") != str(mine.second_mark.id):
            message = "The marks have changed since this list was made."
            raise ConflictError(message, hint="Load the list again.")
        self._desk.take_second(item, mine.second_mark)
        return RedirectResponse("/disagreements", 303)

    def undo(self, request: Request, _fields: Fields) -> Response:
        """Takes back the last step of this session."""
        undone, left = self._desk.undo()
        if not undone:
            message = left[0] if left else "There is nothing to undo."
            raise ConflictError(message)
        item = self._board.item(undone[0].question, self._board.aliases[undone[0].student])
        del request
        return self._back_to(item, f"undone-{len(undone)}")

    # -- parts ------------------------------------------------------------------------------------------------------

    def _item(self, request: Request) -> Item:
        return self._board.item(request.path_params["question"], request.path_params["alias"])

    def _filled(self, item: Item, fields: Fields) -> Any:
        given = dict(fields)
        if given.get("accepted") == "1" and not given.get("reason", "").strip():
            given["reason"] = "proposal accepted after reading"
        return read_form(item.question, given)

    def _address(self, item: Item) -> str:
        return f"/q/{item.question.id}/{item.alias}"

    def _back_to(self, item: Item, said: str) -> Response:
        return RedirectResponse(f"{self._address(item)}?said={said}", 303)

    def _elsewhere(self, item: Item) -> str:
        """The first open item of the questions after this one, then of those before it."""
        idents = [question.id for question in self._board.questions]
        at = idents.index(item.question.id) if item.question.id in idents else -1
        marks = self._board.marks()
        for ident in [*idents[at + 1 :], *idents[: max(at, 0)]]:
            for other in self._board.items(ident, marks):
                if other.state in OPEN:
                    return self._address(other)
        return ""

    def _page(self, request: Request, template: str, title: str, *, status: int = 200, **context: Any) -> Response:
        hit = _SAID.fullmatch(request.query_params.get("said", ""))
        said = _SAID_WORDS[hit.group(1)].format(int(hit.group(2))) if hit else ""
        shared = {
            "title": title,
            "course": self._desk.marking.course.title,
            "author": self._desk.author,
            "role": self._desk.role,
            "anonymous": self._board.anonymous,
            "csrf": self._keys.csrf,
            "said": said,
            "fault": self._fault(),
        }
        return HTMLResponse(views.render(template, **shared, **context), status)

    def _fault(self) -> str:
        """Why the last refresh failed; it may name students."""
        fault = self._refresher.fault
        return "The reason is in the terminal." if fault and self._board.anonymous else fault

    def _refused(self, request: Request, fault: GraderError, status: int = 0) -> Response:
        status = status or (409 if isinstance(fault, ConflictError) else 422 if isinstance(fault, UsageError) else 503)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"error": str(fault)}, status)
        return self._page(request, "review_message.html.j2", "Not done", status=status, message=str(fault))


def _words() -> dict[str, str]:
    return dict(views.STATE_WORDS)


def _static(request: Request) -> Response:
    known = _STATIC.get(request.path_params["name"])
    if known is None:
        return Response(status_code=404)
    package, kind = known
    text = resources.files(package).joinpath("templates", request.path_params["name"]).read_text(encoding="utf-8")
    return Response(text, media_type=kind)
