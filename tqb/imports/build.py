"""Rows of a format → items, a problem for each row that is none, and notes on what was left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tqb.errors import PackError
from tqb.imports.interface import Fields, Imported, Importer, Unmapped, as_list, text_of
from tqb.packs.items import build_item
from tqb.packs.messages import clean, quoted
from tqb.packs.reading import Row
from tqb.text import count
from tqb.types import Item, Problem

_PLAIN_TAG = re.compile(r"(?!(?:where|parent)(?![A-Za-z0-9_]))[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_NAMES = ("id", "lang", "concept", "context")
"""Fields that others may write as numbers."""
_NOTHING: tuple[Any, ...] = (None, "", [], {})


class Builder:
    """Collects the items of one import, file by file; ids are unique among all."""

    def __init__(self, language: str) -> None:
        """Begin with nothing.

        Args:
            language: BCP 47 tag of items that do not say theirs.
        """
        self._language = language
        self._items: dict[str, Item] = {}
        self._problems: list[Problem] = []
        self.notes: list[str] = []
        """What was left out or renamed, a sentence each."""

    def add(
        self, importer: Importer, rows: Iterable[Row], file: str, problems: Sequence[Problem]
    ) -> None:
        """Add the rows of a file, and what its reader found wrong with others."""
        found, left = list(problems), Counter[str]()
        for row in rows:
            try:
                item = _build(importer, row, file, self._language, left)
            except Unmapped as error:
                found.append(Problem(file, row.line, clean(str(error), 400)))
            except PackError as error:
                found += error.problems
            else:
                found += self._keep(item, file)
        self._problems += sorted(found, key=lambda problem: problem.line or 0)
        self.notes += (f"{file}: {said} {count(times, 'row')}" for said, times in left.items())

    def _keep(self, item: Item, file: str) -> Iterator[Problem]:
        """Keep an item, unless its id is taken."""
        taken = self._items.setdefault(item.id, item)
        if taken is not item:
            said = f"id {quoted(item.id)} is taken by line {taken.line}; give another"
            yield Problem(file, item.line, said)

    def finish(self, titles: tuple[str, ...]) -> Imported:
        """Return what was collected."""
        items = tuple(self._items.values())
        return Imported(items, tuple(self._problems), tuple(dict.fromkeys(self.notes)), titles)


def _build(importer: Importer, row: Row, file: str, language: str, left: Counter[str]) -> Item:
    """Make an item of a row, and count what it leaves out.

    Raises:
        Unmapped: the row is no item.
        PackError: it has a field of the wrong type.
    """
    fields = dict(row.values)
    found = importer.item(fields)
    values = {key: value for key, value in found.items() if value not in _NOTHING}
    values["aliases"] = [one for one in _texts(values, "aliases") if one != values["label"]]
    for key in _NAMES:
        if isinstance(values.get(key), (int, float)):
            values[key] = str(values[key])
    values["forbidden"] = _texts(values, "forbidden")
    values["tags"], said = _tags(values.get("tags", {}))
    item = build_item(Row(row.line, {"lang": language, **values}), file, verify=False)
    left.update([*said, *(f"left out {quoted(key)} of" for key in _left_over(fields))])
    return replace(item, sha256="")


def _texts(values: Fields, key: str) -> list[str]:
    """Return the texts of a field, without repetitions and empty ones."""
    given = (one for one in as_list(values.get(key)) if one not in _NOTHING)
    return list(dict.fromkeys(text_of(one, f"'{key}'") for one in given))


def _tags(tags: Any) -> tuple[Fields, list[str]]:
    """Return tags with names and values as packs have them, and what was done to that end."""
    found: Fields = {}
    said = []
    for name, value in tags.items() if isinstance(tags, dict) else ():
        if isinstance(value, (list, dict)) and value:
            said.append(f"left out {quoted(f'tags.{name}')} of")
        elif value not in _NOTHING:
            plain = name if _PLAIN_TAG.fullmatch(name) else _plain_tag(name)
            said += [] if plain == name else [f"tag {quoted(name)} is called {quoted(plain)} in"]
            found[plain] = str(value)
    return found, said


def _plain_tag(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
    return plain if _PLAIN_TAG.fullmatch(plain) else f"tag_{plain}"


def _left_over(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of what is left in a row, those of objects with their own."""
    for key, value in fields.items():
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value if value[inner] not in _NOTHING)
        elif value not in _NOTHING:
            yield key
