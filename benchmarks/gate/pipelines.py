"""Pipelines as the gate meets them: how likely each item is to pass, before and after a change.

Nothing is invented that was recorded. An item is one of `core-en` with its tags; a pack of another
size draws them with replacement. At temperature 0.7 its chance to pass comes from what it did when
it was asked n times and passed k: Beta(k + a, n − k + b), with the a and b that fit all items
(empirical Bayes, by the method of moments for the beta-binomial, Kleinman 1973). At temperature 0
none of the 52 was seen to pass at one time and to fail at another, on a server that answers four at
once; by the rule of succession 1 item of 54 is taken to be a toss-up all the same.

- `passage` and `closed`: the pipelines of `record.py`, right in 83 % and 54 % of their answers at
  temperature 0, in 62 % and 38 % at 0.7, where so small a model is far noisier than large ones.
- `strong`: the items of `passage` as an abler model meets them, right in 88 % of its answers. The
  log-odds of each item to pass are raised by one and the same amount (Rasch 1960).

A broken item always fails. What breaks is drawn from the items that mostly pass.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from tqb.packs import load_pack
from tqb.types import Passes

RECORDED = Path(__file__).with_name("passes.jsonl")
WARM = "temperature 0.7"
STRONG = 0.88
"""Share of right answers of the pipeline `strong`."""
SAME_WEIGHTS = ("cached prompt", "other attention", "8-bit cache")
"""Recorded engines that compute the same weights in another way."""
LOST, WON = 2 / 30, 1 / 30
"""Answers of all that another engine loses and wins at temperature 0."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One item of a simulated pack."""

    tags: Mapping[str, str]
    language: str
    before: float
    """Chance that an answer passes."""
    after: float

    @property
    def steady(self) -> bool:
        """Whether it mostly passes."""
        return self.before > 0.5


Subjects = tuple[Subject, ...]


@cache
def recorded(pipeline: str, condition: str) -> Mapping[str, Passes]:
    """Return what the items did under a condition, by id."""
    rows = map(json.loads, RECORDED.read_text(encoding="utf-8").splitlines())
    return {row["id"]: Passes(*row[pipeline][condition][:2]) for row in rows}


@cache
def tags() -> Mapping[str, Mapping[str, str]]:
    """Return the tags of the items of `core-en`, by id."""
    return {f"core-en/{item.id}": item.tags for item in load_pack("core-en").items}


def drawn_ids(rng: Random, n: int) -> list[str]:
    """Draw as many items; the pack itself where it has as many."""
    known = sorted(tags())
    return known if n == len(known) else rng.choices(known, k=n)


@cache
def fitted(pipeline: str) -> tuple[float, float]:
    """Return the a and b of the beta distribution that fits the recorded items."""
    counts = list(recorded(pipeline, WARM).values())
    n, size = counts[0].n, len(counts)
    mean = math.fsum(count.rate for count in counts) / size
    spread = math.fsum((count.rate - mean) ** 2 for count in counts) / (size - 1)
    within = spread / (mean * (1 - mean))
    alike = (n * within - 1) / (n - 1)
    strength = 1 / alike - 1
    return mean * strength, (1 - mean) * strength


def cold(rng: Random, n: int) -> Subjects:
    """Draw `passage` at temperature 0, the same before and after."""
    counts = recorded("passage", "batched")
    chances = {key: count.rate for key, count in counts.items()}
    return flaky(rng, subjects(rng, n, chances, chances), 1 / (2 + len(counts)))


def warm(rng: Random, n: int, pipeline: str) -> Subjects:
    """Draw a pipeline at temperature 0.7, the same before and after."""
    source = "passage" if pipeline == "strong" else pipeline
    counts, (a, b) = recorded(source, WARM), fitted(source)
    chances = {
        key: rng.betavariate(a + count.passed, b + count.n - count.passed)
        for key, count in counts.items()
    }
    if pipeline == "strong":
        factor = odds_factor(source)
        chances = {key: raised(chance, factor) for key, chance in chances.items()}
    return subjects(rng, n, chances, chances)


@cache
def odds_factor(pipeline: str) -> float:
    """Return what the odds of all items are to be multiplied with to reach `STRONG`."""
    counts, (a, b) = recorded(pipeline, WARM).values(), fitted(pipeline)
    chances = [(count.passed + a) / (count.n + a + b) for count in counts]
    low, high = 1.0, 1e6
    for _ in range(60):
        middle = math.sqrt(low * high)
        mean = math.fsum(raised(chance, middle) for chance in chances) / len(chances)
        low, high = (middle, high) if mean < STRONG else (low, middle)
    return high


def raised(chance: float, factor: float) -> float:
    """Multiply the odds of a chance."""
    return chance * factor / (1 - chance + chance * factor)


def subjects(
    rng: Random, n: int, before: Mapping[str, float], after: Mapping[str, float]
) -> Subjects:
    """Draw items with their chances; packs of several languages have 40 items of each."""
    languages = [f"language {place // 40}" for place in range(n)] if n % 40 == 0 else ["en"] * n
    return tuple(
        Subject(tags()[key], language, before[key], after[key])
        for key, language in zip(drawn_ids(rng, n), languages, strict=True)
    )


def flaky(rng: Random, items: Subjects, share: float) -> Subjects:
    """Make this share of the items pass every other time."""
    chosen = _chosen(rng, range(len(items)), share * len(items))
    return tuple(
        replace(item, before=0.5, after=0.5) if place in chosen else item
        for place, item in enumerate(items)
    )


def broken(rng: Random, items: Subjects, share: float) -> Subjects:
    """Break this share of the items at least, of those that mostly pass."""
    places = [place for place, item in enumerate(items) if item.steady]
    chosen = _chosen(rng, places, share * len(items))
    return tuple(
        replace(item, after=0.0) if place in chosen else item for place, item in enumerate(items)
    )


def _chosen(rng: Random, places: Sequence[int], many: float) -> set[int]:
    return set(rng.sample(places, min(len(places), math.ceil(many))))


def one_must_pass_broken(rng: Random, items: Subjects) -> Subjects:
    """Break one of the items that pass nearly always, and mark it as one that must pass."""
    place = rng.choice([place for place, item in enumerate(items) if item.before > 0.9])
    item = items[place]
    changed = replace(item, tags={**item.tags, "critical": "true"}, after=0.0)
    return (*items[:place], changed, *items[place + 1 :])


def one_language_broken(rng: Random, items: Subjects) -> Subjects:
    """Break all items of one language."""
    language = rng.choice(sorted({item.language for item in items}))
    return tuple(replace(item, after=0.0) if item.language == language else item for item in items)


def other_engine(rng: Random, items: Subjects) -> Subjects:
    """Lose and win items for good, as often as the same weights do on another engine."""
    lose = LOST / (math.fsum(item.before for item in items) / len(items))
    win = WON / (math.fsum(1 - item.before for item in items) / len(items))

    def moved(item: Subject) -> Subject:
        chance = rng.random()
        if item.steady:
            return replace(item, after=0.0) if chance < lose else item
        return replace(item, after=1.0) if chance < win else item

    return tuple(map(moved, items))


def recorded_engine(rng: Random, n: int, engines: Sequence[str]) -> Subjects:
    """Draw items with what they did on the plain engine and on one of these, with replacement."""
    before, after = recorded("passage", "temperature 0"), recorded("passage", rng.choice(engines))
    keys = rng.choices(sorted(before), k=n)
    return tuple(Subject(tags()[key], "en", before[key].rate, after[key].rate) for key in keys)
