"""What a run may cost: a request goes out only where the most that it may cost is still left."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from tqb.errors import CallError
from tqb.text import usd
from tqb.tokens import cost_bounds
from tqb.types import Failure, Price, Priced, Request, Response, Target, Unpriced

FREE = Price((0.0, 0.0), 0.0, longest=0)
"""The price of recorded answers."""

_UNPAID = ("auth", "not_found", "bad_request", "context_length", "rate_limit")
"""Failures by which a server says that it did not begin to answer."""


@dataclass(eq=False, frozen=True, slots=True)
class Hold:
    """Money set aside for a request under way."""

    target: str
    usd: float | None
    """The most that it may cost; None where only earlier answers can tell."""
    paid: bool = True
    """Whether it is paid for, as recorded answers are not."""


class Budget:
    """Sees that a run costs no more than it may, whomever it asks.

    What was spent, what is set aside for requests under way, and the most that the next may cost
    stay within the limit together. What a failed call cost nobody says: it stays set aside, unless
    the server refused it outright.

    Where a price is known by the answers alone, one is asked for the first, and then as much is set
    aside for each as the dearest cost so far. So it is too once an answer cost more than the price
    said. An answer of unknown cost ends a limited run: nobody could say that the limit held.
    """

    def __init__(self, max_cost_usd: float | None) -> None:
        """Set the limit in US dollars; None sets none."""
        self._limit = max_cost_usd
        self._spent = 0.0
        self._unknown = False
        self._under_way: set[Hold] = set()
        self._owed = 0.0
        self._owed_dearest: Counter[str] = Counter()
        self._dearest: dict[str, float] = {}
        self._beyond: set[str] = set()

    def room(self, target: Target, request: Request) -> Literal["go", "wait"] | Failure:
        """Whether a request may go out now, may once others are back, or why it never may."""
        if self._limit is None:
            return "go"
        price = price_of(target, request)
        if self._unknown or price == "unknown":
            reason = f"the price of this target is unknown, so {self._said} cannot be held"
            return Failure("refused_by_budget", reason, attempts=0)
        most = self._most(target, request)
        taken = self._spent + self._set_aside()
        if most is None:
            fits = not self._under_way and round(taken, 9) < self._limit
        else:
            fits = round(taken + most, 9) <= self._limit
        if fits:
            return "go"
        return "wait" if self._under_way else self._refusal(most)

    def hold(self, target: Target, request: Request) -> Hold:
        """Set aside what a request that goes out may cost; return what `settle` is to be told."""
        if self._limit is None or target.recorded:
            return Hold(target.name, None, paid=False)
        hold = Hold(target.name, self._most(target, request))
        self._under_way.add(hold)
        return hold

    def settle(self, hold: Hold, outcome: Response | CallError | None) -> None:
        """Put what a request did cost in the place of what was set aside; None was cancelled."""
        self._under_way.discard(hold)
        if not hold.paid:
            return
        if isinstance(outcome, Response):
            self._charge(hold, outcome.cost_usd)
        elif outcome is None or not _unpaid(outcome):
            self._owed += hold.usd or 0.0
            self._owed_dearest[hold.target] += hold.usd is None

    def carry(self, target: Target, response: Response) -> None:
        """Count what an answer cost before this run was taken up again."""
        self._charge(Hold(target.name, None), response.cost_usd)

    def _charge(self, hold: Hold, cost_usd: float | None) -> None:
        if cost_usd is None:
            self._unknown = True
            return
        self._spent += cost_usd
        self._dearest[hold.target] = max(cost_usd, self._dearest.get(hold.target, 0.0))
        if hold.usd is not None and cost_usd > hold.usd:
            self._beyond.add(hold.target)

    def _most(self, target: Target, request: Request) -> float | None:
        """Return the most that a request may cost, as far as that is known by now."""
        price, dearest = price_of(target, request), self._dearest.get(target.name)
        bounds = cost_bounds(request, price) if isinstance(price, Price) else None
        if bounds is None:
            return dearest
        return max(bounds[1], dearest or 0.0) if target.name in self._beyond else bounds[1]

    def _set_aside(self) -> float:
        under_way = math.fsum(map(self._worth, self._under_way))
        owed = (n * self._dearest.get(name, 0.0) for name, n in self._owed_dearest.items())
        return under_way + self._owed + math.fsum(owed)

    def _worth(self, hold: Hold) -> float:
        return self._dearest.get(hold.target, 0.0) if hold.usd is None else hold.usd

    @property
    def _said(self) -> str:
        return f"--max-cost {self._limit:g}"

    def _refusal(self, most: float | None) -> Failure:
        owed = self._set_aside()
        spent = f"{usd(self._spent)} was spent"
        spent += f", up to {usd(owed)} for calls that failed" if owed else ""
        wanted = f", the next request may cost {usd(most)}" if most else ""
        reason = f"{spent}{wanted}, and {self._said} allows no more"
        return Failure("refused_by_budget", reason, attempts=0)


def price_of(target: Target, request: Request) -> Price | Unpriced:
    """Return what a target takes for a request; one that does not say lets its answers tell."""
    if target.recorded:
        return FREE
    return target.price(request) if isinstance(target, Priced) else "told"


def _unpaid(error: CallError) -> bool:
    return error.kind in _UNPAID or (error.kind == "connection" and error.fatal)
