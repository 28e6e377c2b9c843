"""What is known of one target while a run lasts: how many at once, and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tqb.runner.concurrency import Concurrency
from tqb.runner.pace import Pace
from tqb.tokens import most_tokens, prompt_bounds
from tqb.types import Limits, Narrow, Request, Target


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits of one target; what was learned holds for later requests of the run."""

    concurrency: Concurrency
    pace: Pace


def throttle_for(target: Target, limits: Limits) -> Throttle:
    """Make the throttle of a target; recorded answers come as fast as they can be read."""
    pace = Pace() if target.recorded else Pace(limits.rpm, limits.tpm)
    most = limits.max_concurrency
    if isinstance(target, Narrow):
        most = min(most, target.at_once)
    return Throttle(Concurrency(most), pace)


def seconds_to_send(requests: Sequence[Request], limits: Limits) -> float:
    """Return the seconds until the last of the requests is sent, if each is answered at once.

    Answers are taken to be short: the fewest tokens that a prompt may be, and none of an answer.
    """
    pace, now = Pace(limits.rpm, limits.tpm), 0.0
    for request in requests:
        tokens = most_tokens(request)
        now += pace.wait_s(now, tokens)
        pace.correct(pace.send(now, tokens), prompt_bounds(request)[0])
    return now
