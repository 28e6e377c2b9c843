"""What can go wrong between a pipeline and its model: requests and replies made over on the way."""

from __future__ import annotations

import html
import json
import random
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from tests.openai_server import Body, Reply

Ask = Callable[[Body], "Reply"]
"""Puts a request to the model."""
Wire = Callable[[Body, Ask], "Reply"]
"""What stands between: it may change the request, the reply, or both."""


def request(change: Callable[[Body], Body]) -> Wire:
    """Change what is asked."""
    return lambda body, ask: ask(change(body))


def question(change: Callable[[str], str]) -> Wire:
    """Change the text of the user's turns."""

    def made(body: Body) -> Body:
        turns = [
            {**turn, "content": change(turn["content"])} if turn["role"] == "user" else turn
            for turn in body["messages"]
        ]
        return {**body, "messages": turns}

    return request(made)


def settings(**values: Any) -> Wire:
    """Set parameters of the request."""
    return request(lambda body: {**body, **values})


def answer(change: Callable[[str, Body], str], finish: str | None = None) -> Wire:
    """Change the text of the answer."""

    def wire(body: Body, ask: Ask) -> Reply:
        reply = ask(body)
        if not isinstance(reply.body, dict) or "choices" not in reply.body:
            return reply
        data = json.loads(json.dumps(reply.body))
        choice = data["choices"][0]
        choice["message"]["content"] = change(choice["message"]["content"], body)
        choice["finish_reason"] = finish or choice["finish_reason"]
        return Reply(body=data)

    return wire


def some(share: float, wire: Wire) -> Wire:
    """Let it happen to a share of the questions, always the same."""

    def maybe(body: Body, ask: Ask) -> Reply:
        drawn = random.Random(body["messages"][-1]["content"]).random()
        return wire(body, ask) if drawn < share else ask(body)

    return maybe


def instead(reply: Reply) -> Wire:
    """Answer without the model."""
    return lambda body, ask: reply


def late_cache(share: float = 1.0) -> Wire:
    """A cache that answers a share of the questions with the answer to the one before it."""
    last: list[Reply] = []

    def wire(body: Body, ask: Ask) -> Reply:
        last.append(ask(body))
        drawn = random.Random(body["messages"][-1]["content"]).random()
        return last[-2] if len(last) > 1 and drawn < share else last[-1]

    return wire


def with_last_question() -> Wire:
    """Send the question before this one, too."""
    last: list[Any] = []

    def made(body: Body) -> Body:
        *others, turn = body["messages"]
        before, last[:] = list(last), [turn]
        return {**body, "messages": [*others, *before, turn]}

    return request(made)


def one_answer() -> Wire:
    """A cache that knows one key: the first answer is everybody's."""
    first: list[Reply] = []

    def wire(body: Body, ask: Ask) -> Reply:
        first.append(first[0] if first else ask(body))
        return first[0]

    return wire


def without_system(body: Body) -> Body:
    """Leave the system prompt out."""
    return {**body, "messages": [t for t in body["messages"] if t["role"] != "system"]}


def system_twice(body: Body) -> Body:
    """Send the system prompt in the user's turn, too."""
    system = body["messages"][0]["content"]
    *others, last = body["messages"]
    turn = {**last, "content": f"{system}\n\n{last['content']}"}
    return {**body, "messages": [*others, turn]}


def with_history(body: Body) -> Body:
    """Send somebody else's conversation before the question."""
    system, *rest = body["messages"]
    old = [
        {"role": "user", "content": "Where is my parcel? I ordered a kettle a week ago."},
        {"role": "assistant", "content": "It left our store on Monday and arrives on Thursday."},
    ]
    return {**body, "messages": [system, *old, *rest]}


def strip_marks(text: str) -> str:
    """Take all marks off letters, as a normaliser that is too keen."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def parts(text: str) -> str:
    """Print a list of content parts where its text was meant."""
    return str([{"type": "text", "text": text}])


def mojibake(text: str, body: Body) -> str:
    """Read UTF-8 as Latin-1."""
    return text.encode("utf-8").decode("latin-1")


def torn(text: str, body: Body) -> str:
    """Decode each piece by itself: what lies across two of them is lost."""
    raw = text.encode("utf-8")
    pieces = [raw[start : start + 2] for start in range(0, len(raw), 2)]
    return "".join(piece.decode("utf-8", "replace") for piece in pieces)


def pieces(text: str, body: Body) -> str:
    """Join byte-level pieces without decoding them."""
    return text.replace(" ", "Ġ").replace("\n", "Ċ")


def markers(text: str, body: Body) -> str:
    """Join SentencePiece pieces without decoding them."""
    return "▁" + text.replace(" ", "▁")


def glued(text: str, body: Body) -> str:
    """Lose the spaces between the pieces."""
    return text.replace(" ", "")


def in_ascii(text: str, body: Body) -> str:
    """Escape all beyond ASCII, as in the source of a program."""
    return json.dumps(text)[1:-1]


def torn_stream(text: str, body: Body) -> str:
    """Lose the middle third."""
    return text[: len(text) // 3] + text[len(text) - len(text) // 3 :]


def shortened(text: str) -> str:
    """Leave out the middle of what is longer than 40 characters."""
    return text if len(text) <= 40 else f"{text[:20]}…{text[-19:]}"


def escaped(text: str) -> str:
    """Escape as for a web page."""
    return html.escape(text)


def in_its_language(text: str) -> str:
    """Ask for an answer in the language of the question, in that language."""
    if text.isascii():
        return "Answer in English, please."
    hangul = any("\uac00" <= letter <= "\ud7a3" for letter in text)
    return "한국어로 대답해 주세요." if hangul else "Réponds en français, s'il te plaît."


def first_line(text: str) -> str:
    """Keep the first line."""
    return text.strip().split("\n")[0]


def lower(text: str) -> str:
    """Lose the capitals."""
    return text.lower()


def one_space(text: str) -> str:
    """Fold white space."""
    return re.sub(r"\s+", " ", text).strip()
