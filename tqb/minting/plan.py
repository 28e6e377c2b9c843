"""What each item is to be about: categories, topics and difficulties in equal shares."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from tqb.minting.sources import Passage
from tqb.types import Item

FACETS = (
    "people and their names",
    "places",
    "quantities and measures",
    "years and days",
    "technical terms",
    "origins and firsts",
    "how things work",
    "materials and parts",
    "rules and standards",
    "works and their authors",
)
"""Topics of a category that the recipe does not know."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One item that is to be written."""

    category: str
    topic: str
    difficulty: str
    passage: Passage | None = None
    """What the item is to be made from."""
    concept: Item | None = None
    """The item of another language that is to be asked again in this one."""

    def as_dict(self) -> dict[str, str]:
        """Return it as templates see it."""
        return {"category": self.category, "topic": self.topic, "difficulty": self.difficulty}


class Planner:
    """Plans the items of one language, the same way each time."""

    def __init__(
        self,
        number: int,
        taxonomy: Mapping[str, Sequence[str]],
        difficulties: Sequence[str],
        seed: str,
        passages: Sequence[Passage] = (),
    ) -> None:
        """Share out `number` items over the categories and difficulties."""
        draw = random.Random(seed)  # noqa: S311 (a plan is no secret)
        categories = draw.sample(list(taxonomy), len(taxonomy))
        levels, width = len(difficulties), len(categories)
        self._shares = [
            (categories[at % width], difficulties[(at + at // width) % levels])
            for at in range(number)
        ]
        self._topics = {name: _endless(draw, taxonomy[name] or FACETS) for name in categories}
        self._passages = passages

    def missing(self, kept: Iterable[Item], number: int) -> list[Slot]:
        """Return `number` slots: those of the shares that are not filled, in turn.

        Each has a new topic of its category; passages that gave the fewest items come first.
        """
        kept = list(kept)
        filled = Counter((item.tags.get("category"), item.tags.get("difficulty")) for item in kept)
        categories = Counter(item.tags.get("category") for item in kept)
        open_shares = []
        for share in self._shares:
            if filled[share]:
                filled[share] -= 1
            else:
                open_shares.append(share)
        open_shares.sort(key=lambda share: categories[share[0]])
        shares = list(islice(cycle(open_shares or self._shares), number))
        passages = self._by_use(kept, number)
        return [
            Slot(category, next(self._topics[category]), difficulty, passage)
            for (category, difficulty), passage in zip(shares, passages, strict=True)
        ]

    def _by_use(self, kept: Sequence[Item], number: int) -> Sequence[Passage | None]:
        if not self._passages:
            return [None] * number
        used = Counter(item.context for item in kept)
        ordered = sorted(self._passages, key=lambda passage: used[passage.text])
        each = max(min(2, number), -(-number // len(ordered)))
        return list(islice((p for p in cycle(ordered) for _ in range(each)), number))


def parallel_slots(concepts: Iterable[Item]) -> list[Slot]:
    """Return a slot for each item of another language."""
    return [
        Slot(item.tags.get("category", "general"), item.concept, _level(item), concept=item)
        for item in concepts
    ]


def batches(slots: Sequence[Slot], size: int) -> Iterator[tuple[Slot, ...]]:
    """Yield the slots in batches of up to `size`, each about one passage."""
    batch: list[Slot] = []
    for slot in slots:
        if batch and (len(batch) == size or slot.passage != batch[0].passage):
            yield tuple(batch)
            batch = []
        batch.append(slot)
    if batch:
        yield tuple(batch)


def _level(item: Item) -> str:
    return item.tags.get("difficulty", "medium")


def _endless(draw: random.Random, topics: Sequence[str]) -> Iterator[str]:
    return cycle(draw.sample(list(topics), len(topics)))
