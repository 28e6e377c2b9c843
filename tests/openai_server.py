"""A real local HTTP server that speaks OpenAI's wire format, for tests and benchmarks.

In a test::

    with OpenAIServer(answer=lambda body: "Paris") as server:
        ...  # send requests to server.url
    assert len(server.requests) == 1

By hand::

    python -m tests.openai_server --latency 0.2 --port 0

It listens on 127.0.0.1, in a thread with a loop of its own, and stops at once even while
requests hang.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web

LARGEST_BODY = 200 * 2**20
"""Bytes of the largest file of OpenAI's batches."""

Body = dict[str, Any]
"""A request's body, parsed."""


@dataclass(frozen=True)
class Reply:
    """What the server sends back; the default is a well-formed answer."""

    content: Any = "ok"
    """`choices[0].message.content`: a string, None, or a list of parts."""
    status: int = 200
    body: bytes | Mapping[str, Any] | list[Any] | None = None
    """Sent instead of a completion: raw bytes as they are, anything else as JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    """Seconds to wait before the first byte."""
    finish_reason: str | None = "stop"
    usage: tuple[int, int] | None = (5, 1)
    """Prompt and completion tokens; None sends no usage."""
    hang: bool = False
    """Never answer."""
    cut: bool = False
    """Close the connection in the middle of the body."""
    trickle_s: float = 0.0
    """Seconds over which the body is sent, in small pieces."""


@dataclass(frozen=True)
class Recorded:
    """One request as it came in."""

    path: str
    """With the query."""
    headers: Mapping[str, str]
    """Case-insensitive."""
    body: Body
    arrived: float
    """`time.perf_counter()` on arrival, seconds."""


Answer = Callable[[Body], "str | Reply"]


def last_user_turn(body: Body) -> str:
    """The default answer: echo the last message."""
    return str(body["messages"][-1]["content"])


class OpenAIServer:
    """Serve ``/v1/chat/completions`` and ``/v1/models`` while the `with` block lasts.

    `requests`, `connections` and `peak` may be read at any time, also after the block.
    """

    def __init__(
        self,
        answer: Answer | str | Reply = last_user_turn,
        *,
        port: int = 0,
        capacity: int | None = None,
        threads: bool = False,
    ) -> None:
        """Keep the script: a function of the request's body, or one reply for all requests.

        What comes while `capacity` requests are under way is refused with status 429. A function
        that takes its time is run in `threads`, so that requests do not wait for each other.
        """
        self.requests: list[Recorded] = []
        self.connections = 0
        """TCP connections accepted."""
        self.peak = 0
        """Most requests under way at once."""
        self.refused = 0
        """Requests that came while the server was full."""
        self._answer: Answer = answer if callable(answer) else lambda body: answer
        self._port = port
        self._capacity = capacity
        self._threads = threads
        self._under_way = 0
        self._seen: set[int] = set()
        self._started = threading.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="openai-server", daemon=True)

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """The API's base: ``http://127.0.0.1:PORT/v1``."""
        return f"{self.origin}/v1"

    @property
    def under_way(self) -> int:
        """Requests that are being answered now."""
        return self._under_way

    def __enter__(self) -> OpenAIServer:
        """Start listening; raises OSError where the port cannot be had."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop at once; requests under way are dropped."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as exc:
            self._failure = exc
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = web.Server(self._handle, request_factory=_large)
        listener = await self._loop.create_server(self._accept(server), "127.0.0.1", self._port)
        self._port = listener.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        listener.close()
        await asyncio.sleep(0.01)  # until the server knows of what was accepted just now
        await server.shutdown(timeout=0.001)
        await asyncio.sleep(0)  # until its connections are closed

    def _accept(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        def protocol() -> asyncio.Protocol:
            self.connections += 1
            return server()

        return protocol

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        body = cast(Body, json.loads(raw)) if raw else {}
        self.requests.append(Recorded(request.path_qs, request.headers, body, time.perf_counter()))
        if request.path.endswith("/models"):
            return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})
        if not request.path.endswith("/chat/completions"):
            return web.json_response({"error": {"message": "no such path"}}, status=404)
        if self._capacity is not None and self._under_way >= self._capacity:
            self.refused += 1
            return web.json_response({"error": {"message": "too many at once"}}, status=429)
        self._under_way += 1
        self.peak = max(self.peak, self._under_way)
        try:
            return await self._reply(request, body)
        finally:
            self._under_way -= 1

    async def _reply(self, request: web.BaseRequest, body: Body) -> web.StreamResponse:
        waits = self._threads
        answer = await asyncio.to_thread(self._answer, body) if waits else self._answer(body)
        reply = answer if isinstance(answer, Reply) else Reply(answer)
        await asyncio.sleep(reply.delay_s)
        if reply.hang:
            await asyncio.Event().wait()
        payload = _payload(reply, body)
        headers = {"Content-Type": "application/json", **reply.headers}
        if reply.cut:
            return await _send_half(request, reply.status, headers, payload)
        if reply.trickle_s:
            return await _send_slowly(request, reply, headers, payload)
        return web.Response(status=reply.status, headers=headers, body=payload)


def _large(*parts: Any) -> web.BaseRequest:
    """Make a request whose body may be as large as the file of a batch is."""
    own: dict[str, Any] = {"loop": asyncio.get_running_loop(), "client_max_size": LARGEST_BODY}
    return web.BaseRequest(*parts, **own)


async def _send_half(
    request: web.BaseRequest, status: int, headers: Mapping[str, str], payload: bytes
) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(payload)
    await response.prepare(request)
    await response.write(payload[: len(payload) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _send_slowly(
    request: web.BaseRequest, reply: Reply, headers: Mapping[str, str], payload: bytes
) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(payload)
    await response.prepare(request)
    piece = len(payload) // 10 + 1
    for start in range(0, len(payload), piece):
        await asyncio.sleep(reply.trickle_s / 10)
        await response.write(payload[start : start + piece])
    return response


def _payload(reply: Reply, body: Body) -> bytes:
    if isinstance(reply.body, bytes):
        return reply.body
    data = completion(reply, str(body.get("model"))) if reply.body is None else reply.body
    return json.dumps(data).encode()


def completion(reply: Reply, model: str) -> Body:
    """A chat completion as OpenAI words it."""
    data: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": reply.content},
                "finish_reason": reply.finish_reason,
            }
        ],
    }
    if reply.usage is not None:
        prompt, answer = reply.usage
        data["usage"] = {
            "prompt_tokens": prompt,
            "completion_tokens": answer,
            "total_tokens": prompt + answer,
        }
    return data


def main() -> None:
    """Serve until interrupted; print the URL on one line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--answer", default=None, help="a fixed answer; without it, an echo")
    options = parser.parse_args()

    def answer(body: Body) -> Reply:
        text = last_user_turn(body) if options.answer is None else options.answer
        return Reply(text, delay_s=options.latency)

    with OpenAIServer(answer, port=options.port) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
