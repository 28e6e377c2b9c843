"""Opik: items as JSON Lines, and a script that scores answers to them without a server."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import ANSWER, Exporter, Files, details, to_json_lines
from tqb.types import Item, Pack

EVALUATE = '''\
"""Ask the pipeline of answer.py each item, and score by Opik's Equals; nothing is uploaded."""

import json
from pathlib import Path

from opik.evaluation.metrics import Equals

from answer import answer

metric = Equals(case_sensitive=True, track=False)
lines = Path("items.jsonl").read_text(encoding="utf-8").split("\\n")
items = [json.loads(line) for line in lines if line]
right = 0
for item in items:
    said = answer(item["input"]["question"])
    targets = [item["expected_output"], *item["metadata"].get("aliases", [])]
    right += any(metric.score(output=said, reference=target).value == 1 for target in targets)
print(f"accuracy {right / len(items):g}")
'''


def write(pack: Pack) -> Files:
    """Write the items and the script."""
    items = to_json_lines(map(_item, pack.items))
    return {"items.jsonl": items, "evaluate.py": EVALUATE, "answer.py": ANSWER}


def _item(item: Item) -> dict[str, Any]:
    return {
        "input": {"question": item.text},
        "expected_output": item.label,
        "metadata": details(item, without=("text", "label")),
    }


EXPORTER = Exporter(
    name="opik",
    title="Opik",
    install="pip install opik",
    command="python evaluate.py",
    loses="`dataset.read_jsonl_from_file` uploads the items; the script tries each target by "
    "`Equals`, letter by letter; `answer_type`, `tolerance`, `forbidden` and `context` are in "
    "`metadata`, unheeded.",
    write=write,
)
