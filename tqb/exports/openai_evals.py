"""OpenAI Evals: a registry with one eval, scored by its class Match."""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import Exporter, Files, details, slug, to_json_lines, to_yaml
from tqb.types import Item, Pack


def write(pack: Pack) -> Files:
    """Write a registry: the samples, and the eval that asks them."""
    name = slug(pack.name)
    registered = {
        name: {"id": f"{name}.test.v1", "metrics": ["accuracy"]},
        f"{name}.test.v1": {
            "class": "evals.elsuite.basic.match:Match",
            "args": {"samples_jsonl": f"{name}/samples.jsonl"},
        },
    }
    return {
        f"registry/data/{name}/samples.jsonl": to_json_lines(map(_sample, pack.items)),
        f"registry/evals/{name}.yaml": to_yaml(registered),
    }


def _sample(item: Item) -> dict[str, Any]:
    return {
        "input": [{"role": "user", "content": item.text}],
        "ideal": list(item.targets),
        "metadata": details(item, without=("text", "label", "aliases")),
    }


EXPORTER = Exporter(
    name="openai-evals",
    title="OpenAI Evals",
    install="pip install --only-binary snowflake-connector-python,pyarrow evals 'datasets>=2.14'",
    command="oaieval gpt-3.5-turbo {name} --registry_path registry",
    loses="An answer is right where it begins with a target, in the same case; `answer_type`, "
    "`tolerance`, `forbidden` and `context` are in `metadata`, which Match passes over.",
    write=write,
)
