"""Goldens of DeepEval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tqb.imports.interface import (
    Fields,
    Importer,
    joined,
    take_details,
    targets_of,
    text_of,
    with_targets,
)


def knows(row: Mapping[str, Any]) -> bool:
    """Tell by the names, and by an input that is a text."""
    return isinstance(row.get("input"), str) and "expected_output" in row


def item(row: Fields) -> Fields:
    """Return the golden; several passages become one context."""
    found = take_details(row, "additional_metadata")
    targets = targets_of(row.pop("expected_output", None), "'expected_output'")
    name = row.pop("name", None)
    return {
        **with_targets(found, targets),
        "id": text_of(name, "'name'") if name else found.get("id", ""),
        "text": text_of(row.pop("input", None), "'input'"),
        "context": joined(row.pop("context", None) or [], "'context'"),
    }


IMPORTER = Importer("deepeval", "DeepEval", knows, item)
