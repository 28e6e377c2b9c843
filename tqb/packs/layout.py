"""Which column of a file holds which part of an item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tqb.packs.items import ITEM_KEYS
from tqb.packs.messages import listed, refuse

TAG_KEYS = ("category", "difficulty")
"""Tags that a pack may keep in columns of their own."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file, or one key of the objects in it."""

    name: str
    key: str | None = None

    def value(self, row: Mapping[str, Any]) -> Any:
        """Return the row's value, None where it has none."""
        value = row.get(self.name)
        if self.key is None:
            return value
        return value.get(self.key) if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A Croissant field that has values of its own."""

    id: str
    """``@id``, as ``items/tags/category``."""
    name: str
    parent: str
    """Last segment of the enclosing field's ``@id``; empty for a field of the record set."""
    column: Column

    @property
    def part(self) -> str:
        """What the field is called: the last segment of its ``@id``, or its name."""
        last = re.split(r"[/#]", self.id)[-1]
        known = (*ITEM_KEYS, *TAG_KEYS)
        return self.name if self.name in known and last not in known else last

    @property
    def is_tag(self) -> bool:
        """True for a field within ``tags`` and for a top-level category or difficulty."""
        return self.parent == "tags" or (not self.parent and self.part in TAG_KEYS)


@dataclass(frozen=True, slots=True)
class Layout:
    """How an item is put together from one row of a file."""

    columns: Mapping[str, Column]
    """By key of the item, `tags` aside."""
    tags: Mapping[str, Column] = field(default_factory=dict)
    """By name of the tag."""
    tag_objects: tuple[str, ...] = ()
    """Columns whose objects are taken as tags whole, with keys that no field declares."""

    @property
    def sources(self) -> frozenset[str]:
        """Names of all columns in use."""
        columns = (*self.columns.values(), *self.tags.values())
        return frozenset({column.name for column in columns}.union(self.tag_objects))

    def pick(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the item's values, by key of the item; what is null counts as absent."""
        values = {key: column.value(row) for key, column in self.columns.items()}
        tags = {name: column.value(row) for name, column in self.tags.items()}
        values["tags"] = {name: tag for name, tag in tags.items() if tag is not None}
        for column in self.tag_objects:
            found = row.get(column)
            values["tags"] = {**values["tags"], **found} if isinstance(found, dict) else found
        return {key: value for key, value in values.items() if value is not None}


def arrange(leaves: Iterable[Leaf], file: str) -> Layout:
    """Match fields to the keys of an item.

    Raises:
        PackError: no field is the text or none the label, or two fields are the same key.
    """
    leaves = list(leaves)
    columns: dict[str, Column] = {}
    tags: dict[str, Column] = {}
    for leaf in leaves:
        target = tags if leaf.is_tag else columns
        if leaf.part in target and (leaf.is_tag or leaf.part in ITEM_KEYS):
            refuse(file, None, f"two fields are both {leaf.part!r}; rename one of them")
        if leaf.is_tag or leaf.part in ITEM_KEYS:
            target[leaf.part] = leaf.column
    missing = [key for key in ("text", "label") if key not in columns]
    if missing:
        found = listed(leaf.part for leaf in leaves) or "none"
        message = f"no field gives an item's {' or '.join(missing)}; the fields found are {found}"
        refuse(file, None, f"{message}; name one so")
    whole = sorted({column.name for name, column in tags.items() if column.key == name})
    rest = {name: column for name, column in tags.items() if column.key != name}
    if "tags" in columns:
        whole.append(columns.pop("tags").name)
    return Layout(columns, rest, tuple(whole))
