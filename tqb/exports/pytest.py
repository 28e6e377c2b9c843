"""pytest: one test for each item, without tqb."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import ANSWER, Exporter, Files, details, to_json_lines
from tqb.types import Item, Pack

TEST = '''\
"""Each item is a test: the pipeline of answer.py gives one of its targets."""

import json
from pathlib import Path

import pytest

from answer import answer

LINES = Path(__file__).with_name("items.jsonl").read_text(encoding="utf-8").split("\\n")
ITEMS = [json.loads(line) for line in LINES if line]


@pytest.mark.parametrize("item", ITEMS, ids=[ascii(item["id"])[1:-1] for item in ITEMS])
def test_item(item):
    targets = [item["label"], *item.get("aliases", [])]
    assert answer(item["text"]).casefold() in [target.casefold() for target in targets]
'''


def write(pack: Pack) -> Files:
    """Write the items, as a pack of tqb has them, and the test."""
    items = to_json_lines(map(_item, pack.items))
    return {"items.jsonl": items, "test_pack.py": TEST, "answer.py": ANSWER}


def _item(item: Item) -> dict[str, Any]:
    return details(item)


EXPORTER = Exporter(
    name="pytest",
    title="pytest",
    install="pip install pytest",
    command="pytest",
    loses="An answer is right where it is a target, without regard to case; `answer_type`, "
    "`tolerance` and `forbidden` are passed over.",
    write=write,
)
