"""Tests of promptfoo: a list of tests, or the configuration that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tqb.imports.interface import (
    ANSWERS,
    QUESTIONS,
    Fields,
    Importer,
    Unmapped,
    as_list,
    question_of,
    take_details,
    take_first,
    targets_of,
    text_of,
    with_targets,
)
from tqb.imports.reading import Lines, elements
from tqb.packs.messages import listed
from tqb.packs.reading import Row

_ONE = ("equals", "contains", "icontains", "starts-with")
_ANY = ("contains-any", "icontains-any")
_NOT = ("not-contains", "not-icontains", "not-equals")


def knows(row: Mapping[str, Any]) -> bool:
    """Tell by the variables."""
    return isinstance(row.get("vars"), dict)


def opens(whole: Mapping[str, Any]) -> bool:
    """Tell by tests that stand in the configuration itself."""
    return isinstance(whole.get("tests"), list)


def unpack(whole: Mapping[str, Any], lines: Lines) -> Iterator[Row]:
    """Yield the tests."""
    return elements(whole, "tests", lines)


def item(row: Fields) -> Fields:
    """Return the test: a variable is the question, its assertions name the answers."""
    variables = row.get("vars")
    if not isinstance(variables, dict):
        raise Unmapped("has no 'vars'; a test names its question there")
    values = row["vars"] = dict(variables)
    nested = values.get("item")
    if isinstance(nested, dict) and "text" in nested and "targets" in nested:
        return _ours(values)
    found = take_details(row, "metadata")
    right, forbidden = _asserted(row)
    text = _question(values)
    if not right:
        right = [take_first(values, ANSWERS, _no_answer(row))]
    targets = targets_of([one for many in right for one in as_list(many)], "an answer")
    context = values.pop("context", None)
    passage = {"context": text_of(context, "'context'")} if context else {}
    return {**with_targets(found, targets), "text": text, **passage, "forbidden": forbidden}


def _ours(values: Fields) -> Fields:
    """Return an item as `tqb export` writes it: an object among the variables."""
    nested = dict(values.pop("item"))
    text, targets = nested.pop("text", None), nested.pop("targets", None)
    found = take_details({"item": nested}, "item")
    return {**found, "text": text_of(text, "'text'"), **targets_of(targets, "'targets'")}


def _question(values: Fields) -> str:
    """Return the variable that is called as questions are, or the only one that is a text."""
    texts = [name for name, value in values.items() if isinstance(value, str)]
    names = [name for name in QUESTIONS if name in values] or (texts if len(texts) == 1 else [])
    if not names:
        raise Unmapped(f"none of the variables {listed(values)} is called 'question'; rename one")
    value = values.pop(names[0])
    if isinstance(value, str) and value.startswith(("file://", "package:")):
        raise Unmapped("its question is read from a file, which is not done; write it out")
    return question_of(value, f"the variable {names[0]!r}")


def _asserted(row: Fields) -> tuple[list[Any], list[str]]:
    """Take the assertions that name answers out of a test: the right ones, and the wrong."""
    asserted = [one for one in as_list(row.pop("assert", None)) if isinstance(one, dict)]
    right = [_value(one) for one in asserted if one.get("type") in (*_ONE, *_ANY)]
    refused = [one.get("value") for one in asserted if one.get("type") in _NOT]
    wrong = [text_of(value, "what it may not contain") for value in refused]
    rest = sorted({str(one.get("type")) for one in asserted} - {*_ONE, *_ANY, *_NOT})
    if rest:
        row["assert"] = dict.fromkeys(rest, True)
    return right, wrong


def _value(assertion: Mapping[str, Any]) -> Any:
    """Return what an assertion looks for; several stand in a list, or between commas."""
    value = assertion.get("value")
    if assertion.get("type") in _ANY and isinstance(value, str):
        return [one.strip() for one in value.split(",")]
    return value


def _no_answer(row: Fields) -> str:
    kinds = listed(row.get("assert", ()))
    return f"answer in its assertions ({kinds or 'none'}), and no variable of that name"


IMPORTER = Importer("promptfoo", "promptfoo", knows, item, unpack, opens)
