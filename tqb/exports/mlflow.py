"""MLflow: records as JSON, and a script that evaluates them into a local database."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import ANSWER, Exporter, Files, details, to_json_array
from tqb.types import Item, Pack

EVALUATE = '''\
"""Ask the pipeline of answer.py each question by mlflow.genai.evaluate."""

import json
import os
from pathlib import Path

import mlflow
from mlflow.genai.scorers import scorer

from answer import answer

mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"))
mlflow.set_experiment("tqb")


@scorer
def exact(outputs, expectations) -> bool:
    return outputs in [expectations["expected_response"], *expectations["aliases"]]


data = json.loads(Path("dataset.json").read_text(encoding="utf-8"))
results = mlflow.genai.evaluate(data=data, predict_fn=answer, scorers=[exact])
print(f"accuracy {results.metrics['exact/mean']:g}")
'''


def write(pack: Pack) -> Files:
    """Write the records and the script."""
    records = to_json_array(map(_record, pack.items))
    return {"dataset.json": records, "evaluate.py": EVALUATE, "answer.py": ANSWER}


def _record(item: Item) -> dict[str, Any]:
    return {
        "inputs": {"question": item.text},
        "expectations": {
            "expected_response": item.label,
            "aliases": list(item.aliases),
            "metadata": details(item, without=("text", "label", "aliases")),
        },
        "tags": {"language": item.lang},
    }


EXPORTER = Exporter(
    name="mlflow",
    title="MLflow",
    install="pip install mlflow",
    command="python evaluate.py",
    loses="The script wants a target, letter by letter; `answer_type`, `tolerance`, `forbidden` "
    "and `context` are in the expectations' `metadata`, unheeded.",
    write=write,
)
