"""The labelled cases, in two sets.

`pointed` are answers made hard on purpose, almost half of them wrong ones that look right; the
rules were written with them in view. `fresh` are answers as models give them, written afterwards
by others, in any domain, with right ones that no rule can know (synonyms, paraphrases); of these,
cases with an odd number were looked at later, those with an even number (`unseen`) never were.

Every case was labelled twice apart before a scorer saw it; the two agreed on all of `fresh`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqb.types import Item

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    """One answer and what a careful person says of it."""

    item: Item
    answer: str
    correct: bool


def cases(name: str = "pointed") -> Iterator[Case]:
    """Yield the cases of a set, `pointed`, `fresh` or `unseen`, language by language."""
    if name == "unseen":
        yield from (case for case in cases("fresh") if int(case.item.id[-1]) % 2 == 0)
        return
    for path in sorted((FOLDER / name).glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            label, *aliases = row["targets"]
            item = Item(row["id"], row["question"], label, tuple(aliases), lang=row["lang"])
            yield Case(item, row["answer"], bool(row["correct"]))
