"""Names as they sound: one name in two scripts, or in two ways of writing it down.

Letters are brought to Latin by anyascii. In one script a name may differ in what merely spells a
sound: sh for ch, y for i, a doubled letter. Across scripts vowels are not compared, and consonants
by kind alone, for a language may have no other way to write them: hanoi for 하노이, burajiria for
Brasília.
"""

from __future__ import annotations

import re
from functools import lru_cache

LEAST = 5
"""Letters of the shortest name that is compared by sound."""

_SPELLINGS = (
    ("tsch", "x"),
    ("tch", "x"),
    ("sch", "x"),
    ("sh", "x"),
    ("ch", "x"),
    ("ph", "f"),
    ("th", "t"),
    ("kh", "h"),
    ("ks", "ks"),
    ("w", "v"),
    ("ck", "k"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("y", "i"),
    ("ii", "i"),
    ("ie", "e"),
)
_KINDS = str.maketrans(
    {
        **dict.fromkeys("szjxcç", "s"),
        **dict.fromkeys("kgq", "k"),
        **dict.fromkeys("td", "t"),
        **dict.fromkeys("bpvf", "p"),
        **dict.fromkeys("lr", "r"),
        **dict.fromkeys("aeiouyhw", None),
    }
)
_BEFORE_LIPS = re.compile("m(?=[bpvfm])")
"""Where some scripts write n: カンボジア."""
_DOUBLED = re.compile(r"(.)\1+")


@lru_cache(maxsize=8192)
def latin(text: str) -> str:
    """Return a text in lower-case ASCII letters."""
    from anyascii import anyascii

    return re.sub("[^a-z]", "", anyascii(text).lower())


@lru_cache(maxsize=8192)
def as_spoken(name: str) -> str:
    """Return a name with one spelling for each sound; vowels stay as they are."""
    text = latin(name)
    for spelling, sound in _SPELLINGS:
        text = text.replace(spelling, sound)
    return _DOUBLED.sub(r"\1", text)


@lru_cache(maxsize=8192)
def skeleton(name: str) -> str:
    """Return the kinds of the consonants of a name, in order, after its first sound."""
    text = latin(name)
    for spelling, sound in _SPELLINGS[:8]:
        text = text.replace(spelling, sound)
    text = _BEFORE_LIPS.sub("n", text.replace("c", "k"))
    kinds = text.translate(_KINDS)
    return ("" if text[:1] not in "aeiou" else "a") + _DOUBLED.sub(r"\1", kinds)


def alike(said: str, name: str) -> bool:
    """Whether two names in one script differ in spelling alone."""
    return min(len(said), len(name)) >= LEAST and as_spoken(said) == as_spoken(name)


def transcribes(said: str, name: str) -> bool:
    """Whether one name may be another, written in another script."""
    one, other = skeleton(said), skeleton(name)
    if one != other or min(len(latin(said)), len(latin(name))) < LEAST - 1:
        return False
    return len(one) > 2 or latin(said) == latin(name)


def is_latin(text: str) -> bool:
    """Whether a text is in Latin letters."""
    return text.isascii() or not _OTHER_LETTERS.search(text)


def has_latin(text: str) -> bool:
    """Whether a text has Latin letters."""
    return _LATIN_LETTER.search(text) is not None


_OTHER_LETTERS = re.compile("[^\u0000-\u024f\u1e00-\u1fff]")
_LATIN_LETTER = re.compile(r"[^\W\d_\u0250-\u1dff\u2000-\U0010ffff]")
