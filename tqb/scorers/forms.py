"""The forms of a word: cases, plurals, particles, clitics, and letters that keyboards lack."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from tqb.scorers.languages import Language
from tqb.scorers.normalize import hiragana


def same_word(said: str, form: str, spoken: Language) -> bool:
    """Compare two words, whatever particle, case ending or clitic the language adds."""
    if said == form or hiragana(said) == hiragana(form):
        return True
    if spoken.tag == "ru":
        return bool(_roots(form, _VOWELS) & _roots(said, spoken.suffixes))
    return (
        any(bare == form for bare in without_affixes(said, len(form), spoken))
        or _without_marks(said, form)
        or _inflected(said, form, spoken)
    )


def without_affixes(word: str, least: int, spoken: Language) -> Iterator[str]:
    """Yield a word without what the language writes together with it: 서울 of 서울입니다."""
    if least > 1 or spoken.tag == "ko":
        for cut in range(max(least, 1), len(word)):
            if word[cut:] in spoken.suffixes:
                yield word[:cut]
    if least > 2:
        for cut in range(1, len(word) - 2):
            if word[:cut] in spoken.prefixes:
                yield word[cut:]
                yield "ال" + word[cut:]


@lru_cache(maxsize=8192)
def _roots(word: str, endings: frozenset[str]) -> frozenset[str]:
    """Return a word, and what is left of it, three letters at least, without a case ending."""
    found = {word[:-n] for n in (1, 2, 3) if len(word) - n > 2 and word[-n:] in endings}
    return frozenset((found | {word}) if len(word) > 2 else ())


_VOWELS = frozenset("а я о е ы и ь й ия ие ый ий ой ая яя ое ее".split())
"""Endings of the nominative in Russian."""


def _without_marks(said: str, form: str) -> bool:
    """Whether one word is the other without accents, or with ae for ä."""
    if said.isascii() and not form.isascii():
        return said in (_unaccented(form), _umlauts(form))
    return form.isascii() and not said.isascii() and len(form) > 5 and form == _unaccented(said)


def _inflected(said: str, form: str, spoken: Language) -> bool:
    """Whether two words are one noun, in singular and plural."""
    for one, other in spoken.endings:
        for begin, end in ((one, other), (other, one)):
            if form.endswith(begin):
                root = form.removesuffix(begin)
                if len(root) > 2 and said == root + end:
                    return True
    return False


@lru_cache(maxsize=4096)
def _umlauts(text: str) -> str:
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("å", "aa")):
        text = text.replace(letter, plain)
    return _unaccented(text)


@lru_cache(maxsize=4096)
def _unaccented(text: str) -> str:
    for letter, plain in _LETTERS.items():
        text = text.replace(letter, plain)
    text = unicodedata.normalize("NFD", text)
    return "".join(c for c in text if not unicodedata.combining(c))


_LETTERS = {"ı": "i", "ß": "ss", "ø": "o", "ł": "l", "œ": "oe", "æ": "ae", "đ": "d", "ð": "d"}
