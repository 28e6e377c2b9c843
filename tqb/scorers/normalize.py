"""Normal form of an answer: what may differ without changing what was said.

Meaning is kept: signs, decimal points, operators, digits and letters stay. What goes is
compatibility width (NFKC), case, the script of digits, Arabic diacritics, tatweel and letter
variants, ё for е, traditional for simplified characters, the kind of kana, space, wrapping quotes,
Markdown emphasis, and the punctuation around the answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_EMPHASIS = re.compile(r"^(\*{1,3}|_{1,3}|`{1,3})(.+)\1$", re.DOTALL)
_SIGNS = str.maketrans({"−": "-", "‐": "-", "‑": "-", "‒": "-", "ʼ": "'", "´": "'"})
_HAS_SIGN = re.compile("[−‐‑‒ʼ´]")
_BASE = re.compile("(?<=[0-9])[₀-₉]+")
"""The base of a numeral system, below its digits: 1010₂."""
_TO_A_POWER = re.compile("(?<=[0-9])([⁰¹²³⁴-⁹⁻]+)")
"""The power of a number, above it: 10⁸, which is no 108."""
_IN_BRACES = re.compile(r"\^\{([-−]?\d+)\}")
_SQUARED = re.compile(r"(?<=[^\W\d_])\^([23])(?!\d)")
"""The power of a unit or an unknown, written as m^2 for m²."""
_DASH_AS_MINUS = re.compile(r"(?<!\S)–(?=\d)")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])’(?=[^\W\d_])|(?<=\d)’(?=[^\W\d_])")
_MAY_BE_DOTTED = re.compile(r"\.[^\W\d_]")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}(?=\W|$)|\b(?:[^\W\d_]\.)+[^\W\d_]\b")
_KANA = (
    *(("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ")),
    *zip("ァィゥェォ", "アイウエオ", strict=True),
)
"""Spellings of foreign sounds, with plainer ones."""
_LONG_END = re.compile("(?<=[ァ-ヶ])ー(?!・?[ァ-ヶー])")
_CLOSING = ("Po", "Pe", "Pf")
_OPENING = ("Ps", "Pi", "Po")
_PAIRS = {"(": ")", "[": "]", "{": "}", "「": "」", "『": "』", "《": "》"}
_KEPT = frozenset("%‰°′″!/\\*&@#")
_ARABIC = (
    *(("أ", "ا"), ("إ", "ا"), ("آ", "ا"), ("ٱ", "ا"), ("ى", "ي"), ("ة", "ه"), ("ؤ", "و")),
    *(("ئ", "ي"), ("ـ", ""), ("مايه", "ميه"), ("جرام", "غرام")),
)
"""Variants of letters and words, with the plainer ones."""
_ARABIC_MARKS = re.compile("[\u064b-\u065f\u0670\u200c-\u200f]")
_LONE_LATIN = re.compile(r"\b[авекмнорстху]\b")
"""Letters that stand alone where a Latin one was meant: витамин С."""
_LOOK_ALIKES = str.maketrans("авекмнорстху", "abekmhopctxy")
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_HAS_KATAKANA = re.compile("[\u30a1-\u30f6]")
_KATAKANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def normalize(text: str, lang: str, *, peel: bool = True) -> str:
    """Return the normal form of `text` in language `lang` (BCP 47).

    With `peel`, wrapping quotes, emphasis and brackets and the final punctuation are taken off.
    """
    text = hiragana(fold(text, lang))
    return _peel(text) if peel else text


@lru_cache(maxsize=4096)
def normal_target(target: str, lang: str) -> str:
    """Return the normal form of a target, which is compared with many answers."""
    return normalize(target, lang)


def katakana(text: str) -> str:
    """Write hiragana as katakana."""
    return text if text.isascii() else text.translate(_HIRAGANA)


def peeled(text: str, lang: str) -> str:
    """Fold a text, and take off what `normalize` takes off, but keep the kind of kana."""
    return _peel(fold(text, lang))


def hiragana(text: str) -> str:
    """Write katakana as hiragana; the long-vowel mark stays."""
    kana = not text.isascii() and _HAS_KATAKANA.search(text)
    return text.translate(_KATAKANA) if kana else text


CACHED = 400
"""Longest text, in characters, that is kept; questions and targets are read many times."""


def fold(text: str, lang: str) -> str:
    """Fold width, case, digits and letter variants, and white space."""
    return _fold_once(text, lang) if len(text) <= CACHED else _fold(text, lang)


@lru_cache(maxsize=4096)
def _fold_once(text: str, lang: str) -> str:
    return _fold(text, lang)


def _fold(text: str, lang: str) -> str:
    text = _casefold(fold_width(text), primary(lang))
    return " ".join((text if text.isascii() else _fold_script(text, lang)).split())


def fold_width(text: str) -> str:
    """Fold compatibility width, powers, dashes, apostrophes and dotted abbreviations."""
    if not text.isascii():
        text = _TO_A_POWER.sub(r"^\1", _BASE.sub("", text))
        text = unicodedata.normalize("NFKC", text)
        text = _DASH_AS_MINUS.sub("-", text) if "–" in text else text
        text = text.translate(_SIGNS) if _HAS_SIGN.search(text) else text
        text = _APOSTROPHE.sub("'", text) if "’" in text else text
    text = _SQUARED.sub(r"\1", _IN_BRACES.sub(r"^\1", text)) if "^" in text else text
    return _DOTTED.sub(_without_dots, text) if _MAY_BE_DOTTED.search(text) else text


def _without_dots(abbreviation: re.Match[str]) -> str:
    return abbreviation[0].replace(".", "")


def fold_but_case(text: str, lang: str) -> str:
    """Fold a text as `fold` does, its case aside."""
    text = fold_width(text)
    return " ".join((text if text.isascii() else _fold_script(text, lang)).split())


@lru_cache(maxsize=256)
def primary(lang: str) -> str:
    """Return the primary subtag of a BCP 47 tag: ``zh`` of ``zh-Hans``."""
    return lang.partition("-")[0].lower()


def _casefold(text: str, main: str) -> str:
    """Fold case; Turkish and Azerbaijani keep dotted and dotless i apart."""
    if main in ("tr", "az"):
        text = text.translate(_TURKISH)
    text = text.casefold()
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


_TURKISH = str.maketrans("İIÂâÎîÛû", "iıaaiiuu")
"""Dotted and dotless i; the circumflex is written or not."""


def _fold_script(text: str, lang: str) -> str:
    text, main = ascii_digits(text), primary(lang)
    if main in ("ar", "fa", "ur"):
        text = _replaced(_ARABIC_MARKS.sub("", text), _ARABIC)
    elif main in ("ru", "uk", "be", "bg"):
        text = _LONE_LATIN.sub(lambda match: match[0].translate(_LOOK_ALIKES), text)
        text = text.replace("ё", "е")
    elif main == "ja":
        text = _converter("t2jp").convert(_LONG_END.sub("", _replaced(text, _KANA)))
    elif main == "zh":
        text = _simplified(text, lang)
    return text


def _replaced(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Write the second of each pair for the first, one pair after the other."""
    for variant, plain in pairs:
        text = text.replace(variant, plain)
    return text


def ascii_digits(text: str) -> str:
    """Write the digits of every script as ASCII digits."""
    return text.translate(_digits()) if _OTHER_DIGITS.search(text) else text


_OTHER_DIGITS = re.compile(r"[^\D0-9]")


@lru_cache(maxsize=1)
def _digits() -> dict[int, str]:
    """Return the digits of other scripts, as ASCII."""
    codes = (code for code in range(0x660, 0x1FBFA) if chr(code).isdecimal())
    return {code: str(unicodedata.decimal(chr(code))) for code in codes}


def _simplified(text: str, lang: str) -> str:
    """Write Chinese in simplified characters, and Taiwan's words as the mainland's."""
    simplified: str = _converter("t2s" if "hans" in lang.lower() else "tw2sp").convert(text)
    return simplified


@lru_cache(maxsize=4)
def _converter(name: str) -> Any:
    from opencc import OpenCC

    return OpenCC(name)


def _peel(text: str) -> str:
    """Take off emphasis, quotes, whole brackets and end punctuation until nothing changes."""
    if text[:1].isalnum() and text[-2:-1].isalnum() and _is_wrapping(text[-1], _CLOSING):
        return text[:-1]
    while not (text[:1].isalnum() and text[-1:].isalnum()):
        start, end = 0, len(text)
        while end > start and _is_wrapping(text[end - 1], _CLOSING):
            end -= 1
        while start < end and _is_wrapping(text[start], _OPENING):
            start += 1
        peeled = _unwrap(text[start:end].strip())
        if peeled == text or not peeled:
            break
        text = peeled
    return text


def _unwrap(text: str) -> str:
    emphasis = _EMPHASIS.match(text) if text[:1] in ("*", "_", "`") else None
    if emphasis:
        return emphasis[2].strip()
    if len(text) > 1 and _PAIRS.get(text[0]) == text[-1] and text[1:-1].count(text[0]) == 0:
        return text[1:-1].strip()
    return text


@lru_cache(maxsize=1024)
def _is_wrapping(character: str, categories: tuple[str, ...]) -> bool:
    if character in _KEPT or (character in "()[]{}.,-" and categories is _OPENING):
        return False
    if character in "()[]{}":
        return False
    return character in "\"'" or unicodedata.category(character) in categories
