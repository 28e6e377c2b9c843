"""Packs for the tests, written through the public API and then bent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tqb.errors import PackError
from tqb.packs import load_pack, write_pack
from tqb.types import Item, Problem

ABOUT = {
    "name": "planets",
    "version": "1.2.0",
    "description": "Questions about planets.",
    "license": "https://spdx.org/licenses/CC0-1.0.html",
    "date_published": "2026-01-31",
    "cite_as": "tqb planets",
    "creator": "tqb",
    "url": "https://example.org/planets",
}


def item(number: int = 1, **changes: Any) -> Item:
    """Return an item that no check finds fault with."""
    values: dict[str, Any] = {
        "id": f"planet-{number}",
        "text": f"Which planet is number {number}?",
        "label": f"Planet {number}",
        "context": f"Number {number} is Planet {number}.",
        "lang": "en",
        "tags": {"category": "astronomy", "difficulty": "easy"},
    }
    return Item(**{**values, **changes})


def pack(folder: Path, items: Iterable[Item] | None = None, **about: Any) -> Path:
    """Write a pack of two items, or of these; return its folder."""
    write_pack(folder, [item(1), item(2)] if items is None else items, **{**ABOUT, **about})
    return folder


CARD = """---
license: {license}
language: {languages}
configs:
  - config_name: default
    data_files:
      - split: test
        path: items.jsonl
---

# {name}
"""


def published(folder: Path, items: Iterable[Item], **about: Any) -> Path:
    """Write a pack of these items with a card, as it may be shipped; return its folder."""
    items = list(items)
    languages = json.dumps(sorted({item.lang.partition("-")[0] for item in items}))
    pack(folder, items, **{"name": folder.name, **about})
    card = CARD.format(license="cc0-1.0", languages=languages, name=folder.name)
    (folder / "README.md").write_text(card, encoding="utf-8")
    return folder


def rewrite_items(folder: Path, data: bytes) -> Path:
    """Replace a pack's items file, and its hash in the metadata with it."""
    (folder / "items.jsonl").write_bytes(data)
    return edit(folder, lambda meta: file_of(meta).update(sha256=hashlib.sha256(data).hexdigest()))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change a pack's metadata in place."""
    path = folder / "croissant.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    change(metadata)
    path.write_text(json.dumps(metadata, indent=2), encoding="utf-8")
    return folder


def file_of(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the one FileObject of the metadata."""
    found: dict[str, Any] = metadata["distribution"][0]
    return found


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    """Write rows to a bare items file."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), encoding="utf-8", newline="")
    return path


def problems(source: Path | str, **options: Any) -> tuple[Problem, ...]:
    """Return the problems for which a pack is refused."""
    with pytest.raises(PackError) as caught:
        load_pack(str(source), **options)
    return caught.value.problems


def problem(source: Path | str, **options: Any) -> Problem:
    """Return the only problem for which a pack is refused: one printable line."""
    (found,) = problems(source, **options)
    assert str(found).isprintable()
    assert len(found.message) < 400
    return found
