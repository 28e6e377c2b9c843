"""The tables of words: one row says one thing of a word, and says it once."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest

from tqb.scorers.languages import FOLDER, NAMES, language

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOUBTS = ("negation", "alternative", "correction", "hedge", "limit")
"""Rows of words that make an answer no answer; a function word never does."""


def table(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_no_row_says_a_word_twice(name: str) -> None:
    """A word stands once in its row."""
    rows = {row: words.split() for row, words in table(name).items() if isinstance(words, str)}
    counts = {row: Counter(words) for row, words in rows.items()}
    twice = {row: [word for word in count if count[word] > 1] for row, count in counts.items()}
    assert {row: words for row, words in twice.items() if words} == {}


@pytest.mark.parametrize("name", NAMES)
def test_no_function_word_casts_doubt(name: str) -> None:
    """A word that adds nothing to an answer does not deny, hedge, bound or take it back."""
    spoken = language(name)
    both = {row: sorted(spoken.function & getattr(spoken, row)) for row in DOUBTS}
    assert {row: words for row, words in both.items() if words} == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_table_has_the_same_rows(name: str) -> None:
    """What one language says of its words, each of them says, though the row may be empty."""
    optional = {"also", "connectors", "fuzzy", "joining", "prefixes", "verbal"}
    assert table(name).keys() | optional == table("en").keys() | optional
