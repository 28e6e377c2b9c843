"""Imported items → a new pack."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from tqb.errors import ConfigError
from tqb.packs import write_pack
from tqb.packs.card import CARD_FILE, codes, yaml_code
from tqb.packs.croissant import ITEMS_FILE, write_new
from tqb.packs.items import UNDETERMINED
from tqb.packs.messages import clean, quoted
from tqb.text import count
from tqb.types import Item

_CARD = """\
---
pretty_name: {quoted_name}
{languages}task_categories:
  - question-answering
configs:
  - config_name: default
    data_files:
      - split: test
        path: items.jsonl
---

# {name}

{description}

Say here what the pack asks about, under which licence it is, and who checked it.
"""


def write_imported(
    items: Iterable[Item],
    folder: Path,
    *,
    origin: str,
    license: str = "",  # noqa: A002
) -> Path:
    """Write items as a new pack.

    Args:
        items: at least one.
        folder: missing or empty.
        origin: what they were imported from, in words.
        license: URL or SPDX name; empty where it is not known.

    Returns:
        Path of the items.jsonl.

    Raises:
        ConfigError: it cannot be written, or the name is none.
    """
    items = tuple(items)
    name = folder.resolve().name
    if not name.strip() or not name.isprintable():
        raise ConfigError(f"-o {clean(str(folder))}: give a name of printable characters")
    today = date.today()
    description = f"{count(len(items), 'question')} imported from {origin}."
    try:
        write_pack(
            folder,
            items,
            name=name,
            version="0.1.0",
            description=description,
            license=license or "unknown",
            date_published=today.isoformat(),
            cite_as=f"{name}, imported on {today.isoformat()}.",
            creator=f"The authors of {name}",
            url="https://example.org/",
        )
    except ValueError as error:
        raise ConfigError(f"{quoted(folder)}: {error}") from None
    known = codes({item.lang for item in items} - {UNDETERMINED})
    languages = "".join(f"  - {yaml_code(code)}\n" for code in known)
    card = _CARD.format(
        name=name,
        quoted_name=json.dumps(name, ensure_ascii=False),
        languages=f"language:\n{languages}" if known else "",
        description=description,
    )
    write_new(folder / CARD_FILE, card)
    return folder / ITEMS_FILE
