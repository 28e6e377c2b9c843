"""Requests go out to one target, and come back as replies in the order asked.

A call ends as a `Response` or a `Failure`, never as an exception that could touch another call.
Ctrl-C (SIGINT) and SIGTERM stop the asking: what is under way is cancelled, what was answered
stays.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from tqb.functions import describe
from tqb.runner.budget import Budget
from tqb.runner.dispatch import Dispatcher, OnReply, Reply
from tqb.runner.meanwhile import meanwhile
from tqb.runner.throttle import Throttle, throttle_for
from tqb.types import Limits, Request, Target

_log = logging.getLogger("tqb.runner")


def run_requests(
    target: Target,
    requests: Sequence[Request],
    *,
    limits: Limits | None = None,
    throttle: Throttle | None = None,
    ends_at: float | None = None,
    budget: Budget | None = None,
    on_reply: OnReply = lambda request, reply: None,
    steps: Iterable[object] = (),
) -> tuple[tuple[Reply, ...], bool]:
    """Ask `target` all `requests`; close it at the end.

    Args:
        target: who is asked.
        requests: what is asked; they begin in this order.
        limits: how many at once, how fast, how often again, and for how long.
        throttle: what earlier requests of the run taught about the target.
        ends_at: the run's deadline on the clock of `time.monotonic`, if the run has begun already.
        budget: once it is spent, what is left is not asked.
        on_reply: gets each request that was sent with its reply, in the order of arrival.
        steps: work that is done, one by one, while answers are on their way; what is left of it
            then is not done.

    Returns:
        The replies, one for each request and in the same order, and whether a signal kept any of
        them from coming.
    """
    limits = limits or Limits()
    dispatcher = Dispatcher(
        target,
        requests,
        limits,
        throttle or throttle_for(target, limits),
        deadline(limits) if ends_at is None else ends_at,
        budget or Budget(None),
        on_reply,
    )
    return asyncio.run(_run(target, dispatcher, steps))


def deadline(limits: Limits) -> float:
    """Return when a run that begins now has to end, on the clock of `time.monotonic`."""
    return math.inf if limits.deadline_s is None else time.monotonic() + limits.deadline_s


async def _run(
    target: Target, dispatcher: Dispatcher, steps: Iterable[object]
) -> tuple[tuple[Reply, ...], bool]:
    asyncio.get_running_loop().set_default_executor(_Unwaited())
    beside = asyncio.create_task(meanwhile(steps))
    try:
        with _stop_signals() as stop:
            return await dispatcher.run(stop)
    finally:
        beside.cancel()
        with suppress(asyncio.CancelledError):
            await beside
        await _close(target)


class _Unwaited(ThreadPoolExecutor):
    """Threads of targets and of name look-ups, for which no report waits."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the threads instead of joining them."""
        super().shutdown(wait=False, cancel_futures=True)


async def _close(target: Target) -> None:
    try:
        await asyncio.wait_for(target.aclose(), 5)
    except Exception as error:
        _log.warning("closing the target: %s", describe(error))


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """Turn the first SIGINT or SIGTERM into an event."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with on_stop(lambda: loop.call_soon_threadsafe(stop.set)):
        yield stop


class _First:
    """Handles the first signal, and gives the second to whoever handled it before any of us."""

    def __init__(self, act: Callable[[], object], before: dict[signal.Signals, Any]) -> None:
        self._act = act
        self.before = before

    def __call__(self, number: int, frame: FrameType | None) -> None:
        for name in self.before:
            signal.signal(name, self.handler_before(name))
        self._act()

    def handler_before(self, name: signal.Signals) -> Any:
        """Return what handled a signal before any of us."""
        handler = self.before[name]
        return handler.handler_before(name) if isinstance(handler, _First) else handler


@contextmanager
def on_stop(act: Callable[[], object]) -> Iterator[None]:
    """Call `act` at the first SIGINT or SIGTERM; the second acts as it would without us.

    A signal that is ignored, as in a background job, stays ignored. Within another `on_stop` it is
    the inner one that acts, and then neither does.
    """
    before: dict[signal.Signals, Any] = {}
    handle = _First(act, before)

    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(name) != signal.SIG_IGN:
                before[name] = signal.signal(name, handle)
    try:
        yield
    finally:
        for name, handler in before.items():
            if signal.getsignal(name) is handle:
                signal.signal(name, handler)
