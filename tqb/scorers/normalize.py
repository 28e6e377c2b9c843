"""Normal form of an answer: what may differ without changing what was said.

Meaning is kept: signs, decimal points, operators, digits and letters stay. What goes is
compatibility width (NFKC), case, the script of digits, Arabic diacritics, tatweel and letter
variants, ё for е, traditional for simplified characters, the kind of kana, space, wrapping quotes,
Markdown emphasis, and the punctuation around the answer.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

_EMPHASIS = re.compile(r"^(\*{1,3}|_{1,3}|`{1,3})(.+)\1$", re.DOTALL)
_SIGNS = str.maketrans({"−": "-", "‐": "-", "‑": "-", "‒": "-", "ʼ": "'", "´": "'"})
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])’(?=[^\W\d_])|(?<=\d)’(?=[^\W\d_])")
_DOTTED = re.compile(r"\b(?:[^\W\d_]\.){2,}(?=\W|$)|\b(?:[^\W\d_]\.)+[^\W\d_]\b")
_KANA_V = (("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ"))
_LONG_END = re.compile("(?<=[ァ-ヶ])ー(?![ァ-ヶー])")
_CLOSING = ("Po", "Pe", "Pf")
_OPENING = ("Ps", "Pi", "Po")
_PAIRS = {"(": ")", "[": "]", "{": "}", "「": "」", "『": "』", "《": "》"}
_KEPT = frozenset("%‰°′″!/\\*&@#")
_ARABIC = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ـ": None}
)
_ARABIC_MARKS = re.compile("[\u064b-\u065f\u0670\u200c-\u200f]")
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_KATAKANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def normalize(text: str, lang: str, *, peel: bool = True) -> str:
    """Return the normal form of `text` in language `lang` (BCP 47).

    With `peel`, wrapping quotes, emphasis and brackets and the final punctuation are taken off.
    """
    text = hiragana(fold(text, lang))
    return _peel(text) if peel else text


def katakana(text: str) -> str:
    """Write hiragana as katakana."""
    return text if text.isascii() else text.translate(_HIRAGANA)


def peeled(text: str, lang: str) -> str:
    """Fold a text, and take off what `normalize` takes off, but keep the kind of kana."""
    return _peel(fold(text, lang))


def hiragana(text: str) -> str:
    """Write katakana as hiragana; the long-vowel mark stays."""
    return text if text.isascii() else text.translate(_KATAKANA)


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
    if not text.isascii():
        text = _fold_script(text, lang)
    return " ".join(text.split())


def fold_width(text: str) -> str:
    """Fold compatibility width, dashes, apostrophes and dotted abbreviations."""
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS)
    text = _APOSTROPHE.sub("'", text)
    return _DOTTED.sub(lambda match: match[0].replace(".", ""), text)


def fold_but_case(text: str, lang: str) -> str:
    """Fold a text as `fold` does, its case aside."""
    text = fold_width(text)
    return " ".join((text if text.isascii() else _fold_script(text, lang)).split())


def primary(lang: str) -> str:
    """Return the primary subtag of a BCP 47 tag: ``zh`` of ``zh-Hans``."""
    return lang.partition("-")[0].lower()


def _casefold(text: str, main: str) -> str:
    """Fold case; Turkish and Azerbaijani keep dotted and dotless i apart."""
    if main in ("tr", "az"):
        text = text.replace("İ", "i").replace("I", "ı")
    return unicodedata.normalize("NFKC", text.casefold())


def _fold_script(text: str, lang: str) -> str:
    text, main = ascii_digits(text), primary(lang)
    if main in ("ar", "fa", "ur"):
        text = _ARABIC_MARKS.sub("", text).translate(_ARABIC).replace("مايه", "ميه")
        text = text.replace("جرام", "غرام")
    elif main in ("ru", "uk", "be", "bg"):
        text = text.replace("ё", "е")
    elif main == "ja":
        for foreign, plain in _KANA_V:
            text = text.replace(foreign, plain)
        text = _LONG_END.sub("", text)
    elif main == "zh":
        text = _simplified(text, lang)
    return text


def ascii_digits(text: str) -> str:
    """Write the digits of every script as ASCII digits."""
    return text if text.isascii() else text.translate(_digits())


@lru_cache(maxsize=1)
def _digits() -> dict[int, str]:
    """Return the digits of other scripts, as ASCII."""
    codes = (code for code in range(0x660, 0x1FBFA) if chr(code).isdecimal())
    return {code: str(unicodedata.decimal(chr(code))) for code in codes}


def _simplified(text: str, lang: str) -> str:
    """Write Chinese in simplified characters, and Taiwan's words as the mainland's."""
    simplified: str = _converter("t2s" if "hans" in lang.lower() else "tw2sp").convert(text)
    return simplified


@lru_cache(maxsize=2)
def _converter(name: str) -> Any:
    from opencc import OpenCC

    return OpenCC(name)


def _peel(text: str) -> str:
    """Take off emphasis, quotes, whole brackets and end punctuation until nothing changes."""
    while True:
        start, end = 0, len(text)
        while end > start and _is_wrapping(text[end - 1], _CLOSING):
            end -= 1
        while start < end and _is_wrapping(text[start], _OPENING):
            start += 1
        peeled = _unwrap(text[start:end].strip())
        if peeled == text or not peeled:
            return text
        text = peeled


def _unwrap(text: str) -> str:
    emphasis = _EMPHASIS.match(text)
    if emphasis:
        return emphasis[2].strip()
    if len(text) > 1 and _PAIRS.get(text[0]) == text[-1] and text[1:-1].count(text[0]) == 0:
        return text[1:-1].strip()
    return text


def _is_wrapping(character: str, categories: tuple[str, ...]) -> bool:
    if character in _KEPT or (character in "()[]{}.,-" and categories is _OPENING):
        return False
    if character in "()[]{}":
        return False
    return character in "\"'" or unicodedata.category(character) in categories
