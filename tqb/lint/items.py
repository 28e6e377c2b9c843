"""What each item must say of itself, and how the items of a pack are spread."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from tqb.lint.records import Line, is_canary
from tqb.packs.items import UNDETERMINED
from tqb.packs.messages import quoted
from tqb.text import count
from tqb.types import Item

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


def item_findings(item: Item) -> Iterator[str]:
    """Yield what an item does not say of itself."""
    if not _SLUG.fullmatch(item.id):
        yield f"id {quoted(item.id)} is no slug; write lower-case letters and digits, joined by -"
    if not item.answer_type:
        yield "has no answer_type; write text, number, date, formula, verbatim or choice"
    if item.lang == UNDETERMINED:
        yield "has no lang; write the BCP 47 tag of its language"
    for tag in ("category", "difficulty"):
        if not item.tags.get(tag) and not is_canary(item):
            yield f"has no tag {tag!r}; add it"
    if not item.context.strip() and not is_canary(item):
        yield "has no context; write one sentence that holds the label"


def repeated_concepts(items: Sequence[Item]) -> Iterator[Line]:
    """Yield items that have the concept and the language of an earlier one."""
    first: dict[tuple[str, str], int] = {}
    for item in items:
        key = item.concept, item.lang
        if item.concept and key in first:
            said = f"concept {quoted(item.concept)} is taken by line {first[key]}; give another"
            yield item.line, said
        first.setdefault(key, item.line)


def balance(items: Sequence[Item]) -> Iterator[Line]:
    """Yield what a pack has too much or too little of; of one item nothing can be said."""
    if len(items) < 2:
        return
    difficulties = {item.tags["difficulty"] for item in items if "difficulty" in item.tags}
    if len(difficulties) == 1:
        (only,) = difficulties
        yield None, f"all items have the difficulty {quoted(only)}; write some of another"
    categories = Counter(item.tags.get("category", "") for item in items)
    category, most = categories.most_common(1)[0]
    if category and 2 * most > len(items):
        share = f"{most} of {count(len(items), 'item')}"
        yield None, f"the category {quoted(category)} has {share}; split it, or write others"
