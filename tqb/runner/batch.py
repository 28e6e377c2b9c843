"""Requests that go to a provider as one batch: submitted, waited for, and collected."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from tqb.errors import CallError
from tqb.text import count
from tqb.types import Batched, BatchNews, Request, Response, Target

FIRST_PAUSE_S = 1.0
"""Before the second look at a batch; it doubles with each."""
LONGEST_PAUSE_S = 60.0
MOST_MISSES = 10
"""Looks in a row that may fail: a batch takes hours, and a network has its moments."""

OnSubmit = Callable[[str], None]
"""Gets the id of the batch as soon as there is one."""

_log = logging.getLogger("tqb.runner")


def run_batch(
    target: Target,
    requests: Mapping[str, Request],
    *,
    known: str | None,
    ends_at: float,
    on_submit: OnSubmit,
) -> tuple[Mapping[str, Response], bool]:
    """Let a batch answer requests, each by its key; close the target's connections at the end.

    Args:
        target: a `Batched` one.
        requests: what is asked; nothing is sent where a batch is `known`.
        known: the id of the batch that was submitted before.
        ends_at: when to stop waiting, on the clock of `time.monotonic`.
        on_submit: keeps the id of a new batch.

    Returns:
        The answers, which may be few, and whether the batch has ended.

    Raises:
        CallError: it cannot be submitted, looked at or collected.
    """
    return asyncio.run(_run(target, requests, known, ends_at, on_submit))


async def _run(
    target: Target,
    requests: Mapping[str, Request],
    known: str | None,
    ends_at: float,
    on_submit: OnSubmit,
) -> tuple[Mapping[str, Response], bool]:
    batches = target.batches if isinstance(target, Batched) else None
    if batches is None:
        raise TypeError("the target has no batches")
    try:
        batch = known or await batches.submit(requests)
        if known is None:
            _log.warning("batch %s: submitted with %s", batch, count(len(requests), "request"))
            on_submit(batch)
        news = await _ended(batches.look, batch, ends_at)
        if not news.ended:
            return {}, False
        if news.trouble:
            _log.warning("batch %s %s: %s", batch, news.status, news.trouble)
        answers = await batches.collect(batch)
        return {key: answers[key] for key in requests if key in answers}, True
    finally:
        with suppress(Exception):
            await target.aclose()


async def _ended(look: Callable[[str], object], batch: str, ends_at: float) -> BatchNews:
    """Look at a batch until it has ended, or the time is over."""
    pause_s, misses, said = FIRST_PAUSE_S, 0, ""
    news = BatchNews(ended=False, status="unknown")
    while True:
        try:
            news, misses = await look(batch), 0  # type: ignore[misc]
        except CallError as error:
            misses += 1
            if misses > MOST_MISSES or not error.retryable:
                raise
        told = f"{news.status}, {news.answered:,} of {count(news.asked, 'request')} answered"
        if told != said:
            _log.warning("batch %s: %s", batch, told)
            said = told
        left_s = ends_at - time.monotonic()
        if news.ended or left_s <= 0:
            return news
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
