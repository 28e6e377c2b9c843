"""The runner: requests go out, bounded; answers and failures come back in the order asked."""

from tqb.runner.budget import Budget
from tqb.runner.fanout import Reply, run_requests

__all__ = ["Budget", "Reply", "run_requests"]
