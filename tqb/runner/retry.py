"""When a failed request is repeated: exponential backoff with full jitter.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: the wait is drawn
evenly from 0 to the bound, which doubles with each repetition up to a cap. A wait that the server
asks for (Retry-After, RFC 9110 section 10.2.3) comes before the drawn one, so that those it sent
away together do not return together.
"""

from __future__ import annotations

from tqb.errors import CallError
from tqb.types import Limits

LONGEST_S = 60.0
"""Seconds that nothing is waited beyond; a server that asks for more is not asked again."""


def wait_before_retry(
    error: CallError, retries: int, limits: Limits, left_s: float, draw: float
) -> float | None:
    """Return the seconds to wait before a request is repeated, or None where it is not.

    Args:
        error: the latest failure.
        retries: how often the request was repeated already.
        limits: how often it may be, and after how long.
        left_s: seconds until the run's deadline.
        draw: a number drawn evenly from 0 to 1.
    """
    if not error.retryable or retries >= limits.retries or asks_too_much(error):
        return None
    wait_s = (error.retry_after or 0.0) + draw * bound(retries, limits.retry_delay_s)
    return wait_s if wait_s < left_s else None


def asks_too_much(error: CallError) -> bool:
    """Whether the server asks for a wait that nobody would sit through."""
    return error.retry_after is not None and error.retry_after > LONGEST_S


def bound(retries: int, delay_s: float) -> float:
    """Return the longest wait, in seconds, that may be drawn after so many repetitions."""
    return float(min(LONGEST_S, delay_s * 2 ** min(retries, 64)))
