"""Samples of OpenAI Evals."""

from __future__ import annotations

from tqb.imports.interface import (
    Fields,
    Importer,
    has,
    question_of,
    take_details,
    targets_of,
    with_targets,
)


def item(row: Fields) -> Fields:
    """Return the conversation's question; all ideal answers are right."""
    targets = targets_of(row.pop("ideal", None), "'ideal'")
    found = with_targets(take_details(row, "metadata"), targets)
    return {**found, "text": question_of(row.pop("input", None), "'input'")}


IMPORTER = Importer("openai-evals", "OpenAI Evals", has("input", "ideal"), item)
