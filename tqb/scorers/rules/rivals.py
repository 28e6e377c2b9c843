"""Whether a clause without the target speaks of the question more than the one that holds it.

"The capital of Bolivia is La Paz; the court sits in Sucre" answers with La Paz.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from tqb.scorers.reading.answer import without_brackets
from tqb.scorers.reading.tokens import BOUNDARY, Token, capitals, is_hiragana, tokenize
from tqb.scorers.rules.doubt import bracketed, clauses, knows, trouble
from tqb.scorers.rules.explained import is_known, unexplained
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.numbers import quantities

_STRONG = frozenset(";；؛")
"""Signs that end a clause and stand in none."""
_SHORT = 3
"""Letters of words that mostly are grammar."""


class _Clause(NamedTuple):
    said: int
    """Words of the question that it says again."""
    tokens: Sequence[Token]
    text: str
    """The sentence that it stands in."""


@lru_cache(maxsize=1)
def in_doubt(
    parts: tuple[str, ...], at: int, want: Wanted, about: Subject, *, summed: bool = False
) -> bool:
    """Whether the sentences beside the one that holds the target, or its brackets, tell otherwise.

    Clauses before a target that is a sum (`summed`) may say more of the question than it does.
    Two rules ask this of one answer, the second where the first was told so.
    """
    return bool(
        bracketed(parts[at], want, about)
        or trouble(parts[at + 1 :], want, about)
        or (not summed and _outdone(parts, want, about))
    )


def _outdone(parts: Sequence[str], want: Wanted, about: Subject) -> bool:
    """Whether a clause of the answer's sentences answers better, and with another answer."""
    texts = [without_brackets(part, " ") for part in parts]
    joined = BOUNDARY | about.language.conjunction
    ways = [_clauses(texts, ends, about) for ends in (joined, BOUNDARY, _STRONG)]
    apart = {len(way): way for way in ways if len(way) > 1}
    return any(_has_a_better(way, want, about) for way in apart.values())


def _clauses(
    texts: Sequence[str], ends: frozenset[str], about: Subject
) -> list[tuple[Sequence[Token], str]]:
    """Split texts between such signs; of two ways to do so, the one with fewer signs has fewer."""
    return [(clause, text) for text in texts for clause in clauses(tokenize(text, about.tag), ends)]


def _has_a_better(way: Sequence[tuple[Sequence[Token], str]], want: Wanted, about: Subject) -> bool:
    """Compare clauses, those that say most of the question first."""
    found = [_Clause(_repeats(clause, about), clause, text) for clause, text in way]
    telling = sorted((one for one in found if one.said > 1), key=_by_said)
    for _, alike in groupby(telling, key=_by_said):
        level = list(alike)
        if any(knows(one.tokens, want, about) for one in level):
            return False
        if any(_has_its_own(one, want, about) for one in level):
            return True
    return False


def _by_said(clause: _Clause) -> int:
    return -clause.said


def _repeats(tokens: Sequence[Token], about: Subject) -> int:
    """Count the words of the question that a text says again."""
    texts = {token.text for token in tokens}
    if not about.language.spaced:
        return sum(not is_hiragana(text) for text in texts & about.content)
    again = sum(len(text) > _SHORT for text in texts & about.words)
    others = {t.text for t in tokens if t.text not in about.words and is_known(t, about)}
    return again + len(others)


def _has_its_own(clause: _Clause, want: Wanted, about: Subject) -> bool:
    """Whether a clause has what may be another answer: a number, a name, a word or two."""
    own = unexplained(clause.tokens, about, number=False)
    if want.quantity is not None:
        return any(token.kind == "number" for token in own)
    measured = {
        at
        for one in quantities(clause.tokens, about.language, about.tag)
        for at in range(one.start, one.end)
    }
    counted = {id(clause.tokens[at]) for at in measured}
    words = [token for token in own if token.kind != "number" and id(token) not in counted]
    if about.language.tag != "de" and want.text[:1].isupper():
        names = _names(clause.text, about)
        return any(token.start in names for token in words)
    return len(words) > (0 if about.language.spaced else 1)


def _names(text: str, about: Subject) -> set[int]:
    """Return where words with a capital letter begin."""
    tokens = tokenize(text, about.tag)
    return {tokens[at].start for at in capitals(text, about.tag)}
