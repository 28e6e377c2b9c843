"""What `tqb generate` makes of bad models, beside a single call as TQB++ makes it.

    python -m benchmarks.generate [--num 40] [--language fr]

Local servers play the models of `tests/generate/models.py`. Each is asked for `--num` items twice:
by `tqb generate`, with `--verify` by the same model for the one that lies, and by one call for all
of them at once, restated here: a reply that is no JSON list is an empty list, items without the
keys are left out, the rest is stamped with a hash. Both are held against what the models know
themselves.

An item is usable if it is in the language, its label is right and stands in its context, and no
earlier one asks the same; `written` is what the model wrote, good and bad, of which the delivered
are the share accepted. Balance is the evenness of the categories among the usable items:
Shannon's entropy over that of equal shares of as many categories as the recipe has.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.generate.models import (
    FRAMES,
    Cooperative,
    Lying,
    Refusing,
    Repetitive,
    Sloppy,
    Truncating,
    serve,
)
from tqb.minting.recipe import load_recipe

MODELS: tuple[type[Cooperative], ...] = (
    Cooperative,
    Sloppy,
    Truncating,
    Repetitive,
    Lying,
    Refusing,
)
KEYS = ("text", "label", "context", "tags")
MAX_TOKENS = 4096


@dataclass(frozen=True)
class Row:
    """What one way of asking made of one model."""

    model: str
    way: str
    calls: int
    blind: int
    """Calls to verify."""
    written: int
    """Items that the model wrote."""
    delivered: int
    usable: int
    repeated: int
    wrong: int
    """Items with a wrong label."""
    balance: float
    said: str
    """What the user is told."""


def by_tqb(model: Cooperative, url: str, lang: str, number: int) -> tuple[list[Any], str]:
    """Mint a pack as users do; return its items and what was said."""
    verify = ["--verify", url] if isinstance(model, Lying) else []
    flags = ["--model", url, "--language", lang, "--num", str(number), "--seed", "1", *verify]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tqb", "generate", *flags, "-o", "pack"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        files = sorted(Path(folder).glob("pack/**/items.jsonl"))
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    said = done.stderr.strip().partition("\n")[0] if done.returncode else "done"
    return [json.loads(line) for line in lines], f"exit {done.returncode}: {said}"


def by_one_call(model: Cooperative, url: str, lang: str, number: int) -> tuple[list[Any], str]:
    """Ask once for all items, and keep what has the keys."""
    system = (
        "You make datasets and write JSON with the keys text, label, context and tags (category; "
        "difficulty: easy, medium or hard). The context is one sentence with the label in it."
    )
    order = f"Generate {number} mixed questions in {lang} about mixed. Reply with a JSON list only."
    content = asyncio.run(_ask(url, system, order))
    try:
        found = json.loads(content)
    except ValueError:
        return [], "an empty list"
    if isinstance(found, dict):
        found = found.get("questions", found.get("data", []))
    kept = [
        {**item, "sha256": _sha256(item)}
        for item in found
        if isinstance(item, dict)
        and all(key in item for key in KEYS)
        and {"category", "difficulty"} <= set(item["tags"])
    ]
    return kept, f"{len(kept)} items"


async def _ask(url: str, system: str, order: str) -> str:
    import aiohttp

    turns = [{"role": "system", "content": system}, {"role": "user", "content": order}]
    body = {"model": "m", "messages": turns, "temperature": 0.7, "max_tokens": MAX_TOKENS}
    address = f"{url.partition('#')[0]}/chat/completions"
    async with aiohttp.ClientSession() as session, session.post(address, json=body) as response:
        data = await response.json()
    return str(data["choices"][0]["message"]["content"])


def _sha256(item: Mapping[str, Any]) -> str:
    text = json.dumps({key: item[key] for key in KEYS}, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


WAYS: dict[str, Callable[[Cooperative, str, str, int], tuple[list[Any], str]]] = {
    "tqb generate": by_tqb,
    "one call": by_one_call,
}


def measure(kind: type[Cooperative], way: str, lang: str, number: int) -> Row:
    """Ask a fresh model of this kind, and hold the items against what it knows."""
    model = kind()
    with serve(model) as server:
        items, said = WAYS[way](model, f"{server.url}#m", lang, number)
    texts = Counter(str(item["text"]) for item in items)
    first = list({str(item["text"]): item for item in reversed(items)}.values())
    usable = [item for item in first if _is_usable(item, model, lang)]
    return Row(
        model=kind.__name__,
        way=way,
        calls=model.calls,
        blind=model.answered,
        written=model.minted,
        delivered=len(items),
        usable=len(usable),
        repeated=len(items) - len(texts),
        wrong=sum(model.truth.get(str(item["text"])) != item["label"] for item in items),
        balance=evenness(item["tags"]["category"] for item in usable),
        said=said,
    )


def _is_usable(item: Mapping[str, Any], model: Cooperative, lang: str) -> bool:
    text, label, context = str(item["text"]), str(item["label"]), str(item["context"])
    patterns = (re.escape(frame).replace(r"\{a\}", ".+") for _, frame, _ in FRAMES[lang])
    in_language = any(re.fullmatch(pattern, text) for pattern in patterns)
    return in_language and model.truth.get(text) == label and label in context


def evenness(categories: Iterable[str]) -> float:
    """Return Shannon's entropy of the categories over the most that the recipe allows, 0 to 1."""
    counts = Counter(categories)
    whole = sum(counts.values())
    entropy = -sum(n / whole * math.log(n / whole) for n in counts.values())
    return entropy / math.log(len(load_recipe().taxonomy)) if whole else 0.0


def show(rows: Sequence[Row], number: int) -> None:
    """Print the table."""
    print(
        f"{'model':<12} {'way':<13} {'calls':>5} {'blind':>5} {'written':>7} "
        f"{'delivered':>9} {'usable':>6} {'repeated':>8} {'wrong':>5} {'balance':>7}  told"
    )
    for row in rows:
        print(
            f"{row.model.lower():<12} {row.way:<13} {row.calls:>5} {row.blind:>5} {row.written:>7} "
            f"{row.delivered:>9} {row.usable:>6} {row.repeated:>8} {row.wrong:>5} "
            f"{row.balance:>7.2f}  {row.said}"
        )
    print(f"\n{number} items were asked for.")


def main() -> None:
    """Measure every model both ways."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--num", type=int, default=40, help="items asked for")
    parser.add_argument("--language", choices=sorted(FRAMES), default="fr")
    options = parser.parse_args()
    rows = [measure(kind, way, options.language, options.num) for kind in MODELS for way in WAYS]
    show(rows, options.num)


if __name__ == "__main__":
    main()
