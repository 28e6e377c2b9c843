"""Which request goes out when, and what becomes of its reply.

One loop decides, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tqb.errors import CallError
from tqb.runner.attempt import attempt
from tqb.runner.budget import Budget, Hold
from tqb.runner.concurrency import End
from tqb.runner.early import EarlyStop
from tqb.runner.pace import Sent
from tqb.runner.queue import Call, Queue
from tqb.runner.retry import asks_too_much, wait_before_retry
from tqb.runner.throttle import Throttle
from tqb.tokens import most_tokens, taken_tokens
from tqb.types import Failure, Limits, Request, Response, Target

Reply = Response | Failure
OnReply = Callable[[Request, Reply], None]

NOT_ASKED = Failure("cancelled", "the run was interrupted before this was asked", attempts=0)
CUT_SHORT = Failure("cancelled", "the run was interrupted while this was asked")


@dataclass(eq=False, slots=True)
class Trip:
    """A request under way."""

    call: Call
    started: int
    """What the concurrency is to be told at the end."""
    sent: Sent
    """What the pace is to be told at the end."""
    hold: Hold
    """What the budget is to be told at the end."""


class Dispatcher:
    """Puts requests to one target until each has its reply, or there is reason to stop."""

    def __init__(
        self,
        target: Target,
        requests: Sequence[Request],
        limits: Limits,
        throttle: Throttle,
        ends_at: float,
        budget: Budget,
        on_reply: OnReply,
    ) -> None:
        """Send nothing yet; `ends_at` is the run's deadline on the clock of `time.monotonic`."""
        self._target = target
        self._limits = limits
        self._concurrency = throttle.concurrency
        self._pace = throttle.pace
        self._ends_at = ends_at
        self._budget = budget
        self._on_reply = on_reply
        self._early = EarlyStop()
        self._draw = random.SystemRandom().random
        self._queue = Queue(requests, limits.max_concurrency)
        self._under_way: dict[Trip, asyncio.Task[None]] = {}
        self._ended: deque[tuple[Trip, Response | CallError]] = deque()
        self._replies: list[Reply] = [NOT_ASKED] * len(requests)

    async def run(self, stop: asyncio.Event) -> tuple[tuple[Reply, ...], bool]:
        """Ask until all is answered, `stop` is set, or the deadline has come.

        Returns:
            The replies, and whether `stop` kept any of them from coming.
        """
        stopping: asyncio.Task[object] = asyncio.create_task(stop.wait())
        try:
            while self._goes_on() and not stop.is_set():
                await self._next_event(stopping, self._launch())
                self._take_in()
        finally:
            tasks = (stopping, *self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._take_in()
        left = self._leave_off(stopped=stop.is_set())
        return tuple(self._replies), left and stop.is_set()

    def _goes_on(self) -> bool:
        may_begin = self._queue.has_new and not self._early.hopeless
        return self._left_s() > 0 and bool(self._under_way or self._queue.waits or may_begin)

    def _left_s(self) -> float:
        return self._ends_at - time.monotonic()

    async def _next_event(self, stopping: asyncio.Task[object], pause_s: float) -> None:
        """Wait for a reply, for the signal to stop, or until the pause is over."""
        done, _ = await asyncio.wait(
            {stopping, *self._under_way.values()},
            timeout=pause_s if math.isfinite(pause_s) else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        for task in done:
            task.result()

    def _launch(self) -> float:
        """Send what may be sent; return the seconds until more may be, if no reply comes first."""
        while self._concurrency.free:
            now = time.monotonic()
            call = self._queue.peek(now, new=not self._early.hopeless)
            if call is None:
                return min(self._left_s(), self._queue.due_in_s(now))
            room = self._budget.room(self._target, call.request)
            if isinstance(room, Failure):
                self._refuse(room)
                return 0.0
            if room == "wait":
                return self._left_s()
            wait_s = self._pace.wait_s(now, most_tokens(call.request))
            if wait_s > 0:
                return min(self._left_s(), wait_s)
            self._send(self._queue.pop(call), now)
        return self._left_s()

    def _refuse(self, refusal: Failure) -> None:
        """Ask nothing more; what failed before stays as it failed."""
        for call in self._queue.drain():
            if call.error:
                self._close(call, _failure(call.error))
            else:
                self._replies[call.place] = refusal

    def _send(self, call: Call, now: float) -> None:
        if call.error:
            call.retried += (call.error.kind,)
            call.waited_s += now - call.failed_at
        call.attempts += 1
        sent = self._pace.send(now, most_tokens(call.request))
        hold = self._budget.hold(self._target, call.request)
        trip = Trip(call, self._concurrency.start(), sent, hold)
        self._under_way[trip] = asyncio.create_task(self._travel(trip))

    async def _travel(self, trip: Trip) -> None:
        self._ended.append((trip, await attempt(self._target, trip.call.request)))

    def _take_in(self) -> None:
        """Take in what has come back, in the order in which it came."""
        while self._ended:
            trip, outcome = self._ended.popleft()
            self._arrive(trip, outcome)
            self._settle(trip.call, outcome)

    def _arrive(self, trip: Trip, outcome: Response | CallError | None) -> None:
        """Give back what the request held of the limits; None is one that was cancelled."""
        del self._under_way[trip]
        response = outcome if isinstance(outcome, Response) else None
        self._concurrency.end(trip.started, _end(outcome))
        self._pace.correct(trip.sent, taken_tokens(trip.call.request, response))
        self._budget.settle(trip.hold, outcome)

    def _settle(self, call: Call, outcome: Response | CallError) -> None:
        """Let the request be repeated, or take the outcome as its reply."""
        if isinstance(outcome, Response):
            self._early.note(None)
            self._close(call, outcome)
            return
        call.error, call.failed_at = outcome, time.monotonic()
        left_s, retries = self._left_s(), call.attempts - 1
        wait_s = wait_before_retry(outcome, retries, self._limits, left_s, self._draw())
        if wait_s is None:
            self._early.note(outcome)
            self._close(call, _failure(outcome))
        else:
            self._queue.put_back(call, call.failed_at + wait_s)

    def _close(self, call: Call, reply: Reply) -> None:
        self._replies[call.place] = call.closed(reply)
        self._on_reply(call.request, self._replies[call.place])

    def _leave_off(self, *, stopped: bool) -> bool:
        """Say of each request without a reply why it has none; return whether there is any."""
        left = self._queue.drain()
        for trip in tuple(self._under_way):
            self._arrive(trip, None)
            left.append(trip.call)
        for call in left:
            if stopped:
                self._replies[call.place] = call.closed(CUT_SHORT) if call.attempts else NOT_ASKED
            elif self._left_s() > 0:
                self._replies[call.place] = self._early.failure()
            elif call.attempts:
                self._close(call, self._too_late("answered", call.error))
            else:
                self._replies[call.place] = replace(self._too_late("asked", None), attempts=0)
        return bool(left)

    def _too_late(self, verb: str, error: CallError | None) -> Failure:
        said = f"not {verb} within the run's --deadline of {self._limits.deadline_s:g} s"
        return Failure("timeout", f"{said}; before: {error}" if error else said)


def _end(outcome: Response | CallError | None) -> End:
    if isinstance(outcome, Response):
        return "answered"
    return "refused" if outcome and outcome.overloaded else "other"


def _failure(error: CallError) -> Failure:
    said = str(error)
    if asks_too_much(error):
        said += f"; the server asks to wait {error.retry_after:.0f} s, which is too long"
    return Failure(error.kind, said)
