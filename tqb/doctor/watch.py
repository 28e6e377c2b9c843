"""The target, watched: what each single call met, of which a reply tells the end alone."""

from __future__ import annotations

from dataclasses import replace

from tqb.doctor.records import Attempt
from tqb.errors import CallError
from tqb.runner import price_of
from tqb.types import Price, Request, Response, Target, Unpriced


class Watched:
    """A target that keeps a record of each call."""

    recorded = False

    def __init__(self, target: Target) -> None:
        """Have seen no call yet."""
        self._target = target
        self._under_way = 0
        self._tried: set[int] = set()
        self.name = target.name
        self.attempts: list[Attempt] = []

    async def complete(self, request: Request) -> Response:
        """Let the target answer. Raises `CallError` as it does."""
        self._under_way += 1
        seen = Attempt(self._under_way, first=id(request) not in self._tried)
        self._tried.add(id(request))
        try:
            response = await self._target.complete(request)
        except CallError as error:
            failed = replace(seen, failure=error.kind, retry_after_s=error.retry_after)
            self.attempts.append(failed)
            raise
        finally:
            self._under_way -= 1
        self.attempts.append(seen)
        return response

    def price(self, request: Request) -> Price | Unpriced:
        """Return the target's own price."""
        return price_of(self._target, request)

    async def aclose(self) -> None:
        """Close the target."""
        await self._target.aclose()
