"""SQuAD, as published, or flattened as on the Hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tqb.imports.interface import Fields, Importer, Unmapped, as_text, joined, targets_of, text_of
from tqb.imports.reading import Lines, elements
from tqb.packs.reading import Row


def knows(row: Mapping[str, Any]) -> bool:
    """Tell by the answers: an object of lists, or a list of objects."""
    answers = row.get("answers")
    listed = isinstance(answers, list) and all(isinstance(one, dict) for one in answers)
    return "question" in row and (listed or (isinstance(answers, dict) and "text" in answers))


def opens(whole: Mapping[str, Any]) -> bool:
    """Tell by the articles, which have paragraphs."""
    articles = whole.get("data")
    first = articles[0] if isinstance(articles, list) and articles else None
    return isinstance(first, dict) and "paragraphs" in first


def unpack(whole: Mapping[str, Any], lines: Lines) -> Iterator[Row]:
    """Yield each question with its passage and title, on the line of its article."""
    for article in elements(whole, "data", lines):
        title = article.values.get("title")
        for paragraph in _objects(article.values.get("paragraphs")):
            shared = {"title": title, "context": paragraph.get("context")}
            for question in _objects(paragraph.get("qas")):
                yield Row(article.line, {**shared, **question})


def item(row: Fields) -> Fields:
    """Return the question; all answers given are right, the first is the label."""
    named = f"the question {row.get('id', '')!s}".strip()
    if row.pop("is_impossible", False):
        raise Unmapped(f"{named} has no answer in its passage; an item needs one")
    answers = row.pop("answers", None)
    if isinstance(answers, dict):
        texts = answers.get("text")
        left = {key: value for key, value in answers.items() if key != "text"}
    else:
        texts = [one.get("text") for one in _objects(answers)]
        left = {key: 1 for one in _objects(answers) for key in one if key != "text"}
    if left:
        row["answers"] = left
    title = row.pop("title", None)
    return {
        "id": as_text(row.pop("id", None)),
        "text": text_of(row.pop("question", None), f"the text of {named}"),
        **targets_of(texts if texts is not None else [], f"an answer to {named}"),
        "context": joined(row.pop("context", None), "'context'"),
        "tags": {"title": title} if title else {},
    }


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


IMPORTER = Importer("squad", "SQuAD", knows, item, unpack, opens)
