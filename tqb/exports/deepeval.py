"""DeepEval: goldens as JSON, and a script that scores answers to them."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import ANSWER, Exporter, Files, details, to_json_array
from tqb.types import Item, Pack

EVALUATE = '''\
"""Ask the pipeline of answer.py each golden, and score the answer by ExactMatchMetric."""

from deepeval.dataset import EvaluationDataset
from deepeval.metrics import ExactMatchMetric
from deepeval.test_case import LLMTestCase

from answer import answer

dataset = EvaluationDataset()
dataset.add_goldens_from_json_file("goldens.json", encoding_type="utf-8")
right = 0
for golden in dataset.goldens:
    said = answer(golden.input)
    targets = [golden.expected_output, *golden.additional_metadata.get("aliases", [])]
    cases = [
        LLMTestCase(input=golden.input, actual_output=said, expected_output=target)
        for target in targets
    ]
    right += any(ExactMatchMetric().measure(case) == 1 for case in cases)
print(f"accuracy {right / len(dataset.goldens):g}")
'''


def write(pack: Pack) -> Files:
    """Write the goldens and the script."""
    goldens = to_json_array(map(_golden, pack.items))
    return {"goldens.json": goldens, "evaluate.py": EVALUATE, "answer.py": ANSWER}


def _golden(item: Item) -> dict[str, Any]:
    return {
        "input": item.text,
        "expected_output": item.label,
        "context": [item.context] if item.context else None,
        "name": item.id,
        "additional_metadata": details(item, without=("id", "text", "label", "context")),
    }


EXPORTER = Exporter(
    name="deepeval",
    title="DeepEval",
    install="pip install deepeval",
    command="python evaluate.py",
    loses="The script tries each target by ExactMatchMetric, letter by letter; "
    "`answer_type`, `tolerance` and `forbidden` are in `additional_metadata`, unheeded.",
    write=write,
)
