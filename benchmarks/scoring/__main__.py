"""Print agreement and wrong answers passed, by language and scorer."""

from __future__ import annotations

import gc
import re
import string
import time
from collections import defaultdict
from collections.abc import Callable
from statistics import median

from benchmarks.scoring.cases import Case, cases
from tqb.scorers import load_scorer
from tqb.types import Item

Accepts = Callable[[str, Item], bool]
ROUNDS = 8
"""The first makes questions and languages known, and does not count."""
PUNCTUATION = str.maketrans("", "", string.punctuation)


def squad(text: str) -> str:
    """Normalize as SQuAD's evaluation does: lower case, no ASCII punctuation, no articles."""
    text = re.sub(r"\b(a|an|the)\b", " ", text.lower().translate(PUNCTUATION))
    return " ".join(text.split())


def ends_with(answer: str, item: Item) -> bool:
    """Accept what ends in a target, as Inspect's `match` does: case and punctuation aside."""
    said = answer.strip().casefold().strip(string.punctuation)
    return any(said.endswith(t.casefold().strip(string.punctuation)) for t in item.targets)


def ours(name: str) -> Accepts:
    """Return one of tqb's scorers as a yes or no."""
    score = load_scorer(name)
    return lambda answer, item: score(answer, item).passed


def scorers() -> dict[str, Accepts]:
    """Return what is compared, by name."""
    lr = load_scorer("tqbpp")
    return {
        "default": ours("default"),
        "exact": ours("exact"),
        "TQB++ EM": ours("tqbpp"),
        "TQB++ LR≥.75": lambda answer, item: lr(answer, item).value >= 0.75,
        "SQuAD EM": lambda a, item: any(squad(a) == squad(t) for t in item.targets),
        "Inspect match": ends_with,
    }


def main() -> None:
    """Print a table for each set, and the speed of the default scorer."""
    compared = scorers()
    for name in ("pointed", "fresh", "heldout", "rich", "short"):
        print(f"{name}: agreement with the labels / wrong answers passed\n")
        print_table(compared, list(cases(name)))
    for name in ("pointed", "fresh", "rich"):
        rate = speed(compared["default"], list(cases(name)))
        print(f"default, {name}: {rate:,.0f} answers a second")


def print_table(compared: dict[str, Accepts], listed: list[Case]) -> None:
    """Print agreement and wrong answers passed, a line for each language and one for all."""
    by_language: dict[str, list[Case]] = defaultdict(list)
    for case in listed:
        by_language[case.item.lang].append(case)
    by_language["all"] = listed
    print(f"{'':9}{'cases':>6}" + "".join(f"{name:>16}" for name in compared))
    for language, some in by_language.items():
        cells = (f"{agreement(f, some):.3f} /{passed(f, some):4d}" for f in compared.values())
        print(f"{language:9}{len(some):6d}" + "".join(f"{cell:>16}" for cell in cells))
    print()


def agreement(accepts: Accepts, listed: list[Case]) -> float:
    """Return the share of cases on which a scorer says what the label says."""
    return sum(accepts(c.answer, c.item) == c.correct for c in listed) / len(listed)


def passed(accepts: Accepts, listed: list[Case]) -> int:
    """Count the wrong answers that a scorer passes."""
    return sum(accepts(c.answer, c.item) and not c.correct for c in listed)


def speed(accepts: Accepts, listed: list[Case]) -> float:
    """Return answers scored in a second of one core, as the median of some rounds.

    Questions, languages and most words are known; the answers differ from round to round in the
    space after them, so that nothing is known of any as a whole.
    """
    rounds = []
    for spaces in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        for case in listed:
            accepts(case.answer + " " * spaces, case.item)
        rounds.append(len(listed) / (time.process_time() - start))
    return median(rounds[1:])


if __name__ == "__main__":
    main()
