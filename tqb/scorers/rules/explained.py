"""Which words of an answer are accounted for: by the question, by grammar, by "the answer is"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tqb.scorers.languages.cldr import months
from tqb.scorers.reading.classes import covered
from tqb.scorers.reading.forms import same_word, without_affixes, written_forms
from tqb.scorers.reading.tokens import SIGNS, Token
from tqb.scorers.rules.subject import Subject

_NONE: frozenset[str] = frozenset()
_NOWHERE: frozenset[int] = frozenset()


def unexplained(tokens: Sequence[Token], about: Subject, *, number: bool) -> list[Token]:
    """Return the tokens that neither the question nor grammar accounts for."""
    if not tokens:
        return []
    places = explained(tokens, about, number=number)
    return [token for at, token in enumerate(tokens) if at not in places]


def explained(tokens: Sequence[Token], about: Subject, *, number: bool) -> set[int]:
    """Return the places of the tokens that the question or grammar accounts for."""
    words, known = about.words, about.light_with_numbers if number else about.light
    units = about.named if number else _NONE
    places = {
        at
        for at, token in enumerate(tokens)
        if (text := token.text) in words
        or text in SIGNS
        or (token.kind != "char" and (text in known or text in units))
        or (token.kind == "word" and _is_form_of_known(text, about, known, units))
    }
    if number:
        places |= date_tokens(tokens, about)
    if not about.language.spaced:
        places |= covered(tokens, known)
        places |= covered(tokens, units) if units else _NOWHERE
    if about.person:
        places |= {at for at in range(len(tokens) - 1) if _is_initial(tokens[at], tokens[at + 1])}
    return places


def _is_initial(token: Token, follows: Token) -> bool:
    return token.kind == "word" and len(token.text) <= 2 and follows.text == "."


def is_light(token: Token, about: Subject, *, number: bool) -> bool:
    """Whether a token says nothing by itself: grammar, and beside a number its unit."""
    if number:
        return token.text in about.light_with_numbers or token.text in about.named
    return token.text in about.light


def is_known(token: Token, about: Subject) -> bool:
    """Whether a token is a word of the question, in any of its forms."""
    text = token.text
    is_form = token.kind == "word" and _is_form_of_known(text, about, _NONE, _NONE)
    return text in about.words or is_form


@lru_cache(maxsize=16384)
def _is_form_of_known(
    text: str, about: Subject, known: frozenset[str], units: frozenset[str]
) -> bool:
    """Whether a word is a word of the question, or a known one, in another form."""
    if len(text) == 1:
        return False
    spoken = about.language
    if spoken.tag == "ko":
        return any(_common(text, word) > 1 for word in about.words) or (
            text[1:] in spoken.suffixes
            and any(word[:1] == text[:1] and word[1:] in spoken.suffixes for word in about.words)
        )
    written = written_forms(text, spoken) if spoken.suffixes else _NONE
    if not about.words.isdisjoint(written) or any(
        same_word(text, word, spoken) or _begins(word, text) for word in about.words
    ):
        return True
    if spoken.tag == "ar" and any(_root(text) == _root(word) for word in about.content):
        return True
    if any(bare in known or bare in units for bare in without_affixes(text, spoken)):
        return True
    stems = {text.removesuffix(end) for end in spoken.conjugated}
    stems.update(verb for verb, form in spoken.irregular if form == text)
    return not about.content.isdisjoint(stems) or (
        len(text) > 3 and any(related(text, word) for word in about.words if len(word) > 3)
    )


def _begins(word: str, text: str) -> bool:
    return len(text) > 3 and word.startswith(text)


def _root(word: str) -> str:
    """Return the consonants of an Arabic word, three at least, which its plural has too."""
    root = word.translate(_WEAK)
    return root if len(root) > 2 else word


_WEAK = str.maketrans("", "", "اويهء")


def _common(one: str, other: str) -> int:
    """Count the letters that two words begin with in common."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def related(one: str, other: str) -> bool:
    """Whether two words have a stem in common: Japan and Japanese, pair and pairs."""
    least = max(4, min(len(one), len(other)) - 2)
    return one[:least] == other[:least] and abs(len(one) - len(other)) < 5


def date_tokens(tokens: Sequence[Token], about: Subject) -> set[int]:
    """Return the places of day and month beside a year."""
    names = months(about.tag)
    places: set[int] = set()
    for place, token in enumerate(tokens):
        if token.text in names:
            near = (place - 1, place + 1, place - 2, place + 2, place - 3)
            places.update((place, *(at for at in near if _is_day(tokens, at))))
        if token.text[0] in _DATE_MARKS and place and tokens[place - 1].kind != "word":
            places.update((place, place - 1))
    following = [place + 1 for place in places if place + 1 < len(tokens)]
    places.update(place for place in following if tokens[place].text in _AFTER_A_DAY)
    return places


def _is_day(tokens: Sequence[Token], at: int) -> bool:
    return 0 <= at < len(tokens) and tokens[at].kind == "number" and len(tokens[at].text) < 3


_DATE_MARKS = frozenset("月日월일")
_AFTER_A_DAY = frozenset(("st", "nd", "rd", "th", "er", "월", "일"))
