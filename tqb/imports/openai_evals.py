"""Samples of OpenAI Evals."""

from __future__ import annotations

from tqb.imports.interface import Fields, Importer, has, question_of, take_details, targets_of


def item(row: Fields) -> Fields:
    """Return the conversation's question; all ideal answers are right."""
    return {
        **take_details(row, "metadata"),
        "text": question_of(row.pop("input", None), "'input'"),
        **targets_of(row.pop("ideal", None), "'ideal'"),
    }


IMPORTER = Importer("openai-evals", "OpenAI Evals", has("input", "ideal"), item)
