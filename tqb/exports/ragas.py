"""Ragas: samples as JSON Lines, and a script that fills in responses and scores them."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import ANSWER, Exporter, Files, details, to_json_lines
from tqb.types import Item, Pack

EVALUATE = '''\
"""Ask the pipeline of answer.py each sample, and score by Ragas' ExactMatch."""

import asyncio
import json
from pathlib import Path

from ragas import EvaluationDataset
from ragas.metrics import ExactMatch

from answer import answer

dataset = EvaluationDataset.from_jsonl("dataset.jsonl")
lines = Path("dataset.jsonl").read_text(encoding="utf-8").split("\\n")
rows = [json.loads(line) for line in lines if line]


async def is_right(sample, aliases) -> bool:
    sample.response = answer(sample.user_input)
    tried = [sample, *(sample.model_copy(update={"reference": alias}) for alias in aliases)]
    return any([await ExactMatch().single_turn_ascore(one) == 1 for one in tried])


async def main() -> None:
    aliases = [row["metadata"].get("aliases", []) for row in rows]
    right = [await is_right(*pair) for pair in zip(dataset.samples, aliases)]
    print(f"accuracy {sum(right) / len(right):g}")


asyncio.run(main())
'''


def write(pack: Pack) -> Files:
    """Write the samples and the script."""
    samples = to_json_lines(map(_sample, pack.items))
    return {"dataset.jsonl": samples, "evaluate.py": EVALUATE, "answer.py": ANSWER}


def _sample(item: Item) -> dict[str, Any]:
    return {
        "user_input": item.text,
        "reference": item.label,
        "response": "",
        "retrieved_contexts": [item.context] if item.context else [],
        "metadata": details(item, without=("text", "label", "context")),
    }


EXPORTER = Exporter(
    name="ragas",
    title="Ragas",
    install="pip install ragas 'langchain-community<0.4'",
    command="python evaluate.py",
    loses="Ragas drops `metadata` (aliases, language, tags) when it reads the file; the script "
    "reads it beside, and tries each target by `ExactMatch`, letter by letter.",
    write=write,
)
