"""The history: what each run of a project came to, in one small file beside it.

`History` keeps runs and gives them back; `trends` makes lines of them, and `flake_rates` says
which items changed between right and wrong though nobody changed anything.
"""

from tqb.history.flakes import LEAST_RUNS, Flake, flake_rates
from tqb.history.store import History, ItemOutcome, PackRun, Run
from tqb.history.trend import MEASURES, Trend, trends

__all__ = [
    "LEAST_RUNS",
    "MEASURES",
    "Flake",
    "History",
    "ItemOutcome",
    "PackRun",
    "Run",
    "Trend",
    "flake_rates",
    "trends",
]
