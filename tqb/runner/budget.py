"""What a run may cost."""

from __future__ import annotations

from tqb.types import Failure, Response


class Budget:
    """Counts what answers cost and refuses to ask on once the limit is reached.

    The cost of an answer is known when it is there, so a run may overshoot by what was under way.
    An answer of unknown cost ends a limited run: nobody could say that the limit held.
    """

    def __init__(self, max_cost_usd: float | None) -> None:
        """Set the limit in US dollars; None sets none."""
        self._limit = max_cost_usd
        self._spent = 0.0
        self._unknown = False

    def charge(self, reply: Response) -> None:
        """Count one answer."""
        self._spent += reply.cost_usd or 0.0
        self._unknown |= reply.cost_usd is None

    def refusal(self) -> Failure | None:
        """Return why nothing more may be asked, or None where it may."""
        if self._limit is None or not (self._unknown or self._spent >= self._limit):
            return None
        limit = f"--max-cost {self._limit:g}"
        if self._unknown:
            reason = f"the price of this target is unknown, so {limit} cannot be held"
        else:
            reason = f"${self._spent:.4f} was spent, and {limit} allows no more"
        return Failure("refused_by_budget", reason, attempts=0)
