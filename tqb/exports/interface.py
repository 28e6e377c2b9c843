"""What an exporter is, and what exporters have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tqb.types import Item, Pack

Files = Mapping[str, str]
"""Text of each file, by its path below the folder, with ``/``."""

ITEM_FIELDS = (
    *("id", "text", "label", "aliases", "answer_type", "tolerance", "forbidden"),
    *("context", "lang", "tags", "concept"),
)
"""What of an item can be carried or lost."""

_HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""Characters that nobody sees, that turn the direction of text, or that some take for line ends."""
_UNDEFINED = ("", None, (), "und")


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes packs for one consumer."""

    name: str
    """As `--to` takes it."""
    title: str
    """What the consumer is called."""
    install: str
    """Command that installs the consumer."""
    command: str
    """Command that runs what was written, in its folder; ``{name}`` is the name of the pack."""
    loses: str
    """A sentence: how the consumer scores, and what of an item it does not heed."""
    write: Callable[[Pack], Files]
    """A pure function. A ``README.md`` among its files is what the shared one begins with."""
    lost: tuple[str, ...] = ()
    """Which of `ITEM_FIELDS` are in none of the files."""


def slug(name: str) -> str:
    """Return a name as every consumer takes it: lower-case ASCII letters, digits and ``_``."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60].rstrip("_")
    return plain if plain[:1].isalpha() else f"pack_{plain}".rstrip("_")


def details(item: Item, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields of an item that say something, as JSON has them, `without` some."""
    left_out = set(without)
    values: dict[str, Any] = {key: getattr(item, key) for key in ITEM_FIELDS}
    values = {key: value for key, value in values.items() if value not in _UNDEFINED}
    values |= {"aliases": list(item.aliases), "forbidden": list(item.forbidden)}
    values["tags"] = dict(item.tags)
    return {
        key: value
        for key, value in values.items()
        if key not in left_out and value not in ([], {}, None)
    }


def to_json(value: Any, indent: int | None = None) -> str:
    """Return JSON in which what nobody sees is escaped, and no line ends within a value."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def to_json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as JSON, one on each line."""
    return "".join(f"{to_json(row)}\n" for row in rows)


def to_json_array(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as one JSON array, with a row on each line."""
    lines = ",\n".join(to_json(row) for row in rows)
    return f"[\n{lines}\n]\n"


def to_yaml(value: Any) -> str:
    """Return YAML: JSON over several lines, which any reader of YAML takes."""
    return f"{to_json(value, indent=2)}\n"


ANSWER = '''\
"""The pipeline under test: put your own here. As it is, it asks an OpenAI-compatible server."""

import json
import os
import urllib.request

URL = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1")
MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")


def answer(question: str) -> str:
    """Return what the pipeline says to a question."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": question}], "temperature": 0}
    request = urllib.request.Request(
        f"{URL.rstrip('/')}/chat/completions",
        data=json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["choices"][0]["message"]["content"].strip()
'''
"""The `answer.py` of exports whose consumer calls a function of the user's."""
