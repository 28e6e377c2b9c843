"""The runner: requests go out, bounded; answers and failures come back in the order asked.

One layer repeats what failed, for all targets alike: no target and no library below repeats
anything by itself.
"""

from tqb.runner.batch import run_batch
from tqb.runner.budget import Budget, price_of
from tqb.runner.dispatch import NOT_ASKED, OnReply, Reply
from tqb.runner.fanout import deadline, on_stop, run_requests
from tqb.runner.throttle import Throttle, seconds_to_send, throttle_for

__all__ = [
    "NOT_ASKED",
    "Budget",
    "OnReply",
    "Reply",
    "Throttle",
    "deadline",
    "on_stop",
    "price_of",
    "run_batch",
    "run_requests",
    "seconds_to_send",
    "throttle_for",
]
