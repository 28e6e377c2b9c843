"""How many requests may be under way: fewer when the server refuses some, more when it answers.

Additive increase, multiplicative decrease, as in D.-M. Chiu and R. Jain, "Analysis of the increase
and decrease algorithms for congestion avoidance", Computer Networks and ISDN Systems 17 (1989).
"""

from __future__ import annotations

from typing import Literal

End = Literal["answered", "refused", "other"]
"""How a request ended; refused is a server's word that there are too many at once."""

DECREASE = 0.9
"""What a refusal leaves of the limit."""
LEAST = 0.5
"""What all refusals of one burst leave of it."""
LONGEST_PATIENCE = 8
"""Rounds after which a number of places that was refused again and again is tried once more."""


class Concurrency:
    """A limit that starts at `most` and stays between 1 and `most`.

    A round of answers adds one place, if all places were in use. A refusal takes a tenth of them.
    What was sent before that does not know of the new limit: its refusals only bring the limit down
    to what the server still holds, and to half at most. As long as the same number of places is
    refused, it takes twice as many rounds each time to try it again.
    """

    def __init__(self, most: int) -> None:
        """Start with as many places as there may be."""
        self._most = most
        self._limit = float(most)
        self._floor = 1.0
        self._refused_at = most + 1
        self._patience = 1
        self._decreases = 0
        self._under_way = 0

    @property
    def limit(self) -> int:
        """Places there are now."""
        return int(self._limit)

    @property
    def free(self) -> bool:
        """Whether one more request may start."""
        return self._under_way < self.limit

    def start(self) -> int:
        """Take a place; return what `end` is to be told."""
        self._under_way += 1
        return self._decreases

    def end(self, started: int, end: End) -> None:
        """Give the place back, and learn from how the request ended."""
        full = not self.free
        self._under_way -= 1
        if end == "answered" and full:
            self._increase()
        elif end == "refused" and started == self._decreases:
            self._decrease()
        elif end == "refused":
            self._limit = max(self._floor, min(self._limit, self._under_way))

    def _increase(self) -> None:
        step = 1 / self._limit
        if self._limit + step >= self._refused_at:
            step /= self._patience
        self._limit = min(self._most, self._limit + step)

    def _decrease(self) -> None:
        again = self.limit >= self._refused_at
        self._patience = min(LONGEST_PATIENCE, 2 * self._patience) if again else 1
        self._refused_at = self.limit
        self._decreases += 1
        self._floor = max(1.0, LEAST * self._limit)
        self._limit = max(1.0, DECREASE * self._limit)
