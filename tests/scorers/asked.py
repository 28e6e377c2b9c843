"""Questions with answers that a careful person accepts, and others that look like them."""

from __future__ import annotations

from typing import NamedTuple

import tqb
from tqb.types import Item


class Asked(NamedTuple):
    """A question, its target, and answers that are right and wrong."""

    text: str
    label: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    lang: str = "en"


def name(asked: Asked) -> str:
    """Name a case for a report."""
    return f"{asked.lang}: {asked.label}"


def check(asked: Asked) -> None:
    """Pass each right answer with a reason, and no wrong one."""
    item = Item("q", asked.text, asked.label, lang=asked.lang)
    for answer in asked.right:
        found = tqb.score(answer, item)
        assert found.passed, (answer, found.explanation)
        assert found.explanation
    for answer in asked.wrong:
        found = tqb.score(answer, item)
        assert not found.passed, (answer, found.explanation)
