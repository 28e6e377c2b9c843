"""What `tqb generate` is asked for, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tqb.types import Item, Limits, Pack, Params, Storage

MIXED = "mixed"
"""All difficulties of the recipe in turn."""
PROVIDER_TERMS = "LicenseRef-Model-Provider-Terms"
"""The licence of a pack for which none was chosen."""

PARAMS = Params(temperature=0.7, max_tokens=4096, timeout_s=180.0)
LIMITS = Limits()
STORAGE = Storage()

Ending = Literal["done", "too few", "budget", "interrupted"]


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """What `tqb generate` was asked to do."""

    model: str
    """The target that writes the items."""
    output: Path
    """The pack's folder; with several languages that of a folder for each."""
    languages: tuple[str, ...] = ("en",)
    """BCP 47 tags."""
    num: int | None = None
    """Items in each language; None takes 40, or all concepts of `parallel_to`."""
    categories: tuple[str, ...] = ()
    """Empty takes all of the recipe."""
    difficulty: str = MIXED
    context: str = ""
    """A hint for the writer: what the pack is for."""
    recipe: str | None = None
    """None takes the one that fits: `general`, `grounded` or `parallel`."""
    sources: tuple[Path, ...] = ()
    """Documents from which the items are made."""
    parallel_to: str | None = None
    """The pack whose concepts are to be asked in another language."""
    avoid: tuple[str, ...] = ()
    """Packs whose questions are not to be asked again."""
    verify: str | None = None
    """The target that answers the questions blind."""
    votes: int = 3
    """How often it answers each."""
    license: str = PROVIDER_TERMS
    params: Params = PARAMS
    limits: Limits = LIMITS
    storage: Storage = STORAGE
    max_cost_usd: float | None = None
    force: bool = False
    """Whether a pack that is there may be replaced."""
    items_file: Path | None = None
    """A bare file of the items, written beside the pack."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an item is not taken."""

    check: str
    """Name of the check, as the table counts it."""
    message: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item whose label the verifiers did not give."""

    item: Item
    answers: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """What it took, and what was wrong with what came."""

    wanted: int
    """Items asked for by the user."""
    kept: int
    calls: int
    """Requests for items, those that were taken from the journal included."""
    least: int
    """Requests that a model would have needed that makes no mistake."""
    received: int
    """Items in the replies."""
    wrong: Mapping[str, int] = field(default_factory=dict)
    """Items, and replies without any, by the check that refused them."""
    rejected: int = 0
    """Items that the verifiers refused."""
    undecided: int = 0
    """Items of which too few answers came to decide."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """Failed calls by kind."""
    cost_usd: float | None = None
    """None where the cost of any answer is unknown."""

    @property
    def surplus(self) -> int:
        """Items received that were good, or not looked at, and more than was asked for."""
        told = sum(n for name, n in self.wrong.items() if name != "no items")
        return self.received - self.kept - told - self.rejected - self.undecided

    @property
    def acceptance(self) -> float | None:
        """Share of the items received that passed the checks and the verification."""
        return self.kept / self.received if self.received else None


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of it: the packs, and how."""

    ending: Ending
    """Whether as much was made as was wanted, and else why not."""
    reasons: tuple[str, ...]
    """Why it ended so, where it is not done."""
    folders: tuple[Path, ...]
    """Of the packs written."""
    packs: tuple[Pack, ...]
    """What was read back from them."""
    table: Table
    """The figures."""
    rejected: tuple[Rejected, ...]
    """What the verifiers did not confirm."""
    notes: tuple[str, ...] = ()
    """What `tqb pack validate --strict` finds in packs that are as they were asked for."""

    @property
    def pack(self) -> Pack | None:
        """The first pack; None where there is not one item."""
        return self.packs[0] if self.packs else None

    @property
    def complete(self) -> bool:
        """Whether as many items as were asked for are there."""
        return self.ending == "done"
