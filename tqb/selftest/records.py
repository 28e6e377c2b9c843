"""What a self-test is asked, and what it says. Frozen records, as in `tqb.types`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tqb.types import Family

Outcome = Literal["caught", "diagnosed", "missed", "no effect", "skipped"]
"""- caught: the gate would not let it pass. diagnosed: it would, and names a fault nevertheless.
- missed: it would, and names none. no effect: it changes no answer and no count of tokens.
- skipped: it cannot be injected here.
"""
Ending = Literal["done", "unhealthy", "budget", "interrupted"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault, and what became of it."""

    fault: str
    family: Family
    said: str
    """What the fault does."""
    outcome: Outcome
    by: tuple[str, ...] = ()
    """Rules that failed, or ``inconclusive``."""
    diagnosis: str = ""
    """The first fault that was found, as ``template: question-lost``; empty where there is none."""
    why: str = ""
    """Why it was skipped, or what would have caught it."""
    changed: int = 0
    """Items that were answered otherwise, or not at all."""
    broken: int = 0
    """Items that passed before, and fail."""
    of: int = 0
    requests: int = 0
    """Questions that were put to the pipeline for it."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A self-test."""

    target: str
    packs: tuple[str, ...]
    ending: Ending
    reasons: tuple[str, ...]
    """Why it could not be finished, or begin."""
    items: int
    passing: int
    """Items that pass while nothing is broken."""
    trials: tuple[Trial, ...] = ()
    requests: int = 0
    """Questions that were put to the pipeline in all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a self-test would ask."""

    target: str
    packs: tuple[str, ...]
    items: int
    live: tuple[str, ...]
    """Faults on the way in, for which the pipeline is asked anew."""
    skipped: tuple[str, ...]
    free: int
    """Faults on the way out."""
    confirm: int
    """Most requests with which one run asks again what seems broken."""

    @property
    def requests(self) -> tuple[int, int]:
        """The least and the most questions, without repetitions of failed calls."""
        runs = 1 + len(self.live)
        return self.items * runs, (self.items + self.confirm) * runs
