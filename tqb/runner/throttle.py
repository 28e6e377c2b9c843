"""What is known of one target while a run lasts: how many at once, and how fast."""

from __future__ import annotations

from dataclasses import dataclass

from tqb.runner.concurrency import Concurrency
from tqb.runner.pace import Pace
from tqb.types import Limits, Target


@dataclass(frozen=True, slots=True)
class Throttle:
    """The limits of one target; what was learned holds for later requests of the run."""

    concurrency: Concurrency
    pace: Pace


def throttle_for(target: Target, limits: Limits) -> Throttle:
    """Make the throttle of a target; recorded answers come as fast as they can be read."""
    pace = Pace() if target.recorded else Pace(limits.rpm, limits.tpm)
    return Throttle(Concurrency(limits.max_concurrency), pace)
