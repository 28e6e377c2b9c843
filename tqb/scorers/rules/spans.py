"""Where a form of a target stands among the tokens of an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tqb.scorers.languages import Language
from tqb.scorers.reading.forms import may_lack_accents, same_word, written_forms
from tqb.scorers.reading.tokens import Token


class Span(NamedTuple):
    """Where a target stands among the tokens of an answer."""

    start: int
    end: int
    rule: str
    why: str


def same(
    tokens: Sequence[Token], form: tuple[str, ...], spoken: Language, rule: str, why: str
) -> Iterator[Span]:
    """Yield the places where the words of a form stand next to each other, in any form."""
    if not 0 < len(form) <= len(tokens):
        return
    written = written_forms(form[0], spoken)
    accented, width = may_lack_accents(form[0]), len(form)
    begins = [
        at
        for at, token in enumerate(tokens[: len(tokens) - width + 1])
        if (said := token.text) in written
        or (accented and not said.isascii() and same_word(said, form[0], spoken))
    ]
    for at in begins:
        end = at + width
        rest = zip(tokens[at + 1 : end], form[1:], strict=True)
        others = all(same_word(one.text, two, spoken) for one, two in rest)
        if others and not _inside(tokens, at, end):
            yield Span(at, end, rule, why)


def _inside(tokens: Sequence[Token], start: int, end: int) -> bool:
    """Whether the span is a part of a longer number, such as the 3 of 3/4 or of -3."""
    first, last = tokens[start], tokens[end - 1]
    if start and tokens[start - 1].text in "-√" and tokens[start - 1].end == first.start:
        return True
    if start and first.kind == "char" and tokens[start - 1].text in _OPPOSITE:
        return True
    if (
        first.kind == "number"
        and start
        and tokens[start - 1].text in "-/"
        and tokens[start - 1].end == first.start
    ):
        return True
    before = tokens[start - 1] if start and end - start > 1 and first.kind == "word" else None
    if before and before.kind == "number" and before.end == first.start:
        return True
    return last.kind == "number" and is_factor(tokens, end)


def is_factor(tokens: Sequence[Token], end: int) -> bool:
    """Whether a number that ends there goes on: as a fraction, a percentage or a product."""
    if end >= len(tokens):
        return False
    sign, number = tokens[end], tokens[end - 1]
    if sign.text in "/%":
        return sign.start == number.end
    return sign.text in "*×^" and end + 1 < len(tokens) and tokens[end + 1].kind != "sign"


_OPPOSITE = frozenset("非無无不未反副亜亚")
"""Characters that make the opposite of the word they stand before."""
