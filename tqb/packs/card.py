"""A pack's README.md: the card by which it is found, with its front matter for Hugging Face."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

CARD_FILE = "README.md"

_FRONT = re.compile(r"\A---\r?\n(.*?)^---\r?$", re.DOTALL | re.MULTILINE)
_LANGUAGE = re.compile(r"^language:.*\n(?:[ \t]*-.*\n|[ \t]+.*\n)*", re.MULTILINE)


def front_matter(card: str) -> dict[str, Any] | None:
    """Return the YAML between the two lines of ``---`` with which a card begins.

    None where there is none, or it is no mapping.
    """
    import yaml

    found = _FRONT.match(card)
    try:
        values = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return None
    return values if isinstance(values, dict) else None


def card_languages(front: dict[str, Any]) -> tuple[str, ...]:
    """Return the languages that the front matter names."""
    named = front.get("language") or []
    tags = named if isinstance(named, list) else [named]
    # YAML reads `no`, Norwegian, as false.
    return tuple("no" if tag is False else str(tag) for tag in tags)


def codes(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the ISO 639 codes of BCP 47 tags, sorted: Hugging Face files packs under these."""
    return tuple(sorted({tag.partition("-")[0].lower() for tag in tags}))


def names_the_same(named: Iterable[str], tags: Iterable[str]) -> bool:
    """Tell whether a card names these languages, each by its tag or by its code."""
    named, tags = set(named), set(tags)
    return named <= {*tags, *codes(tags)} and set(codes(named)) == set(codes(tags))


def with_languages(card: str, tags: Iterable[str]) -> str:
    """Return the card with these languages in its front matter, where it names others.

    A card without front matter stays as it is.
    """
    tags, front = tuple(tags), front_matter(card)
    if front is None or names_the_same(card_languages(front), tags):
        return card
    head, rest = _split(card)
    lines = "".join(f"  - {yaml_code(code)}\n" for code in codes(tags))
    block = f"language:\n{lines}"
    without = _LANGUAGE.sub("", head)
    place = found.start() if (found := _LANGUAGE.search(head)) else len(without)
    return without[:place] + block + without[place:] + rest


def yaml_code(code: str) -> str:
    """Return a code as YAML reads it back: ``no`` would be false."""
    return f'"{code}"' if code == "no" else code


def _split(card: str) -> tuple[str, str]:
    """Return a card up to the line that ends its front matter, and from it on."""
    found = _FRONT.match(card)
    end = found.end(1) if found else 0
    return card[:end], card[end:]
