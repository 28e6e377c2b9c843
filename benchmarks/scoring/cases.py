"""The labelled cases."""

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


def cases() -> Iterator[Case]:
    """Yield all cases, language by language."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            label, *aliases = row["targets"]
            item = Item(row["id"], row["question"], label, tuple(aliases), lang=row["lang"])
            yield Case(item, row["answer"], bool(row["correct"]))
