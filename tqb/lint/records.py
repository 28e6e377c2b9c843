"""What the rules share."""

from __future__ import annotations

from tqb.types import Item

Line = tuple[int | None, str]
"""A finding: the 1-based line of the items file, None for the whole, and what is said of it."""


def is_canary(item: Item) -> bool:
    """Tell whether an item looks odd on purpose: its answer must come back as it stands."""
    tagged = "canary" in item.tags or item.tags.get("category") == "canary"
    return tagged or item.answer_type == "verbatim"
