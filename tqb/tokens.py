"""What a request may take: tokens, and money where the price is known.

Nothing here is counted, since the tokenizer is the model's own. Bounds are what any of them keeps
to: a token is a byte of UTF-8 at least, and a word at most; what the chat's format puts around the
messages is allowed for. An estimate is one token for every four bytes.
"""

from __future__ import annotations

import math

from tqb.types import Price, Request, Response

LONGEST_ANSWER = 1024
"""Estimated tokens of an answer to which no limit is set."""
BYTES_PER_TOKEN = 4

FORMAT_TOKENS = 128
"""Most tokens that the chat's format adds to a request: a date, a default system turn."""
TURN_TOKENS = 16
"""Most tokens that it adds to a message: its role, its begin and its end."""


def prompt_tokens(request: Request) -> int:
    """Estimate the tokens of a prompt."""
    return sum(_of_text(message.content) for message in request.messages)


def most_tokens(request: Request) -> int:
    """Estimate the tokens that a request may take, with the longest answer that is allowed."""
    longest = request.params.max_tokens
    return prompt_tokens(request) + (LONGEST_ANSWER if longest is None else longest)


def taken_tokens(request: Request, response: Response | None) -> int:
    """Return the tokens that a request took, by the reply's own count; None is no answer."""
    if response is None:
        return prompt_tokens(request)
    asked, answered = response.prompt_tokens, response.completion_tokens
    return (prompt_tokens(request) if asked is None else asked) + (
        _of_text(response.answer) if answered is None else answered
    )


def prompt_bounds(request: Request) -> tuple[int, int]:
    """Return the fewest and the most tokens that a prompt may be."""
    contents = [message.content for message in request.messages]
    around = FORMAT_TOKENS + TURN_TOKENS * len(contents)
    return sum(len(text.split()) for text in contents), sum(map(_bytes, contents)) + around


def longest_answer(request: Request, price: Price | None) -> int | None:
    """Return the most tokens that an answer may have; None where nobody knows."""
    if price is not None and (request.params.max_tokens is None or not price.takes_limit):
        return price.longest
    return request.params.max_tokens


def cost_bounds(request: Request, price: Price) -> tuple[float, float] | None:
    """Return the least and the most US dollars that one attempt costs; None where nobody knows."""
    fewest, most = prompt_bounds(request)
    longest = longest_answer(request, price)
    if longest is None:
        return None
    cheapest, dearest = price.prompt_usd
    return fewest * cheapest, most * dearest + longest * price.completion_usd


def _of_text(text: str) -> int:
    return math.ceil(_bytes(text) / BYTES_PER_TOKEN)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
