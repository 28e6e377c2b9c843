"""Bounded fan-out over one target.

A call ends as a `Response` or a `Failure`, never as an exception that could touch another call.
Ctrl-C (SIGINT) and SIGTERM stop the asking: what is under way is cancelled, what was answered
stays.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tqb.errors import CallError
from tqb.runner.budget import Budget
from tqb.types import Failure, Request, Response, Target

Reply = Response | Failure
OnReply = Callable[[Request, Reply], None]

GRACE_S = 1.0
"""Seconds a target may take beyond the request's timeout to report it in its own words."""

NOT_ASKED = Failure("cancelled", "the run was interrupted before this was asked", attempts=0)
CUT_SHORT = Failure("cancelled", "the run was interrupted while this was asked")

_log = logging.getLogger("tqb.runner")


def run_requests(
    target: Target,
    requests: Sequence[Request],
    *,
    max_concurrency: int = 16,
    budget: Budget | None = None,
    on_reply: OnReply = lambda request, reply: None,
) -> tuple[tuple[Reply, ...], bool]:
    """Ask `target` all `requests`, at most `max_concurrency` at once; close it at the end.

    Once `budget` is spent, what is left is not asked. `on_reply` is called in the order in which
    replies arrive.

    Returns:
        The replies, one for each request and in the same order, and whether a signal kept any of
        them from coming.
    """
    limit = budget or Budget(None)
    return asyncio.run(_run(target, requests, max_concurrency, limit, on_reply))


async def _run(
    target: Target,
    requests: Sequence[Request],
    max_concurrency: int,
    budget: Budget,
    on_reply: OnReply,
) -> tuple[tuple[Reply, ...], bool]:
    asyncio.get_running_loop().set_default_executor(_Unwaited())
    replies: list[Reply] = [NOT_ASKED] * len(requests)
    queue = iter(enumerate(requests))

    async def work(stop: asyncio.Event) -> None:
        for index, request in queue:
            if stop.is_set():
                return
            replies[index] = CUT_SHORT
            replies[index] = budget.refusal() or await ask(target, request)
            budget.charge(replies[index])
            on_reply(request, replies[index])

    try:
        with _stop_signals() as stop:
            count = min(max_concurrency, len(requests))
            await _until_done([asyncio.create_task(work(stop)) for _ in range(count)], stop)
    finally:
        await _close(target)
    return tuple(replies), any(reply in (NOT_ASKED, CUT_SHORT) for reply in replies)


class _Unwaited(ThreadPoolExecutor):
    """Threads of targets and of name look-ups, for which no report waits."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the threads instead of joining them."""
        super().shutdown(wait=False, cancel_futures=True)


async def _until_done(workers: Sequence[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Wait for the workers or for the stop signal; an error of our own in a worker is raised."""
    stopping: asyncio.Task[Any] = asyncio.create_task(stop.wait())
    working = set(workers)
    try:
        while working and not stop.is_set():
            done, _ = await asyncio.wait({stopping, *working}, return_when=asyncio.FIRST_COMPLETED)
            for worker in done & working:
                worker.result()
            working -= done
    finally:
        for task in (stopping, *working):
            task.cancel()
        await asyncio.gather(stopping, *working, return_exceptions=True)


async def ask(target: Target, request: Request) -> Reply:
    """Put one request to the target and return what comes of it; only cancellation is raised."""
    timeout_s = request.params.timeout_s
    try:
        return await asyncio.wait_for(target.complete(request), timeout_s + GRACE_S)
    except CallError as error:
        return Failure(error.kind, str(error))
    except asyncio.TimeoutError:
        return Failure("timeout", f"no answer within {timeout_s:g} s; see --timeout")
    except Exception as error:
        _log.error("the target raised on %s/%s", request.pack, request.item.id, exc_info=error)
        return Failure("target_bug", f"{type(error).__name__}: {error}")


async def _close(target: Target) -> None:
    try:
        await asyncio.wait_for(target.aclose(), 5)
    except Exception as error:
        _log.warning("closing the target: %s: %s", type(error).__name__, error)


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """Turn the first SIGINT or SIGTERM into an event; the second acts as it would without us.

    A signal that is ignored, as in a background job, stays ignored.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        for name, handler in before.items():
            signal.signal(name, handler)
        loop.call_soon_threadsafe(stop.set)

    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(name) != signal.SIG_IGN:
                before[name] = signal.signal(name, handle)
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
