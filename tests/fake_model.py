"""A model on a table, with the parts that real faults are in: a chat template and a tokenizer.

It knows the answers of the shipped packs and finds the question in the text that its template made
of the messages. Whoever changes a part gets what a real model gives: other token counts, answers
that miss the question, answers without an end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.openai_server import Body, Reply
from tqb.packs import load_pack

Message = dict[str, str]
Template = Callable[[Sequence[Message]], str]
Tokenizer = Callable[[str], int]

SPECIAL = re.compile(r"<\|\w+\|>")
_PIECES = re.compile(r"<\|\w+\|>| ?[^\W\d_]+|\d|\s+|[^\w\s]")


def chatml(messages: Sequence[Message]) -> str:
    """The template that the model was trained with."""
    turns = (f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)
    return "".join(turns) + "<|im_start|>assistant\n"


def cut(text: str) -> int:
    """Count tokens: special ones whole, words of ASCII by five letters, others by two."""
    return sum(_size(piece) for piece in _PIECES.findall(text))


def _size(piece: str) -> int:
    if SPECIAL.fullmatch(piece):
        return 1
    return -(-len(piece) // (5 if piece.isascii() else 2))


@dataclass(frozen=True)
class FakeModel:
    """Answers requests as a server would, from what its template makes of them."""

    template: Template = chatml
    tokenizer: Tokenizer = cut
    word: Callable[[str, str], tuple[str, str]] = lambda question, answer: (answer, "stop")
    """What it makes of a right answer, and why it ends."""
    name: str = "fake-1"
    packs: tuple[str, ...] = ("core-en", "canary-template")

    def __call__(self, body: Body) -> Reply:
        """Answer one request."""
        prompt = self.template(body["messages"])
        question, answer = self._find(prompt)
        text, finish_reason = self.word(question, answer)
        data = {
            "model": self.name,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": finish_reason,
                }
            ],
            "usage": {
                "prompt_tokens": self.tokenizer(prompt),
                "completion_tokens": self.tokenizer(answer) + (500 * (finish_reason == "length")),
            },
        }
        return Reply(body=data)

    def _find(self, prompt: str) -> tuple[str, str]:
        for name in self.packs:
            for question, label in answers(name).items():
                if question in prompt:
                    return question, label
        return "", "How can I help you today?"


_known: dict[str, dict[str, str]] = {}


def answers(pack: str) -> dict[str, str]:
    """Return the label of each question, the longest question first."""
    if pack not in _known:
        items = sorted(load_pack(pack).items, key=lambda item: -len(item.text))
        _known[pack] = {item.text.strip(): item.label for item in items}
    return _known[pack]
