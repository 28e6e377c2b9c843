"""The runner: requests go out, bounded; answers and failures come back in the order asked."""

from tqb.runner.fanout import Reply, run_requests

__all__ = ["Reply", "run_requests"]
