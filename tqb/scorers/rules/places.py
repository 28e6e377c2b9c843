"""A target in a sentence, with the clause about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tqb.scorers.reading.tokens import BOUNDARY, Token
from tqb.scorers.rules.spans import Span
from tqb.scorers.rules.subject import Wanted


class Place(NamedTuple):
    """A target in a sentence, with the clause it stands in."""

    text: str
    """The sentence."""
    tokens: tuple[Token, ...]
    span: Span
    start: int
    end: int
    """First token of the clause, and the place after its last."""
    number: bool
    """Whether a number or date stands there."""

    @property
    def before(self) -> Sequence[Token]:
        """What leads to the target in its clause."""
        return self.tokens[self.start : self.span.start]

    @property
    def after(self) -> Sequence[Token]:
        """What follows the target in its sentence."""
        return self.tokens[self.span.end :]

    @property
    def lead(self) -> Sequence[Token]:
        """The clauses before."""
        return self.tokens[: max(0, self.start - 1)]


def place_of(text: str, tokens: tuple[Token, ...], span: Span, want: Wanted) -> Place:
    """Return the place of a target in a sentence."""
    start, end = span.start, span.end
    while start and tokens[start - 1].text not in BOUNDARY:
        start -= 1
    while end < len(tokens) and tokens[end].text not in BOUNDARY:
        end += 1
    number = want.quantity is not None or span.rule in ("number", "date")
    return Place(text, tokens, span, start, end, number)


def is_year(text: str) -> bool:
    """Whether a number has the form of a year from 1000 to 2099."""
    return len(text) == 4 and text.isdecimal() and "1000" <= text < "2100"
