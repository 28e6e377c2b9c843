"""What is held of an item before it is taken, and what becomes of those that are not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import tqb
from tests.conftest import write_items
from tests.openai_server import Body, OpenAIServer, Reply
from tqb.errors import ConfigError

GOOD = {
    "text": "Which sea lies between Sweden and Finland?",
    "label": "Baltic Sea",
    "aliases": ["Baltic"],
    "context": "The Baltic Sea lies between Sweden and Finland.",
    "category": "geography",
    "difficulty": "easy",
    "answer_type": "text",
}
SECOND = {
    "text": "How many legs does a spider have?",
    "label": "8",
    "aliases": ["eight"],
    "context": "A spider walks on 8 legs.",
    "category": "biology",
    "difficulty": "medium",
    "answer_type": "number",
}
THIRD = {
    "text": "Which city is the capital of Peru?",
    "label": "Lima",
    "aliases": [],
    "context": "The government of Peru sits in Lima.",
    "category": "history",
    "difficulty": "hard",
    "answer_type": "text",
}


class Script:
    """Gives these replies one after the other, the last one again and again."""

    def __init__(self, *replies: Iterable[dict[str, Any]]) -> None:
        self.replies = [json.dumps({"items": list(items)}) for items in replies]
        self.bodies: list[Body] = []

    def __call__(self, body: Body) -> Reply:
        self.bodies.append(body)
        return Reply(self.replies[min(len(self.bodies), len(self.replies)) - 1])


def mint(script: Script, folder: Path, **options: Any) -> Any:
    with OpenAIServer(script) as server:
        return tqb.generate(folder / "my", model=f"{server.url}#m", **{"num": 1, **options})


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != key}


@pytest.mark.parametrize(
    ("check", "bad", "said"),
    [
        ("schema", without("label"), "'label' is a required property"),
        ("schema", without("context"), "'context' is a required property"),
        ("schema", {**GOOD, "aliases": [{}]}, "is not of type 'string'"),
        ("schema", {**GOOD, "answer_type": "opinion"}, "answer_type"),
        ("length", {**GOOD, "text": "Why? " * 90}, "characters; write at most 300"),
        ("characters", {**GOOD, "label": "Baltic\u200b Sea"}, "invisible character"),
        ("language", {**GOOD, "text": "Quelle est la mer entre la Suède et la Finlande ?"}, "'fr'"),
        ("language", {**GOOD, "text": "Какое море лежит между Швецией и Финляндией?"}, "script"),
        ("context", {**GOOD, "context": "It lies between Sweden and Finland."}, "does not stand"),
        ("giveaway", {**GOOD, "text": "Is the Baltic Sea between Sweden and Finland?"}, "away"),
        ("answer type", {**GOOD, "answer_type": "number"}, "is no number"),
    ],
)  # fmt: skip
def test_a_wrong_item_is_counted_and_asked_again(
    tmp_path: Path, check: str, bad: dict[str, Any], said: str
) -> None:
    """The table counts it by its check; the model sees its item and the error, and mends it."""
    script = Script([bad], [GOOD])
    made = mint(script, tmp_path)
    assert made.complete
    assert made.table.wrong == {check: 1}
    assert made.table.calls == 2
    assert [item.text for item in made.pack.items] == [GOOD["text"]]
    *_, wrong, again = script.bodies[1]["messages"]
    assert wrong["role"] == "assistant"
    assert json.loads(wrong["content"])["items"][0].get("label") == bad.get("label")
    assert said in again["content"]


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("duplicate", {}),
        ("duplicate", {"text": "Which sea lies between Finland and Sweden?"}),
        ("collision", {"text": "Which sea does Riga look on?", "label": "Baltic", "aliases": [],
                       "context": "Riga looks on the Baltic."}),
    ],
)  # fmt: skip
def test_what_is_there_already(tmp_path: Path, check: str, changes: dict[str, Any]) -> None:
    """The same question in the same or in other words, or one whose answer fits two items."""
    other = {**GOOD, **changes, "category": "history", "difficulty": "hard"}
    made = mint(Script([GOOD, other], [SECOND]), tmp_path, num=2)
    assert made.complete
    assert made.table.wrong == {check: 1}


def test_the_same_fact_in_two_languages(tmp_path: Path) -> None:
    """A name that is asked for in one language is not asked for again in another."""
    german = {
        **GOOD,
        "text": "Welches Meer liegt zwischen Schweden und Finnland?",
        "aliases": [],
        "context": "Zwischen Schweden und Finnland liegt die Baltic Sea.",
    }
    other = {
        **GOOD,
        "text": "Welche Stadt ist die Hauptstadt von Peru?",
        "label": "Lima",
        "aliases": [],
        "context": "Lima ist die Hauptstadt von Peru.",
    }
    script = Script([GOOD], [german], [other])
    made = mint(script, tmp_path, languages=("en", "de"), max_concurrency=1)
    assert made.complete
    assert made.table.wrong == {"duplicate": 1}
    assert [pack.language for pack in made.packs] == ["en", "de"]


def test_replies_without_items_are_asked_for_again(tmp_path: Path) -> None:
    """A refusal is shown to the model once, and asked for as JSON."""
    script = Script([], [GOOD])
    script.replies[0] = "I am sorry, I would rather not."
    made = mint(script, tmp_path)
    assert made.complete
    assert made.table.wrong == {"no items": 1}
    assert script.bodies[1]["messages"][-2]["content"] == script.replies[0]


def test_structured_output(tmp_path: Path) -> None:
    """A server is sent the schema of a reply; one that refuses it is asked without."""
    made = mint(script := Script([GOOD]), tmp_path)
    assert made.complete
    schema = script.bodies[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["items"]["items"]["required"][:2] == ["text", "label"]

    def refuse(body: Body) -> Reply:
        if "response_format" in body:
            said = {"error": {"message": "response_format is not supported here"}}
            return Reply(status=400, body=said)
        return Reply(json.dumps([GOOD]))

    with OpenAIServer(refuse) as server:
        model = f"{server.url}#m"
        assert tqb.generate(tmp_path / "plain", model=model, num=1).complete
        assert ["response_format" in one.body for one in server.requests] == [True, False]


@pytest.mark.parametrize(("model", "sent"), [("gpt-4o-mini", True), ("gpt-3.5-turbo-0613", False)])
def test_structured_output_through_litellm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, sent: bool
) -> None:
    """The schema goes along where LiteLLM knows that the model keeps to one."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with OpenAIServer(script := Script([GOOD])) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_BASE", server.url)
        assert tqb.generate(tmp_path / "my", model=f"openai/{model}", num=1).complete
    assert ("response_format" in script.bodies[0]) is sent


def test_a_verifier_that_is_down(tmp_path: Path) -> None:
    """What nobody could answer is in no pack, and it is said why."""
    with OpenAIServer(Reply(status=401)) as verifier:
        made = mint(Script([GOOD]), tmp_path, verify=f"{verifier.url}#m")
    assert (made.ending, made.packs, made.table.undecided) == ("too few", (), 1)
    assert "401 from" in made.reasons[0]


def test_one_category_is_what_the_strict_rules_mind(tmp_path: Path) -> None:
    """A pack is made as it was asked for, and what `--strict` finds in it is told."""
    made = mint(Script([GOOD], [SECOND]), tmp_path, num=2, categories=("nature",))
    assert made.complete
    assert any("the category 'nature' has 2 of 2 items" in note for note in made.notes)


async def _generate_inside_a_loop(folder: Path) -> None:
    tqb.generate(folder, model="demo")


def test_not_inside_an_event_loop(tmp_path: Path) -> None:
    """As a library it says how to be called from a running loop."""
    import asyncio

    with pytest.raises(ConfigError, match="by asyncio"):
        asyncio.run(_generate_inside_a_loop(tmp_path / "my"))


def test_avoiding_a_bare_file(tmp_path: Path) -> None:
    """Any pack can be avoided."""
    known = write_items(tmp_path / "known.jsonl", {"text": GOOD["text"], "label": GOOD["label"]})
    made = mint(Script([GOOD], [SECOND, THIRD]), tmp_path, avoid=[known], num=2)
    assert made.table.wrong == {"duplicate": 1}
    assert [item.text for item in made.pack.items] == [SECOND["text"], THIRD["text"]]
