"""What an answer gives away by itself: each sign where it is meant, and none in right answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tqb.packs import load_pack
from tqb.packs.registry import expand
from tqb.signs import form_of, signs_of
from tqb.types import Form, Item, Message, Params, Request, Response

QUESTION = "Which river flows through Cairo, and which sea does it reach?"


def signs(
    answer: str,
    question: str = QUESTION,
    label: str = "Nile River",
    finish_reason: str | None = "stop",
) -> tuple[str, ...]:
    """The signs in an answer to a question."""
    item = Item("q", question, label)
    asked = (Message("system", "Answer."), Message("user", question))
    request = Request("p", item, 0, asked, Params())
    return signs_of(request, Response(answer, finish_reason=finish_reason))


SICK = {
    " \n": "empty",
    "The Nile<|im_end|>": "special_token",
    "[INST] The Nile [/INST]": "special_token",
    "The Nile</s>": "special_token",
    "assistant\nThe Nile": "role",
    "### Response:\nThe Nile": "role",
    "The Nile\nUser: And the Rhine?": "second_turn",
    "The Nile\n\n### Instruction:\nName a lake": "second_turn",
    "I was asked {{ question }}": "placeholder",
    "{question}": "placeholder",
    "Hello ${NAME}": "placeholder",
    "Please provide the question you would like answered.": "no_question",
    "How can I help you today?": "no_question",
    f"{QUESTION} The Nile": "echo",
    "The Nile \ufffd\ufffd": "replacement",
    "TheĠNileĠRiver": "pieces",
    "▁The▁Nile": "pieces",
    "The<0xC3><0xA9>": "pieces",
    "Le cafÃ© est fermÃ©": "mojibake",
    "â€œNileâ€\x9d": "mojibake",
    "ÐœÐ¾ÑÐºÐ²Ð°": "mojibake",
    "NileRiver": "glued",
    "It flows past theCluster of houses": "joined",
    "The Nile, the Nile, the Nile, the Nile, the Nile,": "loop",
    "I'm sorry, but I can't help with that.": "refusal",
    "Je ne peux pas répondre à cette question.": "refusal",
    "抱歉，我无法回答。": "refusal",
    "<!DOCTYPE html><html><body>Sign in</body></html>": "page",
    '{"error": {"message": "overloaded"}}': "page",
    "502 Bad Gateway": "page",
    'data: {"choices": []}': "page",
    "null": "page",
}


@pytest.mark.parametrize("answer", SICK)
def test_each_sign_is_seen(answer: str) -> None:
    """An answer that shows a fault has its sign."""
    assert SICK[answer] in signs(answer)


@pytest.mark.parametrize("answer", [text for text in SICK if text.strip()])
def test_what_was_asked_for_is_no_sign(answer: str) -> None:
    """Whoever is asked to repeat a text, and does, shows none of what stands in it."""
    asked = signs(answer, f"Repeat this exactly: {answer}", label=answer)
    assert set(asked) <= {"page"}


HEALTHY = (
    "Nile",
    "The Nile River.",
    "The answer is the Nile; it reaches the Mediterranean Sea.",
    "**Nile**",
    "- Nile\n- Mediterranean",
    '{"answer": "Nile"}',
    "x = {1, 2}",
    "f(x) = a < b > c",
    "Answer: Nile",
    "McDonald lived there.",
    "iPhone",
    "Blaža Ġorġ",
    "100 % sure",
    "Não sei, é o Nilo",
    "ナイル川",
    "Ħal Qormi",
    "haha haha",
    "Je ne suis pas certain, mais c’est le Nil.",
    "nullify",
    "Data: 42",
)


@pytest.mark.parametrize("answer", HEALTHY)
def test_a_plain_answer_has_no_sign(answer: str) -> None:
    """Ordinary answers, right or wrong, in any form, show nothing."""
    assert signs(answer) == ()


def test_a_question_mark_is_no_lost_letter() -> None:
    """A question in place of a one-letter answer is no answer whose letter was lost."""
    assert signs("Which metal is it?", "金属？", label="金") == ()
    assert "replacement" in signs("It is caf?", "Qu’est-ce ?", label="café")


def test_every_accepted_answer_of_every_pack_has_no_sign() -> None:
    """All labels and aliases of all packs shipped, canaries included, are healthy answers."""
    names = [*expand("core"), "canary-template", "canary-tokenizer", "medicine-en", "math-en"]
    sick = [
        (item.id, target, found)
        for name in [*names, "code-en", "ancient-languages-en"]
        for item in load_pack(str(name)).items
        for target in item.targets
        for asked in [(Message("user", item.text),)]
        for found in [signs_of(Request(name, item, 0, asked, Params()), Response(target))]
        if found
    ]
    assert sick == []


def test_finish_reasons_are_signs() -> None:
    """An answer that was cut, or filtered, says so."""
    assert signs("The Nile", finish_reason="length") == ("truncated",)
    assert signs("The", finish_reason="content_filter") == ("filtered",)


def test_a_character_that_the_limit_cut_is_not_torn() -> None:
    """An answer cut by max_tokens may end within a character; one that ended by itself may not."""
    assert signs("Der Fluss \ufffd", finish_reason="length") == ("truncated",)
    assert "replacement" in signs("Der Fluss \ufffd", finish_reason="stop")
    assert "replacement" in signs("Der \ufffd Fluss", finish_reason="length")


@given(st.text(max_size=200), st.text(max_size=60), st.text(max_size=20))
def test_any_text_has_signs_and_a_form(answer: str, question: str, label: str) -> None:
    """No text raises, signs stand once each, and what is its own label has no doubtful one."""
    found = signs(answer, question, label)
    assert len(found) == len(set(found))
    assert form_of(answer).chars == len(answer)
    own = signs(answer, question, answer)
    assert not {"placeholder", "special_token", "pieces", "echo", "joined"} & set(own)


FORMS = {
    "": Form(0, 0, "empty"),
    "Nile": Form(4, 1, "bare", "latin", "mixed", "N", "e"),
    "NILE": Form(4, 1, "bare", "latin", "upper", "N", "E"),
    " nile ": Form(6, 1, "bare", "latin", "lower", " ", " "),
    "The river is the Nile.": Form(22, 5, "sentence", "latin", "mixed", "T", "."),
    "ナイル川です。流れは長いですよ、本当にとても長い川です。": Form(
        28, 1, "sentence", "hiragana", "", "ナ", "。"
    ),
    "a\nb": Form(3, 2, "lines", "latin", "lower", "a", "b"),
    "- a\n- b": Form(7, 4, "markdown", "latin", "lower", "-", "b"),
    '{"a": 1}': Form(8, 2, "json", "latin", "lower", "{", "}"),
    "```py\nx\n```": Form(11, 3, "code", "latin", "lower", "`", "`"),
    "42": Form(2, 1, "bare", "", "", "4", "2"),
}


@pytest.mark.parametrize("answer", FORMS)
def test_forms(answer: str) -> None:
    """The form tells length, shape, script, case and edges."""
    assert form_of(answer) == FORMS[answer]
