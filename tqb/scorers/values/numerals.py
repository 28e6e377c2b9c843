"""Numbers in words, and ordinals, in each language: num2words, and what it leaves to inflection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from tqb.scorers.languages import language
from tqb.scorers.normalize import fold, primary

LARGEST = 10**9
"""Numbers from here up are not written in words."""

_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_ROMAN_DIGITS = {"m": 1000, "d": 500, "c": 100, "l": 50, "x": 10, "v": 5, "i": 1}


@lru_cache(maxsize=4096)
def in_words(value: int, tag: str) -> tuple[str, ...]:
    """Return a whole number in words of a language, folded: cardinals, ordinals, as a year."""
    if not 0 <= value < LARGEST:
        return ()
    kinds = ("cardinal", "ordinal", "year") if 1100 <= value < 2100 else ("cardinal", "ordinal")
    found = [form for kind in kinds for form in _said(value, tag, kind)]
    return tuple(dict.fromkeys(fold(form, tag) for form in found))


@lru_cache(maxsize=16)
def numerals(tag: str) -> frozenset[str]:
    """Return the words of which numbers are made in a language; words such as "and" are none."""
    spoken = language(tag)
    words = {
        word
        for value in (*range(101), 1000, 10**6)
        for form in in_words(value, tag)
        for word in re.split(r"[\s-]+", form)
    }
    return frozenset(words) - spoken.function - spoken.articles - spoken.conjunction


def _said(value: int, tag: str, kind: str) -> Iterator[str]:
    from num2words import num2words

    try:
        text = num2words(value, lang=primary(tag), to=kind)
    except (NotImplementedError, OverflowError, TypeError, ValueError, KeyError, IndexError):
        return
    if not text:
        return
    yield text
    inflected = _INFLECTED.get(primary(tag))
    if inflected:
        yield from inflected(text, value, kind)


def _english(text: str, value: int, kind: str) -> Iterator[str]:
    """A hundred, for one hundred; one hundred forty, for one hundred and forty."""
    if "," in text:
        text = text.replace(",", "")
        yield text
    yield text.replace(" and ", " ")
    if text.startswith("one ") and value >= 100:
        yield "a" + text[3:]
        yield text[4:]


def _german(text: str, value: int, kind: str) -> Iterator[str]:
    """Hundert, for einhundert; and the ordinal's endings."""
    if kind == "cardinal":
        if text == "eins":
            yield from ("ein", "eine", "einer", "einen", "einem")
        yield text.removeprefix("ein")
    else:
        yield from (text + ending for ending in "nrsm")


def _romance(text: str, value: int, kind: str) -> Iterator[str]:
    """Feminines and plurals: primera, vingt-et-une, duas."""
    if kind == "ordinal":
        yield " ".join(re.sub("o$", "a", word) for word in text.split())
        yield re.sub("ier$", "ière", text)
        yield re.sub("(primer|tercer)o$", r"\1", text)
    elif value > 1:
        yield re.sub("dois$", "duas", re.sub("ntos$", "ntas", re.sub("un$", "une", text)))
    elif value == 1:
        yield from ("un", "une", "una", "uma")


def _russian(text: str, value: int, kind: str) -> Iterator[str]:
    """Thousand, for one thousand."""
    if text.startswith(("одна ", "один ")):
        yield text[5:]


def _korean(text: str, value: int, kind: str) -> Iterator[str]:
    """The native numerals that count things, which are those of the ordinals."""
    if kind == "ordinal":
        yield text.removesuffix(" 번째")
        for counting, alone in (("한", "하나"), ("두", "둘"), ("세", "셋"), ("네", "넷")):
            yield re.sub(f"{counting}$", alone, text.removesuffix(" 번째"))
    elif "십" in text:
        yield text.replace("육십", "륙십")
    yield from {1: ("한", "하나"), 20: ("스물",), 6: ("유",), 10: ("시",)}.get(value, ())


def _arabic(text: str, value: int, kind: str) -> Iterator[str]:
    """Both genders, the oblique case of the tens, and the article."""
    bare = re.sub(r"ة\b", "", text)
    oblique = re.sub(r"ون\b", "ين", text)
    forms = (text, bare, oblique, re.sub(r"ة\b", "", oblique), re.sub("اثنان", "اثنين", text))
    yield from forms
    if kind == "ordinal":
        yield from ("ال" + form for form in (*forms, text + "ة"))
        yield "الاول" if value == 1 else text + "ة"


_INFLECTED = {
    "en": _english,
    "de": _german,
    "fr": _romance,
    "es": _romance,
    "pt": _romance,
    "ru": _russian,
    "ko": _korean,
    "ar": _arabic,
}


@lru_cache(maxsize=2048)
def fraction_in_words(over: int, under: int, tag: str) -> tuple[str, ...]:
    """Return a fraction such as 3/4 in words of a language, folded: three quarters."""
    whole = over // under
    if whole and under == 2:
        return tuple(_and_a_half(whole, tag))
    numerals = in_words(over, tag)
    if over == 1:
        numerals += tuple(sorted(language(tag).articles))
    parts = _parts(under, tag)
    found = [f"{numeral} {part}" for numeral in numerals for part in parts]
    if over == 1:
        found += [part for part in parts if under == 2]
    if primary(tag) == "tr":
        found += [f"{part} {numeral}" for numeral in numerals for part in parts]
    return tuple(dict.fromkeys(found))


def _and_a_half(whole: int, tag: str) -> Iterator[str]:
    """Yield two and a half, deux et demi, zweieinhalb, iki buçuk."""
    spoken = language(tag)
    halves = [word for word, part in spoken.fractions if part == 2]
    for numeral in in_words(whole, tag):
        yield f"{numeral}einhalb"
        yield f"{numeral} buçuk"
        for half in halves:
            for middle in ("", *(f"{a} " for a in sorted(spoken.articles))):
                yield from (
                    f"{numeral} {also} {middle}{half}" for also in sorted(spoken.conjunction)
                )
        yield f"{numeral} с половиной"


def _parts(under: int, tag: str) -> tuple[str, ...]:
    """Return the words for a half, a third, a quarter, …"""
    main = primary(tag)
    named = language(tag).fractions
    found = [word for word, part in named if part == under]
    ordinals = tuple(fold(form, tag) for form in _said(under, tag, "ordinal"))
    if main == "de":
        found += [form + "l" for form in ordinals[:1]]
    elif main == "tr":
        words = fold(next(_said(under, tag, "cardinal"), ""), tag)
        found += [words + ending for ending in ("de", "da", "te", "ta")]
    else:
        found += [form + ending for form in ordinals for ending in ("", "s")]
    if main in ("es", "pt"):
        found += [f"{form} parte" for form in ordinals] + [f"{form} partes" for form in ordinals]
        found += [f"{form}s partes" for form in ordinals]
    return tuple(found)


@lru_cache(maxsize=4096)
def read_roman(word: str, tag: str) -> int | None:
    """Read a Roman numeral of two letters or more, with the ordinal's ending if it has one."""
    for ending in ("", *language(tag).ordinal):
        numeral = word.removesuffix(ending)
        if ending and numeral == word:
            continue
        if len(word) > 1 and numeral and _ROMAN.fullmatch(numeral):
            return _roman_value(numeral)
    return None


def _roman_value(numeral: str) -> int:
    digits = [_ROMAN_DIGITS[letter] for letter in numeral]
    return sum(
        -one if one < following else one
        for one, following in zip(digits, [*digits[1:], 0], strict=True)
    )
