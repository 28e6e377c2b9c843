"""The labelled cases, in four sets.

`pointed` are answers made hard on purpose, almost half of them wrong ones that look right; the
rules were written with them in view. `fresh` are answers as models give them, written afterwards
by others, in any domain, with right ones that no rule can know (synonyms, paraphrases); of these,
cases with an odd number were looked at later. Those with an even number (`heldout`) were not, but
for three wrong answers that passed at first and were mended: trust its agreement more than its 0.
`rich` are mostly full sentences with much besides the answer, as chat models write them; they too
were written by others, and looked at later. `short` are answers as four kinds of models, large and
small, give them to short questions, mostly to the point; written by others, and looked at later.

Every case was labelled twice apart, but for `short` before a scorer saw it; of the last three sets
those are kept on which the two agreed.
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
    """Yield the cases of a set (`heldout` is a half of `fresh`), language by language."""
    if name == "heldout":
        yield from (case for case in cases("fresh") if int(case.item.id[-1]) % 2 == 0)
        return
    for path in sorted((FOLDER / name).glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            label, *aliases = row["targets"]
            item = Item(row["id"], row["question"], label, tuple(aliases), lang=row["lang"])
            yield Case(item, row["answer"], bool(row["correct"]))
