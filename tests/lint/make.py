"""Sound items for the tests of the strict rules, to be bent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tqb.types import Item

GOOD = (
    Item(
        id="capital-peru",
        text="Which city is the capital of Peru?",
        label="Lima",
        context="Peru is governed from Lima.",
        answer_type="text",
        tags={"category": "geography", "difficulty": "easy"},
        lang="en",
        concept="capital-peru",
    ),
    Item(
        id="spider-legs",
        text="How many legs does a spider have?",
        label="8",
        aliases=("eight",),
        context="A spider walks on 8 legs.",
        answer_type="number",
        tags={"category": "biology", "difficulty": "easy"},
        lang="en",
        concept="spider-legs",
    ),
    Item(
        id="magna-carta-year",
        text="In which year was Magna Carta sealed?",
        label="1215",
        context="Magna Carta was sealed at Runnymede in 1215.",
        answer_type="date",
        tags={"category": "history", "difficulty": "hard"},
        lang="en",
        concept="magna-carta-year",
    ),
)
"""Items that no rule finds fault with."""


def bent(**changes: Any) -> tuple[Item, ...]:
    """Return the good items, the first of them changed."""
    return (replace(GOOD[0], **changes), *GOOD[1:])


def in_language(lang: str, *concepts: str) -> tuple[Item, ...]:
    """Return good items as if they were in another language, one for each of these concepts."""
    items = (GOOD[0], GOOD[2], GOOD[1])
    return tuple(
        replace(item, lang=lang, concept=concept)
        for item, concept in zip(items, concepts, strict=False)
    )
