"""A new pack, everything in place but the content."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from tqb.errors import ConfigError
from tqb.packs.card import CARD_FILE, codes, yaml_code
from tqb.packs.croissant import METADATA_FILE, write_new, write_pack
from tqb.packs.messages import clean
from tqb.types import Item

PLACEHOLDERS = ("write your question here", "say here what the pack asks about")
"""What stands, in any case, where the author's own words are wanted."""

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", re.ASCII)

_ITEMS = (
    Item(
        id="first-question",
        text="Write your question here: one with a word or a name for an answer.",
        label="the answer",
        aliases=("another spelling of the answer",),
        answer_type="text",
        context="Write here one sentence that holds the answer, letter by letter.",
        tags={"category": "people", "difficulty": "easy"},
        concept="first-question",
    ),
    Item(
        id="second-question",
        text="Write your question here: one with a quantity for an answer.",
        label="42",
        answer_type="number",
        context="Write here one sentence that holds 42.",
        tags={"category": "numbers", "difficulty": "medium"},
        concept="second-question",
    ),
    Item(
        id="third-question",
        text="Write your question here: one with a year or a day for an answer.",
        label="1969",
        answer_type="date",
        context="Write here one sentence that holds 1969.",
        tags={"category": "history", "difficulty": "hard"},
        concept="third-question",
    ),
)

_CARD = """\
---
pretty_name: {pretty_name}
license: cc0-1.0
language:
{languages}task_categories:
  - question-answering
size_categories:
  - n<1K
configs:
  - config_name: default
    data_files:
      - split: test
        path: items.jsonl
---

# {name}

Say here what the pack asks about, for whom, and what a low score means.

- `text` the question · `label` the answer · `aliases` other answers that are as right
- `context` one sentence that holds the label word for word
- `answer_type` text, number, date, formula, verbatim or choice
- `tags` category and difficulty · `lang` BCP 47 · `id` · `concept` shared across languages
- `sha256` over text, label, context, tags, id and lang: UTF-8 JSON with sorted keys

Say here who wrote the questions, and who checked them.
"""


def is_placeholder(text: str) -> bool:
    """Tell whether a text is one of the template's, to be replaced."""
    folded = " ".join(text.casefold().split())
    return any(words in folded for words in PLACEHOLDERS)


def new_pack(folder: Path, *, language: str = "en", name: str = "") -> tuple[Path, ...]:
    """Write a pack with placeholders for its content.

    Args:
        folder: missing or empty.
        language: BCP 47 tag of the questions and answers.
        name: of the pack; by default that of the folder.

    Returns:
        The files written.

    Raises:
        ConfigError: there is something in the folder, it cannot be written, or the language is no
            BCP 47 tag.
    """
    name = name or folder.resolve().name
    check_language(language)
    if not name.strip() or not name.isprintable():
        raise ConfigError(f"--name {clean(name)}: give a name of printable characters")
    refuse_what_is_there(folder)
    today = date.today()
    write_pack(
        folder,
        [replace(item, lang=language) for item in _ITEMS],
        name=name,
        version="0.1.0",
        description="Say here what the pack asks about, in one or two sentences.",
        license="https://spdx.org/licenses/CC0-1.0.html",
        date_published=today.isoformat(),
        cite_as=f"The authors of {name} ({today.year}). {name}.",
        creator=f"The authors of {name}",
        url="https://example.org/",
        keywords=["question answering", "smoke test"],
    )
    languages = "".join(f"  - {yaml_code(code)}\n" for code in codes([language]))
    pretty_name = json.dumps(name, ensure_ascii=False)
    write_new(
        folder / CARD_FILE, _CARD.format(name=name, pretty_name=pretty_name, languages=languages)
    )
    return tuple(folder / file for file in ("items.jsonl", METADATA_FILE, CARD_FILE))


def check_language(tag: str) -> None:
    """Refuse what is no BCP 47 tag.

    Raises:
        ConfigError: it is none.
    """
    if not _TAG.fullmatch(tag):
        raise ConfigError(f"--language {clean(tag)}: give a BCP 47 tag, such as fr or zh-Hant")


def refuse_what_is_there(folder: Path) -> None:
    """Refuse a folder with something in it.

    Raises:
        ConfigError: it is neither missing nor an empty folder.
    """
    try:
        taken = os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir()))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{clean(str(folder))}: cannot be looked into ({reason})") from None
    if taken:
        raise ConfigError(
            f"{clean(str(folder))} is not an empty folder and was left as it is: name a new one"
        )
