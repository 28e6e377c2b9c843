"""A server that speaks OpenAI's chat API, reached directly: no LiteLLM, one import."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from tqb.errors import TargetError
from tqb.redaction import redact
from tqb.targets.base import MAX_REPLY_BYTES, NO_CACHE, response_format, versions
from tqb.targets.failures import (
    Origin,
    bad_response,
    http_failure,
    parse_reply,
    public_url,
    read_completion,
    transport_failure,
)
from tqb.text import LONGEST_QUOTED
from tqb.types import Request, Response, Unpriced

if TYPE_CHECKING:
    import aiohttp

_CHAT = "/chat/completions"
_NO_SCHEMA = (400, 422)
"""Statuses of a server that does not take a schema for the answer."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came back of one request."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    head_at: float
    """`time.perf_counter()` when the headers were there."""


class EndpointTarget:
    """``http(s)://HOST/v1#MODEL``.

    The key comes from the environment variable `api_key_env`, and goes to this host only;
    ``user:password@`` in the URL is sent as basic authentication instead. A query is kept. None is
    for a server of our own, which gets no key and is reached past any proxy.
    """

    recorded = False

    def __init__(self, spec: str, *, api_key_env: str | None, max_concurrency: int) -> None:
        """Read the URL; nothing is sent.

        Raises:
            TargetError: the URL lacks a host or a model, or the key cannot be sent.
        """
        parts = _split(spec)
        self._url = _chat_url(parts)
        self._headers, self._origin = _credentials(parts, api_key_env)
        self._proxy = _proxy(spec) if api_key_env else None
        self._max_concurrency = max_concurrency
        self._session: aiohttp.ClientSession | None = None
        self._takes_schema = True
        self.name = redact(f"{self._origin.where}#{parts.fragment}")

    async def complete(self, request: Request) -> Response:
        """Send one request. Raises `CallError`."""
        client = self._aiohttp
        start = time.perf_counter()
        try:
            reply = await self._post(request)
            if reply.status in _NO_SCHEMA and request.schema and _names_schema(reply.raw):
                self._takes_schema = False
                reply = await self._post(request)
        except (client.ClientError, OSError, asyncio.TimeoutError) as exc:
            failure = transport_failure(exc, request.params.timeout_s, self._origin)
            raise failure or bad_response(str(exc), "no HTTP reply", self._origin) from exc
        latency_s = time.perf_counter() - start
        if not 200 <= reply.status < 300:
            raise http_failure(reply.status, reply.headers, reply.raw, self._origin)
        read = read_completion(parse_reply(reply.raw, self._origin), latency_s, self._origin)
        served = {**versions(reply.headers), **read.served}
        return replace(read, first_byte_s=reply.head_at - start, served=served)

    @cached_property
    def _aiohttp(self) -> ModuleType:
        """The client, imported when something is sent: what a cache knows is not."""
        import aiohttp

        return aiohttp

    def price(self, request: Request) -> Unpriced:
        """Say that it is unknown: a server's prices are its own."""
        return "unknown"

    async def aclose(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _post(self, request: Request) -> _Reply:
        from yarl import URL

        timeout = self._aiohttp.ClientTimeout(total=request.params.timeout_s)
        async with self._open().post(
            URL(self._url, encoded=True),
            json=_body(self._origin.model, request, with_schema=self._takes_schema),
            headers={**self._headers, **(NO_CACHE if request.fresh else {})},
            timeout=timeout,
            proxy=self._proxy,
            allow_redirects=False,
        ) as reply:
            head_at = time.perf_counter()
            return _Reply(reply.status, reply.headers, await self._read(reply), head_at)

    async def _read(self, reply: aiohttp.ClientResponse) -> bytes:
        raw = bytearray()
        async for chunk in reply.content.iter_any():
            raw += chunk
            if len(raw) > MAX_REPLY_BYTES:
                megabytes = MAX_REPLY_BYTES // 2**20
                shown = raw[:LONGEST_QUOTED].decode("utf-8", "replace")
                what = f"more than {megabytes} MiB"
                raise bad_response(shown, what, self._origin, garbled=False)
        return bytes(raw)

    def _open(self) -> aiohttp.ClientSession:
        """The one session, made inside the running loop."""
        if self._session is None:
            self._session = self._aiohttp.ClientSession(
                connector=self._aiohttp.TCPConnector(limit=self._max_concurrency),
                cookie_jar=self._aiohttp.DummyCookieJar(),
            )
        return self._session


def _split(spec: str) -> SplitResult:
    form = "write it as http://HOST/v1#MODEL"
    try:
        parts = urlsplit(spec)
        usable = bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise TargetError(f"the target's URL has no usable host or port: {form}")
    if not parts.fragment:
        raise TargetError(f'the target "{public_url(spec)}" names no model: {form}')
    return parts


def _chat_url(parts: SplitResult) -> str:
    path = parts.path.rstrip("/").removesuffix(_CHAT) + _CHAT
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, path, parts.query, ""))


def _credentials(parts: SplitResult, api_key_env: str | None) -> tuple[dict[str, str], Origin]:
    """Headers that carry the key, and the origin that keeps it out of messages."""
    where = public_url(parts.geturl())
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        origin = Origin(where, parts.fragment, "the URL", secrets=(user, password, token))
        return {"Authorization": f"Basic {token}"}, origin
    if api_key_env is None:
        return {}, Origin(where, parts.fragment)
    openai = (parts.scheme, parts.hostname) == ("https", "api.openai.com")
    names = [api_key_env, "OPENAI_API_KEY"] if openai else [api_key_env]
    found = next((name for name in names if os.environ.get(name, "").strip()), None)
    if found is None:
        return {}, Origin(where, parts.fragment, key_hint=api_key_env)
    key = os.environ[found].strip()
    if not (key.isascii() and key.isprintable()):
        raise TargetError(f"the key in {found} has characters no header can carry: copy it anew")
    return {"Authorization": f"Bearer {key}"}, Origin(where, parts.fragment, found, secrets=(key,))


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address; netrc is left alone."""
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    proxy = getproxies().get(parts.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _names_schema(raw: bytes) -> bool:
    """Tell whether a refusal is about the schema that was sent with the request."""
    said = raw.lower()
    return any(word in said for word in (b"response_format", b"json_schema", b"json schema"))


def _body(model: str, request: Request, *, with_schema: bool) -> dict[str, Any]:
    params = request.params
    chosen = {
        "temperature": params.temperature,
        "seed": params.seed,
        "max_tokens": params.max_tokens,
    }
    wanted = request.schema if with_schema else None
    return {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        **{name: value for name, value in chosen.items() if value is not None},
        **({"response_format": response_format(wanted)} if wanted else {}),
    }
