"""LangSmith: examples as JSON Lines and as CSV, and a script that evaluates without uploading."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tqb.exports.interface import ANSWER, Exporter, Files, details, to_json_lines
from tqb.formats.csv import FORMULA
from tqb.text import without_controls
from tqb.types import Item, Pack

COLUMNS = ("question", "answer", "aliases", "context", "lang", "tags", "id", "concept")

EVALUATE = '''\
"""Ask the pipeline of answer.py each example; nothing is uploaded."""

import json
import uuid
from datetime import datetime, timezone
from pathlib import Path

from langsmith import evaluate
from langsmith.schemas import Example

from answer import answer

lines = Path("examples.jsonl").read_text(encoding="utf-8").split("\\n")
examples = [
    Example(id=uuid.uuid4(), created_at=datetime.now(timezone.utc), **json.loads(line))
    for line in lines
    if line
]


def pipeline(inputs: dict) -> dict:
    return {"answer": answer(inputs["question"])}


def exact(outputs: dict, reference_outputs: dict) -> bool:
    return outputs["answer"] in [reference_outputs["answer"], *reference_outputs["aliases"]]


results = evaluate(pipeline, data=examples, evaluators=[exact], upload_results=False)
scores = [result["evaluation_results"]["results"][0].score for result in results]
print(f"accuracy {sum(scores) / len(scores):g}")
'''


def write(pack: Pack) -> Files:
    """Write the examples in both forms, and the script."""
    return {
        "examples.jsonl": to_json_lines(map(_example, pack.items)),
        "examples.csv": _csv(pack),
        "evaluate.py": EVALUATE,
        "answer.py": ANSWER,
    }


def _example(item: Item) -> dict[str, Any]:
    return {
        "inputs": {"question": item.text},
        "outputs": {"answer": item.label, "aliases": list(item.aliases)},
        "metadata": details(item, without=("text", "label", "aliases")),
    }


def _csv(pack: Pack) -> str:
    """Return comma-separated values in which no spreadsheet finds a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for item in pack.items:
        fields = {**details(item), "question": item.text, "answer": item.label}
        table.writerow([_cell(fields.get(column, "")) for column in COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    clean = without_controls(text)
    return f"'{clean}" if clean.startswith(FORMULA) else clean


EXPORTER = Exporter(
    name="langsmith",
    title="LangSmith",
    install="pip install langsmith",
    command="LANGSMITH_TRACING=false python evaluate.py",
    loses="`Client().create_examples` uploads `examples.jsonl`, `Client().upload_csv` the CSV, "
    "which has no `answer_type`, `tolerance` and `forbidden`, and an apostrophe before what could "
    "be a formula; the script wants a target, letter by letter.",
    write=write,
)
