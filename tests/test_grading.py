"""The judge's question, which no answer can forge, and its reply, which must be plain."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import result
from tqb.grading import LONGEST, is_for_the_judge, judge_request, judged_result, read_verdict
from tqb.types import Failure, Item, Message, Params, Request, Response

ITEM = Item("q1", "Capital of France?", "Paris", ("Lutetia",))
REQUEST = Request(
    "p", ITEM, 1, (Message("user", "?"),), Params(temperature=1.0, seed=7, max_tokens=3)
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def lines(answer: str) -> list[str]:
    (message,) = judge_request(REQUEST, answer).messages
    return message.content.splitlines()


@given(TEXT)
def test_no_answer_leaves_its_line(answer: str) -> None:
    """Whatever the answer holds, the prompt around it is the same, and its line reads as JSON."""
    plain, shown = lines("Lyon"), lines(answer)
    place = next(number for number, line in enumerate(plain) if line.startswith("{"))
    assert shown[:place] + shown[place + 1 :] == plain[:place] + plain[place + 1 :]
    assert json.loads(shown[place]) == {
        "question": "Capital of France?",
        "accepted": ["Paris", "Lutetia"],
        "answer": answer,
    }
    assert shown[place].isprintable()


def test_long_answer_is_shown_at_both_ends() -> None:
    """A judge is not sent megabytes."""
    (line,) = (one for one in lines("a" * 10**6 + "the end") if one.startswith("{"))
    assert len(line) < LONGEST + 200
    assert json.loads(line)["answer"].endswith("the end")


def test_judge_is_asked_coolly() -> None:
    """Temperature 0 and room for a reason, whatever the pipeline gets; seed and item stay."""
    asked = judge_request(REQUEST, "Lyon")
    assert asked.params == Params(temperature=0.0, seed=7, max_tokens=1024)
    assert (asked.item, asked.repeat) == (ITEM, 1)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("YES", (True, "")),
        ("yes, it names the city", (True, "it names the city")),
        ("**Yes** – near enough", (True, "near enough")),
        ('"YES".\nNo doubt.', (True, "No doubt.")),
        ("<think>Is it? NO... YES</think>\n\nYES ok", (True, "ok")),
        ("NO: it's YES, they say", (False, "it's YES, they say")),
        ("no", (False, "")),
    ],
)
def test_plain_verdicts(reply: str, verdict: tuple[bool, str]) -> None:
    """The first word decides, in any case and markup, after what was thought aloud."""
    assert read_verdict(reply) == verdict


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "The answer is right: YES",
        "YES or NO",
        "yes/no",
        "Yes and no.",
        "YES? NO!",
        "YES if the answer is right or NO if it is wrong",
        "Yesterday",
        "NOT right",
        "1. YES",
        "<think>It says YES",
        "<think>it says </think> YES</think> NO",
        "Yes, let me think</think> NO",
    ],
)
def test_anything_else_is_no_verdict(reply: str) -> None:
    """A hedge, an echo, a thought without an end: neither YES nor NO."""
    assert read_verdict(reply)[0] is None


def test_only_failed_answers_are_for_the_judge() -> None:
    """Passed ones, failed calls, what was not asked, and empty answers are not."""
    assert is_for_the_judge(result("-"))
    assert not any(is_for_the_judge(result(letter)) for letter in "+es")
    assert not is_for_the_judge(result("-", answer=" \n"))


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Failure("server", "500"), "error"),
        (Failure("refused_by_budget", "spent", attempts=0), "skipped"),
        (Response("Maybe"), "error"),
    ],
)
def test_unheard_judge_leaves_no_word(reply: Response | Failure, outcome: str) -> None:
    """Where the judge said nothing plain, the answer counts neither as right nor as wrong."""
    made = judged_result(result("-", explanation="is not it"), reply, "J")
    assert (made.outcome, made.score, made.answer) == (outcome, None, "x")
    assert made.failure is not None
    assert made.failure.message.startswith("judge J ")
    assert made.explanation.endswith("by the scorer: is not it")
