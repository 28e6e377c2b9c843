"""The requests that are still to go out: new ones, and those that wait to be repeated."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tqb.errors import CallError
from tqb.types import Failure, FailureKind, Request, Response


@dataclass(slots=True)
class Call:
    """A request, and what came of it so far."""

    place: int
    """Among the requests of the run."""
    request: Request
    attempts: int = 0
    retried: tuple[FailureKind, ...] = ()
    waited_s: float = 0.0
    error: CallError | None = None
    """How the latest attempt failed."""
    failed_at: float = 0.0
    """When it did."""

    def closed(self, reply: Response | Failure) -> Response | Failure:
        """Return the reply with what it took to get it."""
        waited_s = round(self.waited_s, 3)
        return replace(reply, attempts=self.attempts, retried=self.retried, waited_s=waited_s)


class Queue:
    """Calls in the order in which they go out: repetitions that are due, then new ones.

    A call that waits for its repetition holds no place that another could use. Yet no new one goes
    out while more than `most_waiting` wait: a server that refuses all is not asked all.
    """

    def __init__(self, requests: Sequence[Request], most_waiting: int) -> None:
        """Hold all requests as new."""
        self._new = deque(Call(place, request) for place, request in enumerate(requests))
        self._waiting: list[tuple[float, int, Call]] = []
        self._most_waiting = most_waiting

    @property
    def waits(self) -> bool:
        """Whether any call waits to be repeated."""
        return bool(self._waiting)

    @property
    def has_new(self) -> bool:
        """Whether any call was never sent."""
        return bool(self._new)

    def due_in_s(self, now: float) -> float:
        """Return the seconds until the next repetition; infinity where none waits."""
        return self._waiting[0][0] - now if self._waiting else math.inf

    def peek(self, now: float, *, new: bool) -> Call | None:
        """Return the call that goes out next; one that was never sent only if `new`."""
        if self.due_in_s(now) <= 0:
            return self._waiting[0][2]
        if new and self._new and len(self._waiting) <= self._most_waiting:
            return self._new[0]
        return None

    def pop(self, call: Call) -> Call:
        """Take the call that `peek` returned."""
        if call.attempts:
            heapq.heappop(self._waiting)
        else:
            self._new.popleft()
        return call

    def put_back(self, call: Call, due: float) -> None:
        """Let a call wait until it is to be repeated."""
        heapq.heappush(self._waiting, (due, call.place, call))

    def drain(self) -> list[Call]:
        """Take all calls, in the order of the requests."""
        calls = [call for _, _, call in self._waiting] + list(self._new)
        self._waiting.clear()
        self._new.clear()
        return sorted(calls, key=lambda call: call.place)
