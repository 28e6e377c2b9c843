"""A target made of one coroutine function, and requests for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from tqb.types import Failure, Item, Message, Params, Request, Response

Complete = Callable[[Request], Awaitable[Response]]


class FakeTarget:
    """It counts what is under way."""

    name = "fake"
    recorded = False

    def __init__(self, complete: Complete) -> None:
        self._complete = complete
        self.now = self.peak = self.asked = 0
        self.closed = False

    async def complete(self, request: Request) -> Response:
        self.asked += 1
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            return await self._complete(request)
        finally:
            self.now -= 1

    async def aclose(self) -> None:
        self.closed = True


def requests(count: int, timeout_s: float = 5.0) -> list[Request]:
    """Requests for items q0, q1, …"""
    params = Params(timeout_s=timeout_s)
    return [
        Request("p", Item(f"q{n}", f"{n}?", "x"), 0, (Message("user", f"{n}?"),), params)
        for n in range(count)
    ]


def kinds(replies: Iterable[Response | Failure]) -> list[str]:
    """The kind of each failure, and `answer` for each response."""
    return [reply.kind if isinstance(reply, Failure) else "answer" for reply in replies]
