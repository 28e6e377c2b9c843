"""Promptfoo: tests as JSON Lines, and the configuration that asks them.

Promptfoo renders a variable that is a text as a template, and reads a file where one begins with
``file://``; a variable that is an object it takes as it is. So the item is an object, the prompt
JSON, and the assertion code without a word of the item in it.
"""

from __future__ import annotations

from typing import Any

from tqb.exports.interface import Exporter, Files, details, to_json, to_json_lines, to_yaml
from tqb.types import Item, Pack


def write(pack: Pack) -> Files:
    """Write the tests and the configuration."""
    prompt = to_json([{"role": "user", "content": "{{item.text}}"}])
    right = "context.vars.item.targets.includes(String(output).trim())"
    config = {
        "prompts": [prompt],
        "providers": [{"id": "openai:chat:gpt-4o-mini", "config": {"temperature": 0}}],
        "defaultTest": {"assert": [{"type": "javascript", "value": right}]},
        "tests": "file://tests.jsonl",
    }
    return {
        "promptfooconfig.yaml": to_yaml(config),
        "tests.jsonl": to_json_lines(map(_test, pack.items)),
    }


def _test(item: Item) -> dict[str, Any]:
    values = {"targets": list(item.targets), **details(item, without=("label", "aliases"))}
    return {"vars": {"item": values}}


EXPORTER = Exporter(
    name="promptfoo",
    title="promptfoo",
    install="npm install --global promptfoo",
    command="promptfoo eval --no-cache",
    loses="An answer is right where it is a target, letter by letter; a prompt of your own may "
    "show `{{item.context}}`; `answer_type`, `tolerance` and `forbidden` are passed over.",
    write=write,
)
