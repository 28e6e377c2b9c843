"""Rows with named columns: CSV, TSV, JSON Lines, and data sets of Hugging Face and lm-eval."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tqb.errors import ConfigError
from tqb.imports.interface import (
    ANSWERS,
    QUESTIONS,
    Fields,
    Importer,
    Unmapped,
    as_list,
    joined,
    question_of,
    take_details,
    take_first,
    targets_of,
    text_of,
    with_targets,
)
from tqb.packs.items import ITEM_KEYS
from tqb.packs.messages import listed, nearest, quoted

TAG = "tags."
_NAMES: Mapping[str, tuple[str, ...]] = {
    "context": ("context", "passage", "contexts", "retrieved_contexts"),
    "lang": ("lang", "language", "locale"),
    "id": ("id",),
    "concept": ("concept",),
    "answer_type": ("answer_type",),
    "tolerance": ("tolerance",),
}
"""Further fields of an item, each with the columns that are looked for."""
_LISTS = ("aliases", "forbidden")
_JSON = (*_LISTS, "tags", "answers", "targets", "contexts", "retrieved_contexts")
"""Columns in which a text may be a list or an object, written as JSON."""
_TAGS = ("category", "difficulty", "subject", "topic", "level", "split", "source")
"""Columns that are tags without being named so."""


def table(columns: Mapping[str, str]) -> Importer:
    """Return the importer of tables.

    Args:
        columns: fields of items by column, as ``tags.NAME`` for a tag; others are looked for by
            the names that they mostly have.

    Raises:
        ConfigError: there is no such field, or a field has two columns.
    """
    for column, field in columns.items():
        if field not in ITEM_KEYS[:-1] and not field.startswith(TAG):
            hint = nearest(field, ITEM_KEYS) or f"; choose one of {listed(ITEM_KEYS[:-1], 20)}"
            raise ConfigError(f"--map {column}={field}: an item has no such field{hint}")
    twice = [field for field in columns.values() if list(columns.values()).count(field) > 1]
    if twice:
        raise ConfigError(f"--map: {quoted(twice[0])} is given two columns; give it one")
    named = {field: column for column, field in columns.items()}

    def item(row: Fields) -> Fields:
        return _item(row, named)

    return Importer("table", "a table", lambda row: _knows(row, named), item)


def _knows(row: Mapping[str, Any], named: Mapping[str, str]) -> bool:
    wanted = {"text": QUESTIONS, "label": ANSWERS}
    found = (
        named[field] in row if field in named else any(name in row for name in names)
        for field, names in wanted.items()
    )
    return all(found)


def _item(row: Fields, named: Mapping[str, str]) -> Fields:
    def take(field: str, names: tuple[str, ...]) -> Any:
        return take_first(row, (named[field],) if field in named else names, field)

    told = (named[field] for field in ("tags", *_LISTS) if field in named)
    row |= {name: _from_json(row[name]) for name in (*_JSON, *told) if name in row}
    text = question_of(take("text", QUESTIONS), "the question")
    targets = targets_of(take("label", ANSWERS), "the answer")
    found = with_targets(take_details(row, "metadata"), targets)
    tags = {**found.get("tags", {}), **_tags(row, named)}
    for field, usual in _NAMES.items():
        names = (named[field],) if field in named else usual
        here = next((name for name in names if row.get(name)), None)
        if here is not None:
            value = row.pop(here)
            found[field] = joined(value, field) if field == "context" else text_of(value, field)
    for field in _LISTS:
        values = row.pop(named.get(field, field), None)
        found[field] = [*found.get(field, []), *as_list(values)]
    return {**found, "text": text, "tags": tags}


def _tags(row: Fields, named: Mapping[str, str]) -> Fields:
    """Take the tags out of a row: an object, columns that are named so, and usual ones."""
    found: Fields = {}
    given = row.pop(named.get("tags", "tags"), None) or {}
    if not isinstance(given, dict):
        raise Unmapped(f'its tags are {quoted(given)}; write an object, as {{"level": "easy"}}')
    columns = {field.removeprefix(TAG): at for field, at in named.items() if field.startswith(TAG)}
    usual = {name: name for name in _TAGS if name not in named.values()}
    for tag, column in {**usual, **columns}.items():
        value = row.pop(column, None)
        if value not in (None, "", [], {}):
            found[tag] = value
    return {**given, **found}


def _from_json(value: Any) -> Any:
    """Return the list of texts or the object that a cell holds; any other value as it is."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, dict) or all(isinstance(one, str) for one in found) else value
