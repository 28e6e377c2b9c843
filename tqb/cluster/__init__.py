"""The pipeline under test on the machines of a Ray cluster.

Workers ask; this process decides. What goes out when, what is asked again, what it may cost and
what is kept is the same as without a cluster, so its limits hold for all workers together.
"""

from __future__ import annotations

from tqb.cluster.connect import on_cluster

__all__ = ["on_cluster"]
