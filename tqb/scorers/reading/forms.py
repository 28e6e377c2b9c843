"""The forms of a word: cases, plurals, particles, clitics, and letters that keyboards lack."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from tqb.scorers.languages import Language
from tqb.scorers.normalize import hiragana, katakana


def same_word(said: str, form: str, spoken: Language) -> bool:
    """Compare two words, whatever particle, case ending or clitic the language adds."""
    if said == form or said in written_forms(form, spoken):
        return True
    return not said.isascii() and may_lack_accents(form) and form == _unaccented(said)


def may_lack_accents(form: str) -> bool:
    """Whether a word is long enough to be told from others when its accents are left out."""
    return form.isascii() and len(form) > 5


@lru_cache(maxsize=8192)
def written_forms(word: str, spoken: Language) -> frozenset[str]:
    """Return the forms in which a word is met: with affixes, inflected, and without accents."""
    found = {word, hiragana(word), katakana(word)}
    if not word.isascii():
        found |= {_unaccented(word), _umlauts(word)}
    if word in _FIVE:
        found |= {p + word[:-1] + case for p in ("", *spoken.prefixes) for case in "اي"}
    if spoken.tag == "pt":
        found |= {word.translate(_OPEN), word.translate(_CLOSED)}
    for root in _roots(word, spoken):
        found |= {root + suffix for suffix in spoken.suffixes}
    if len(word) == 1:
        found |= {word + suffix for suffix in spoken.suffixes if suffix.startswith("'")}
    if len(word) > 2:
        bare = word.removeprefix("ال")
        stems = (word, bare) if len(bare) > 2 else (word,)
        found |= set(stems)
        found |= {prefix + stem for prefix in spoken.prefixes for stem in stems}
        found |= {prefix + bare for prefix in spoken.prefixes & {"لل"}}
    return frozenset(found | set(_inflected(word, spoken)))


_OPEN, _CLOSED = str.maketrans("êô", "éó"), str.maketrans("éó", "êô")
"""Accents of Portuguese in Brazil and in Portugal: oxigênio, oxigénio."""
_FIVE = frozenset(("ابو", "اخو", "حمو"))
"""Arabic nouns whose case shows as a letter."""


def _roots(word: str, spoken: Language) -> Iterator[str]:
    """Yield what endings are written on: the word, and in Russian its stem."""
    if len(word) > 1 or spoken.tag == "ko":
        yield word
    if spoken.tag == "ru":
        for length in (1, 2):
            if len(word) - length > 2 and word[-length:] in _NOMINATIVE:
                yield word[:-length]


_NOMINATIVE = frozenset("а я о е ы и ь й ия ие ый ий ой ая яя ое ее".split())
"""Endings of the nominative in Russian."""


def _inflected(word: str, spoken: Language) -> Iterator[str]:
    """Yield the singular of a plural, and the plural of a singular."""
    for one, other in spoken.endings:
        for begin, end in ((one, other), (other, one)):
            if word.endswith(begin) and len(word) - len(begin) > 2:
                yield word.removesuffix(begin) + end


def without_affixes(word: str, spoken: Language) -> Iterator[str]:
    """Yield a word without what the language writes together with it: كتب of وكتب."""
    for cut in range(1, len(word) - 2):
        if word[:cut] in spoken.prefixes:
            yield word[cut:]


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
