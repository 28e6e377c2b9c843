"""Samples of Ragas."""

from __future__ import annotations

from tqb.imports.interface import (
    Fields,
    Importer,
    has,
    joined,
    question_of,
    take_details,
    targets_of,
    with_targets,
)


def item(row: Fields) -> Fields:
    """Return a sample of Ragas; what was retrieved becomes the context."""
    details = take_details(row, "metadata")
    targets = targets_of(row.pop("reference", None), "'reference'")
    passages = row.pop("retrieved_contexts", None) or []
    return {
        **with_targets(details, targets),
        "text": question_of(row.pop("user_input", None), "'user_input'"),
        "context": joined(passages, "'retrieved_contexts'"),
    }


IMPORTER = Importer("ragas", "Ragas", has("user_input", "reference"), item)
