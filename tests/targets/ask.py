"""Put questions to a target, and get back what came of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable
from typing import Any

from tqb.errors import CallError
from tqb.targets import open_target
from tqb.types import Item, Message, Params, Request, Response

Outcome = Response | CallError


def make_request(
    question: str = "Capital of France?",
    *,
    item: str = "france",
    pack: str = "core-en",
    repeat: int = 0,
    system: str = "Be brief.",
    params: Params | None = None,
) -> Request:
    """A request with a system turn and a question."""
    return Request(
        pack=pack,
        item=Item(id=item, text=question, label="Paris"),
        repeat=repeat,
        messages=(Message("system", system), Message("user", question)),
        params=params or Params(timeout_s=10.0),
    )


def ask(spec: str, *requests: Request, **options: Any) -> list[Outcome]:
    """Open the target, put the requests at once, close it; failures are returned."""

    async def run() -> list[Outcome]:
        asyncio.get_running_loop().slow_callback_duration = 60  # a busy machine is no complaint
        target = open_target(spec, **options)
        try:
            calls = [caught(target.complete(request)) for request in requests or [make_request()]]
            return await asyncio.gather(*calls)
        finally:
            await target.aclose()

    return asyncio.run(run())


async def caught(call: Awaitable[Response]) -> Outcome:
    """The response, or the failure instead of raising it."""
    try:
        return await call
    except CallError as exc:
        return exc


def answer_of(spec: str, *requests: Request, **options: Any) -> Response:
    """The one response of the target."""
    (outcome,) = ask(spec, *requests, **options)
    assert isinstance(outcome, Response), outcome
    return outcome


def failure_of(spec: str, *requests: Request, **options: Any) -> CallError:
    """The one failure of the target; its message is one line."""
    (outcome,) = ask(spec, *requests, **options)
    assert isinstance(outcome, CallError), outcome
    assert "\n" not in str(outcome)
    return outcome


def in_development_mode(code: str, **environment: str) -> tuple[str, list[str]]:
    """What `code` prints under ``python -X dev``, and the complaints."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    return done.stdout, done.stderr.splitlines()
