"""Items of Opik."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tqb.imports.interface import (
    Fields,
    Importer,
    take_details,
    take_question,
    targets_of,
    with_targets,
)


def knows(row: Mapping[str, Any]) -> bool:
    """Tell by the names, and by an input that is an object."""
    return isinstance(row.get("input"), dict) and "expected_output" in row


def item(row: Fields) -> Fields:
    """Return an item of Opik."""
    details = take_details(row, "metadata")
    targets = targets_of(row.pop("expected_output", None), "'expected_output'")
    return {**with_targets(details, targets), "text": take_question(row, "input")}


IMPORTER = Importer("opik", "Opik", knows, item)
