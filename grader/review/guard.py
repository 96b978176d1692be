"""Who may ask: one browser of this machine that was given the token, and no page of elsewhere in its name."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all, browsers call the origin of our own forms "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
MAX_BYTES = 4 * 2**20


class Secrets:
    """What lets a browser in.

    Attributes:
        token: Once in the address that the terminal prints.
        session: In the cookie that the token is exchanged for.
        csrf: In every form, since a cookie is sent along with forms of other pages on this machine, too.
        cookie: Name of the cookie; ports do not tell cookies apart, names do.
    """

    def __init__(self, port: int) -> None:
        self.token, self.session, self.csrf = (secrets.token_urlsafe(32) for _ in range(3))
        self.cookie = f"grader_review_{port}"


class Guard:
    """Answers nobody but the token's bearer.

    A page of elsewhere can make a browser ask this server under another name (DNS rebinding) or with its cookie (CSRF):
    the host is compared, the cookie is strict, forms carry a secret, and their origin is compared where it is told.

    Args:
        app: What is guarded.
        keys: What lets a browser in.
        hosts: Allowed values of the ``Host`` header.
    """

    def __init__(self, app: ASGIApp, keys: Secrets, hosts: Iterable[str]) -> None:
        self._app, self._keys, self._hosts = app, keys, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # web sockets are not spoken
        request = Request(scope, receive)
        refusal = self._refusal(request)
        if refusal is not None:
            refusal.headers.update(_HEADERS)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("host", "") not in self._hosts or len(request.headers.getlist("host")) != 1:
            return PlainTextResponse("This page answers to 127.0.0.1 and localhost alone.", 421)
        given = parse_qs(request.url.query).get("token", [""])[0]
        if given and request.method == "GET" and request.url.path == "/":
            if not _same(given, self._keys.token):
                return PlainTextResponse("The token is wrong. Use the address that the terminal shows.", 403)
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self._keys.cookie, self._keys.session, httponly=True, samesite="strict", path="/")
            return answer
        if not _same(request.cookies.get(self._keys.cookie, ""), self._keys.session):
            return PlainTextResponse("Open the address with the token that the terminal shows.", 403)
        if request.method not in {"GET", "HEAD", "POST"}:
            return PlainTextResponse("Not allowed.", 405)
        origin = request.headers.get("origin")
        if request.method == "POST" and origin not in {None, *(f"http://{host}" for host in self._hosts)}:
            return PlainTextResponse("Forms of other pages are not taken.", 403)
        return None

    def fits(self, csrf: str) -> bool:
        """Whether a form carries the secret."""
        return _same(csrf, self._keys.csrf)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _with_headers(send: Send) -> Send:
    async def wrapped(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            known = list(message.get("headers", []))  # type: ignore[call-overload]
            known += [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message = {**message, "headers": known}
        await send(message)

    return wrapped  # type: ignore[return-value]
