"""Replies of models, whole and broken: every whole item in them is found, and no other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tqb.minting.parse import read_items

ITEM = {"text": "Who wrote Faust?", "label": "Goethe", "aliases": []}
OTHER = {"text": 'Say "{", or "]"?', "label": "}", "aliases": ["```"]}
BOTH = json.dumps({"items": [ITEM, OTHER]})


@pytest.mark.parametrize(
    "reply",
    [
        BOTH,
        f"Sure! Here they are:\n```json\n{BOTH}\n```\nEnjoy {{more}} of [these].",
        json.dumps([ITEM, OTHER], indent=2),
        f"{json.dumps(ITEM)}\n{json.dumps(OTHER)}\n",
        f"1. {json.dumps(ITEM)}\n2. {json.dumps(OTHER)}",
        BOTH[:-2] + ",]}",
        BOTH[:-2],
        f"<think>Say {json.dumps(ITEM)}?</think>{BOTH}",
        "\ufeff" + BOTH,
        BOTH.replace('"items"', '"questions"').replace('"text"', '"question"'),
    ],
    ids="plain fenced list lines numbered commas cut thoughts mark names".split(),
)  # fmt: skip
def test_items_are_found_however_they_are_wrapped(reply: str) -> None:
    """In fences, prose, lists and lines, with commas too many, other names, or the end missing."""
    assert read_items(reply) == (ITEM, OTHER)


@pytest.mark.parametrize(
    "reply",
    ["", "I'm sorry, but I can't.", "{", "[[[", '{"items": "none"}', "{}", "null", "{" * 9000],
)
def test_a_reply_without_items(reply: str) -> None:
    """Refusals and rubbish hold none, and nothing is raised."""
    assert read_items(reply) == ()


def test_values_are_tidied() -> None:
    """Space goes, texts are in NFC, numbers become texts, aliases differ from the label."""
    reply = {"text": " Cafe\u0301? ", "label": 7, "aliases": ["7", "seven", " seven "]}
    assert read_items(json.dumps([reply])) == (
        {"text": "Café?", "label": "7", "aliases": ["seven"]},
    )


ITEMS = st.lists(
    st.fixed_dictionaries({"text": st.text(st.characters(min_codepoint=32, max_codepoint=126))}),
    max_size=5,
)


@given(items=ITEMS, share=st.floats(0, 1))
def test_a_reply_that_is_cut_off_gives_its_first_items(
    items: list[dict[str, str]], share: float
) -> None:
    """Wherever it is cut, what is found are the items that are whole before the cut, in order."""
    before, reply = [], '{"items": ['
    for item in items:
        reply += json.dumps(item)
        before.append(len(reply))
        reply += ", "
    cut = int(share * len(reply))
    wanted = [{"text": item["text"].strip()} for item in items]
    assert list(read_items(reply[:cut])) == wanted[: sum(end <= cut for end in before)]


@given(st.text(max_size=400))
def test_nothing_is_raised(reply: str) -> None:
    """Any text is a reply."""
    assert all("text" in item or "label" in item for item in read_items("{" + reply))
