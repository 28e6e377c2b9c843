"""Examples of LangSmith."""

from __future__ import annotations

from tqb.imports.interface import (
    Fields,
    Importer,
    has,
    take_answers,
    take_details,
    take_question,
    with_targets,
)


def item(row: Fields) -> Fields:
    """Return an example of LangSmith."""
    details = take_details(row, "metadata")
    text = take_question(row, "inputs")
    return {**with_targets(details, take_answers(row, "outputs")), "text": text}


IMPORTER = Importer("langsmith", "LangSmith", has("inputs", "outputs"), item)
