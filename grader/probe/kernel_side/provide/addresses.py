"""Addresses: urllib, urllib3, requests and httpx answered from the prepared folder."""

from __future__ import annotations

import email.message
import io
import mimetypes
import os
import urllib.error
import urllib.request
import urllib.response
from types import ModuleType
from typing import Any

from .offers import NO_NETWORK
from .patching import replace, when_imported
from .provision import Provision


def install(provision: Provision) -> None:
    """Replaces the ways to an address, also those of libraries that are imported later."""
    _patch_urllib(provision)
    when_imported("urllib3.poolmanager", lambda module: _patch_urllib3(provision, module))
    when_imported("requests.adapters", lambda module: _patch_requests(provision, module))
    when_imported("httpx", lambda module: _patch_httpx(provision, module))


def answer(provision: Provision, address: str) -> tuple[bytes, dict[str, str]] | None:
    """Body and headers of the answer to an address, or None when nothing answers it."""
    offer = provision.at_address(address)
    if offer is None:
        return None
    provision.note_offer(offer, address)
    with provision.quietly(), open(offer.path, "rb") as file:
        body = file.read()
    kind = "application/json" if offer.kind == "text" else mimetypes.guess_type(offer.path)[0]
    name = os.path.basename(offer.path)
    return body, {
        "Content-Type": kind or "application/octet-stream",
        "Content-Length": str(len(body)),
        "Content-Disposition": f'attachment; filename="{name}"',
    }


class _Response(urllib.response.addinfourl):
    """As urllib's answer to an http address, with the attributes of an ``HTTPResponse`` that callers use."""

    def __init__(self, body: bytes, headers: dict[str, str], address: str) -> None:
        message = email.message.Message()
        for name, value in headers.items():
            message[name] = value
        super().__init__(io.BytesIO(body), message, address, 200)
        self.length = len(body)
        self.msg = message
        self.reason = "OK"

    def getheader(self, name: str, default: str | None = None) -> Any:
        """One header."""
        return self.headers.get(name, default)


def _patch_urllib(provision: Provision) -> None:
    def make(original: Any) -> Any:
        def opened(self: Any, fullurl: Any, *args: Any, **kwargs: Any) -> Any:
            address = fullurl if isinstance(fullurl, str) else fullurl.full_url
            if not address.lower().startswith(("http:", "https:", "ftp:")):
                return original(self, fullurl, *args, **kwargs)
            found = answer(provision, address)
            if found is None:
                raise urllib.error.URLError(f"{NO_NETWORK}: {address}")
            return _Response(*found, address)

        return opened

    replace(urllib.request.OpenerDirector, "open", make)


def _patch_urllib3(provision: Provision, module: ModuleType) -> None:
    import urllib3

    def make(original: Any) -> Any:
        def urlopen(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            found = answer(provision, url)
            if found is None:
                raise urllib3.exceptions.HTTPError(f"{NO_NETWORK}: {url}")
            preload = bool(kwargs.get("preload_content", True))
            body, headers = found
            return urllib3.HTTPResponse(io.BytesIO(body), headers=headers, status=200, preload_content=preload)

        return urlopen

    replace(module.PoolManager, "urlopen", make)


def _patch_requests(provision: Provision, module: ModuleType) -> None:
    import requests
    import urllib3

    def make(original: Any) -> Any:
        def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            found = answer(provision, request.url)
            if found is None:
                raise requests.exceptions.ConnectionError(f"{NO_NETWORK}: {request.url}", request=request)
            body, headers = found
            raw = urllib3.HTTPResponse(
                io.BytesIO(body), headers=headers, status=200, reason="OK", preload_content=False
            )
            return self.build_response(request, raw)

        return send

    replace(module.HTTPAdapter, "send", make)


def _patch_httpx(provision: Provision, module: ModuleType) -> None:
    def respond(request: Any) -> Any:
        found = answer(provision, str(request.url))
        if found is None:
            raise module.ConnectError(f"{NO_NETWORK}: {request.url}", request=request)
        body, headers = found
        return module.Response(200, headers=headers, content=body, request=request)

    async def respond_later(self: Any, request: Any) -> Any:
        return respond(request)

    replace(module.HTTPTransport, "handle_request", lambda original: lambda self, request: respond(request))
    replace(module.AsyncHTTPTransport, "handle_async_request", lambda original: respond_later)
