"""Records of MLflow."""

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
    """Return a record of MLflow; its tags are tags."""
    text = take_question(row, "inputs")
    answers = take_answers(row, "expectations")
    details = take_details(row["expectations"], "metadata")
    tags = dict(take_details(row, "tags").get("tags", {}))
    if details.get("lang", "und") == tags.get("language", "und"):
        tags.pop("language", None)
    tags = {**tags, **details.get("tags", {})}
    return {**with_targets(details, answers), "tags": tags, "text": text}


IMPORTER = Importer("mlflow", "MLflow", has("inputs", "expectations"), item)
