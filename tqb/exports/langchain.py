"""LangChain: examples as JSON, and a script that scores answers to them by its evaluator."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import ANSWER, Exporter, Files, details, to_json_array
from tqb.types import Item, Pack

EVALUATE = '''\
"""Ask the pipeline of answer.py each example, and score by LangChain's exact_match."""

import json
from pathlib import Path

from langchain_classic.evaluation import load_evaluator

from answer import answer

evaluator = load_evaluator("exact_match")
examples = json.loads(Path("examples.json").read_text(encoding="utf-8"))
right = 0
for example in examples:
    said = answer(example["question"])
    targets = [example["answer"], *example["metadata"].get("aliases", [])]
    right += any(
        evaluator.evaluate_strings(prediction=said, reference=target)["score"] == 1
        for target in targets
    )
print(f"accuracy {right / len(examples):g}")
'''


def write(pack: Pack) -> Files:
    """Write the examples and the script."""
    examples = to_json_array(map(_example, pack.items))
    return {"examples.json": examples, "evaluate.py": EVALUATE, "answer.py": ANSWER}


def _example(item: Item) -> dict[str, Any]:
    return {
        "question": item.text,
        "answer": item.label,
        "metadata": details(item, without=("text", "label")),
    }


EXPORTER = Exporter(
    name="langchain",
    title="LangChain",
    install="pip install langchain-classic",
    command="python evaluate.py",
    loses="The script tries each target by `exact_match`, letter by letter; `answer_type`, "
    "`tolerance`, `forbidden` and `context` are in `metadata`, unheeded.",
    write=write,
)
