"""A model's reply → the items that stand in it, however it is wrapped or cut off."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from tqb.text import well_formed

MAX_REPLY = 400_000
"""Characters of a reply that are looked through."""

_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_TRAILING_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
_OTHER_NAMES = {"question": "text", "answer": "label", "type": "answer_type"}
_LISTS = ("items", "questions", "data", "results")
_DECODER = json.JSONDecoder(strict=False)


def read_items(reply: str) -> tuple[dict[str, Any], ...]:
    """Return the items of a reply, one by one, whole ones alone.

    They may stand in a fence, amid prose, in a list, in an object, on lines, or in an array that
    was cut off; commas before a closing bracket are forgiven. What stands between ``<think>`` tags
    is left out.
    """
    text = _THOUGHTS.sub("", reply[:MAX_REPLY])
    found = tuple(_scan(text))
    mended = _TRAILING_COMMA.sub(lambda match: match[1] or "", text)
    return found if mended == text else max(found, tuple(_scan(mended)), key=len)


def _scan(text: str) -> Iterator[dict[str, Any]]:
    """Yield the items of every object of JSON that begins anywhere in a text."""
    at = text.find("{")
    while at >= 0:
        end = at + 1
        try:
            value, stop = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            value = None
        items = list(_items(value))
        if items or value == {}:
            yield from items
            end = stop
        at = text.find("{", end)


def _items(value: Any) -> Iterator[dict[str, Any]]:
    """Yield what an object holds that looks like an item: itself, or the members of its list."""
    if not isinstance(value, dict):
        return
    for name in _LISTS:
        if isinstance(value.get(name), list):
            yield from (tidy(one) for one in value[name] if isinstance(one, dict))
            return
    if {"text", "label", *_OTHER_NAMES} & value.keys():
        yield tidy(value)


def tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item with texts trimmed and in NFC, numbers as texts, and a list of aliases."""
    named = {_OTHER_NAMES.get(key, key): value for key, value in values.items()}
    made = {key: _text(value) for key, value in named.items()}
    if isinstance(made.get("aliases"), str):
        made["aliases"] = [made["aliases"]]
    if isinstance(made.get("aliases"), list):
        none = ("", None, made.get("label"))
        aliases = [alias for alias in map(_text, made["aliases"]) if alias not in none]
        made["aliases"] = [one for at, one in enumerate(aliases) if one not in aliases[:at]]
    return made


def _text(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return f"{value}"
    if isinstance(value, str):
        return unicodedata.normalize("NFC", well_formed(value)).strip()
    return value
