"""How fast requests may follow each other: requests and tokens in any 60 seconds.

The windows slide, so no 60 seconds, wherever they begin, hold more than the limits say; a run that
stays under them waits for nothing.

Tokens are estimated before a request is sent (`tqb.tokens.most_tokens`). Once the reply is there,
its own count stands in their place; where it has none, an estimate of the answer.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW_S = 60.0


@dataclass(slots=True)
class Sent:
    """A request that was sent."""

    at: float
    """Seconds on the clock of `Pace.wait_s`."""
    tokens: int
    counted: bool
    """Whether it is in the window."""


class Pace:
    """What was sent to a target in the last 60 seconds, and when the next may be."""

    def __init__(self, rpm: int | None = None, tpm: int | None = None) -> None:
        """Set the limits for each 60 seconds; None sets none."""
        self._rpm = rpm
        self._tpm = tpm
        self._sent: deque[Sent] = deque()
        self._tokens = 0

    def wait_s(self, now: float, tokens: int) -> float:
        """Return the seconds from `now` until a request with so many tokens may be sent.

        A request that is larger than the limit may be sent when it is alone.
        """
        self._forget(now)
        too_many = 0 if self._rpm is None else len(self._sent) - self._rpm + 1
        too_much = 0 if self._tpm is None else self._tokens + tokens - self._tpm
        wait_s = 0.0
        for place, sent in enumerate(self._sent):
            if place >= too_many and too_much <= 0:
                break
            wait_s = sent.at + WINDOW_S - now
            too_much -= sent.tokens
        return max(0.0, wait_s)

    def send(self, now: float, tokens: int) -> Sent:
        """Count a request that is sent now; return what `correct` is to be told."""
        sent = Sent(now, tokens, counted=not (self._rpm is None and self._tpm is None))
        if sent.counted:
            self._sent.append(sent)
            self._tokens += tokens
        return sent

    def correct(self, sent: Sent, tokens: int) -> None:
        """Put what a request took in the place of what it was estimated to take."""
        if sent.counted:
            self._tokens += tokens - sent.tokens
            sent.tokens = tokens

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0].at + WINDOW_S <= now:
            gone = self._sent.popleft()
            gone.counted = False
            self._tokens -= gone.tokens
