"""What stands between the network and the app: who may ask, from where, how much, how long.

Plain ASGI, so that a body is refused while it comes and a thread that hangs holds up nobody.
"""

import asyncio
import hashlib
import hmac
import ipaddress
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from query.service.uploaded_image import MAX_UPLOAD_BYTES
from query.web.health import HEALTH_PATH
from query.web.problems import API_PREFIX, Problem, ProblemResponder, retry_after
from query.web.security_headers import SecurityHeaders

_AROUND_FILE_BYTES = 100_000  # what multipart puts around a file
MAX_BODY_BYTES = MAX_UPLOAD_BYTES + _AROUND_FILE_BYTES
REQUEST_S = 120.0
"""A request that takes longer is given up: an image through a vision model on a slow CPU takes half
of that."""
UPLOAD_S = 3600.0  # a large file over a slow line
UPLOAD_PATHS = ("/api/documents", "/uploads")
"""Where files may be sent that are larger, and take longer, than what is searched by."""
COOKIE = "pagelens_access"
_OPEN = ("/static/", HEALTH_PATH)  # no secrets: what pages look like, and that the server is there


def is_loopback(host: str) -> bool:
    """Whether a host, as an address or a name, is this machine alone.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("[::1]")
    (True, True, True)
    >>> is_loopback("0.0.0.0"), is_loopback("localhost.example.org")
    (False, False)
    """
    name = host.removeprefix("[").removesuffix("]").casefold()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


async def _answer(
    answer: ProblemResponder, problem: Problem, scope: Scope, receive: Receive, send: Send
) -> None:
    await answer(Request(scope), problem)(scope, receive, send)


class LoopbackHosts:
    """Refuses names that are not this machine's.

    A page of a foreign site may have its own name lead to 127.0.0.1 (DNS rebinding), and would then
    be of the same origin as this server; the Host header still has that name.
    """

    def __init__(self, app: ASGIApp, answer: ProblemResponder) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what names this machine."""
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "")
            if not is_loopback(_without_port(host)):
                detail = (
                    f"This server answers at localhost and 127.0.0.1, not at {host!r}. To be "
                    "reached by other names it must be started with an access token: pagelens "
                    "serve --host ADDRESS --access-token TOKEN"
                )
                await _answer(self._answer, Problem(421, detail), scope, receive, send)
                return
        await self._app(scope, receive, send)


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host


class ForeignSites:
    """Refuses what other sites' pages make a browser ask, but for links that lead here.

    Browsers say so in Sec-Fetch-Site; programs do not send it. Sites whose origin is allowed may
    use the REST interface.
    """

    def __init__(self, app: ASGIApp, answer: ProblemResponder, origins: Collection[str]) -> None:
        self._app = app
        self._answer = answer
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes from our own pages, from programs, and by a link."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            is_link = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
            is_allowed = scope["path"].startswith(API_PREFIX) and (
                headers.get("origin") in self._origins
            )
            is_foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
            if is_foreign and not is_link and not is_allowed:
                problem = Problem(403, "Pages of other sites may not use this server.")
                await _answer(self._answer, problem, scope, receive, send)
                return
        await self._app(scope, receive, send)


class AccessToken:
    """Lets in who knows the token.

    A program sends `Authorization: Bearer TOKEN`. A person opens an address with ?token=TOKEN: it
    becomes a cookie, and leaves the address, which people copy and browsers keep.
    """

    def __init__(self, app: ASGIApp, answer: ProblemResponder, token: str) -> None:
        self._app = app
        self._answer = answer
        self._token = token.encode()
        self._cookie = hmac.new(self._token, b"pagelens cookie", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what has the token or the cookie."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        in_address = next((value for name, value in query if name == "access_token"), None)
        if (
            in_address is not None
            and scope["method"] == "GET"
            and self._is_token(in_address.encode())
        ):
            rest = urlencode([(name, value) for name, value in query if name != "access_token"])
            target = scope["path"] + (f"?{rest}" if rest else "")
            await self._with_cookie(target)(scope, receive, send)
        elif scope["path"].startswith(_OPEN) or self._is_known(Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            detail = (
                "This server needs its access token. In a browser open the address that "
                "pagelens serve printed; a program sends Authorization: Bearer TOKEN."
            )
            problem = Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
            await _answer(self._answer, problem, scope, receive, send)

    def _is_token(self, given: bytes) -> bool:
        return hmac.compare_digest(given, self._token)

    def _is_known(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.casefold() == "bearer":
            return self._is_token(given.strip().encode("latin-1"))  # the bytes that were sent
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(
            cookie.value.encode(), self._cookie.encode()
        )

    def _with_cookie(self, target: str) -> RedirectResponse:
        response = RedirectResponse("/" + target.lstrip("/"), 303)  # never to another host
        response.set_cookie(COOKIE, self._cookie, httponly=True, samesite="strict")
        return response


def _is_upload(scope: Scope) -> bool:
    return scope.get("method") == "POST" and scope.get("path") in UPLOAD_PATHS


class SizeLimit:
    """Refuses a body that is too large, before it is all there."""

    def __init__(
        self,
        app: ASGIApp,
        answer: ProblemResponder,
        max_bytes: int = MAX_BODY_BYTES,
        max_upload_bytes: int = 0,
    ) -> None:
        self._app = app
        self._answer = answer
        self._max_bytes = max_bytes
        self._max_upload_bytes = max(max_bytes, max_upload_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is small enough, by what it says and by what comes."""
        max_bytes = self._max_upload_bytes if _is_upload(scope) else self._max_bytes
        detail = f"The request is too large; at most {max_bytes:,} bytes are taken."
        if scope["type"] == "http":
            said = Headers(scope=scope).get("content-length", "0")
            if said.isdigit() and int(said[:20]) > max_bytes:
                await _answer(self._answer, Problem(413, detail), scope, receive, send)
                return
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise HTTPException(413, detail)
            return message

        await self._app(scope, receive_some, send)


class TimeLimit:
    """Answers that it took too long, where nothing else was answered in time.

    A thread cannot be stopped: it goes on to its end, and counts as long among those that work, so
    that giving up never lets more of them run.
    """

    def __init__(self, app: ASGIApp, answer: ProblemResponder, limit_s: float = REQUEST_S) -> None:
        self._app = app
        self._answer = answer
        self._limit_s = limit_s
        self._given_up: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and watch the clock until the answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun, is_over = False, False

        async def send_in_time(message: Message) -> None:
            nonlocal has_begun
            if not is_over:
                has_begun = True
                await send(message)

        async def answer() -> None:
            await self._app(scope, receive, send_in_time)

        task = asyncio.create_task(answer())
        limit_s = UPLOAD_S if _is_upload(scope) else self._limit_s
        done, _ = await asyncio.wait({task}, timeout=limit_s)
        if not done and not has_begun:
            is_over = True
            task.cancel()
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)
            detail = f"This took longer than {limit_s:g} s. Ask for less, or try again later."
            problem = Problem(503, detail, headers=retry_after(10))
            await _answer(self._answer, problem, scope, receive, send)
            return
        await task


def protect(
    app: FastAPI,
    answer: ProblemResponder,
    token: str | None,
    origins: Collection[str],
    max_upload_bytes: int = 0,
) -> None:
    """Put everything above around an app.

    Args:
        app: what is to be protected.
        answer: how a refusal is shown.
        token: asked of everybody; None lets everybody in who comes by a name of this machine.
        origins: of other sites whose pages may use the REST interface.
        max_upload_bytes: of a file that is sent to be kept; 0 where none are.
    """
    upload_bytes = max_upload_bytes + _AROUND_FILE_BYTES
    app.add_middleware(  # the innermost first
        SizeLimit, answer=answer, max_upload_bytes=upload_bytes
    )
    app.add_middleware(TimeLimit, answer=answer)
    if token is None:
        app.add_middleware(LoopbackHosts, answer=answer)
    else:
        app.add_middleware(AccessToken, answer=answer, token=token)
    if origins:  # around the token, which a browser does not send when it asks whether it may
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization"],
            expose_headers=["ETag", "Retry-After"],
        )
    app.add_middleware(ForeignSites, answer=answer, origins=origins)
    app.add_middleware(SecurityHeaders)


def describe_access(app: FastAPI, *, needs_token: bool) -> None:
    """Say in an app's OpenAPI description how `AccessToken` lets in."""
    description = app.openapi()
    description["components"]["securitySchemes"] = {
        "access_token": {
            "type": "http",
            "scheme": "bearer",
            "description": "The --access-token that pagelens serve was started with.",
        },
        "access_cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "What a browser has that opened the address pagelens serve printed.",
        },
    }
    if needs_token:
        description["security"] = [{"access_token": []}, {"access_cookie": []}]
        description["paths"][HEALTH_PATH]["get"]["security"] = []
