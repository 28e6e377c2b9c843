"""Samples of Inspect AI."""

from __future__ import annotations

from typing import Any

from tqb.imports.interface import (
    Fields,
    Importer,
    Unmapped,
    as_text,
    has,
    question_of,
    take_details,
    targets_of,
    text_of,
    with_targets,
)

_NEEDED = ("files", "setup", "sandbox")


def item(row: Fields) -> Fields:
    """Return the sample; options stand below the question, each with its letter."""
    needed = [key for key in _NEEDED if row.get(key)]
    if needed:
        raise Unmapped(f"needs {' and '.join(needed)}, which an item cannot bring; leave it out")
    text = question_of(row.pop("input", None), "'input'")
    targets = targets_of(row.pop("target", None), "'target'")
    found = with_targets(take_details(row, "metadata"), targets)
    choices = row.pop("choices", None)
    if choices:
        text = f"{text}\n\n{_options(choices)}"
        found["answer_type"] = "choice"
    named = row.pop("id", None)
    return {**found, "id": as_text(named) or found.get("id"), "text": text}


def _options(choices: Any) -> str:
    if not isinstance(choices, list) or len(choices) > 26:
        raise Unmapped("'choices' is no list of up to 26 options; name them in the question")
    options = zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", choices, strict=False)
    return "\n".join(f"{letter}) {text_of(option, 'an option')}" for letter, option in options)


IMPORTER = Importer("inspect", "Inspect AI", has("input", "target"), item)
