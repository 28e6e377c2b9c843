"""Inspect AI: samples as JSON Lines, and the task that asks them."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import Exporter, Files, details, to_json_lines
from tqb.types import Item, Pack

TASK = '''\
"""Ask each sample, and score the answer by two of Inspect's scorers."""

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import exact, match
from inspect_ai.solver import generate


@task
def pack() -> Task:
    """Return the task."""
    return Task(
        dataset=json_dataset("samples.jsonl"),
        solver=generate(),
        scorer=[exact(), match(location="any")],
    )
'''


def write(pack: Pack) -> Files:
    """Write the samples and the task."""
    return {"samples.jsonl": to_json_lines(map(_sample, pack.items)), "task.py": TASK}


def _sample(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "input": item.text,
        "target": list(item.targets),
        "metadata": details(item, without=("id", "text", "label", "aliases")),
    }


EXPORTER = Exporter(
    name="inspect",
    title="Inspect AI",
    install="pip install inspect-ai 'openai>=2.30'",
    command="inspect eval task.py --model openai/gpt-4o-mini",
    loses="`exact` wants a target alone, `match` one anywhere in the answer; `answer_type`, "
    "`tolerance`, `forbidden` and `context` are in `metadata`, which neither scorer reads.",
    write=write,
)
