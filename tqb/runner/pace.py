"""How fast requests may follow each other: requests and tokens in any 60 seconds.

The windows slide, so no 60 seconds, wherever they begin, hold more than the limits say; a run that
stays under them waits for nothing.

Tokens are estimated before a request is sent: one for every four bytes of the prompt in UTF-8, and
the longest answer that is allowed (`--max-tokens`). Once the reply is there, its own count stands
in their place; where it has none, one token for every four bytes of the answer.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from tqb.types import Request, Response

WINDOW_S = 60.0
LONGEST_ANSWER = 1024
"""Tokens of an answer to which no limit is set."""
BYTES_PER_TOKEN = 4


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


def prompt_tokens(request: Request) -> int:
    """Estimate the tokens of a prompt, one for every four bytes."""
    return sum(_of_text(message.content) for message in request.messages)


def most_tokens(request: Request) -> int:
    """Estimate the tokens that a request may take, its answer included."""
    longest = request.params.max_tokens
    return prompt_tokens(request) + (LONGEST_ANSWER if longest is None else longest)


def taken_tokens(request: Request, response: Response | None) -> int:
    """Return the tokens that a request took, by the reply's own count; None is no answer."""
    if response is None:
        return prompt_tokens(request)
    asked, answered = response.prompt_tokens, response.completion_tokens
    return (prompt_tokens(request) if asked is None else asked) + (
        _of_text(response.answer) if answered is None else answered
    )


def _of_text(text: str) -> int:
    return math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)
