"""Items that change between right and wrong from run to run, though nobody changed anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from tqb.history.store import ItemOutcome

LEAST_RUNS = 5
"""Runs of one pipeline from which on a rate says something."""


@dataclass(frozen=True, slots=True)
class Flake:
    """How often an item changed its mind."""

    key: str
    """``pack/item``."""
    changes: int
    """Times that it was right in a run and wrong in the next one, or the reverse."""
    runs: int
    passed: int
    """Runs in which it was right."""

    @property
    def rate(self) -> float:
        """Changes as a share of the steps from run to run, 0 to 1."""
        return self.changes / (self.runs - 1)


def flake_rates(outcomes: Iterable[ItemOutcome]) -> tuple[Flake, ...]:
    """Return the items that were asked often enough, those that change most first.

    Runs count together that asked the same question of the same pipeline: target, prompt template,
    scorer and parameters. Of several pipelines the last one counts that was run often enough.
    """
    groups: dict[tuple[str, str, str, str], list[bool]] = {}
    for one in outcomes:
        if one.n:
            name = (one.pack, one.item_id, one.question_sha256, one.pipeline)
            rights = groups.pop(name, [])
            groups[name] = [*rights, 2 * one.passed > one.n]  # last in the order of the last run
    found = {
        f"{pack}/{item_id}": Flake(
            f"{pack}/{item_id}",
            sum(was != now for was, now in pairwise(rights)),
            len(rights),
            sum(rights),
        )
        for (pack, item_id, _, _), rights in groups.items()
        if len(rights) >= LEAST_RUNS
    }
    return tuple(sorted(found.values(), key=lambda one: (-one.rate, one.key)))
