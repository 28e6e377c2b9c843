"""The gate: what is asked again, which rules there are, and what the verdict is.

`judge` turns a report into a verdict; `plan` and `settle` confirm what changed. All three are pure.
"""

from tqb.gate.confirm import Wave, plan, plan_shard, set_aside, settle
from tqb.gate.rules import may_not_fail, names_of
from tqb.gate.verdict import judge

__all__ = ["Wave", "judge", "may_not_fail", "names_of", "plan", "plan_shard", "set_aside", "settle"]
