"""Normal form of an answer: what may differ without changing what was said.

Meaning is kept: signs, decimal points, operators, digits and letters stay. What goes is
compatibility width (NFKC), case, space, wrapping quotes, Markdown emphasis, and the punctuation
around the answer.
"""

from __future__ import annotations

import re
import unicodedata

_ARTICLES = re.compile(r"^(?:the|an|a)\s+(?=\S)")
_EMPHASIS = re.compile(r"^(\*{1,3}|_{1,3}|`{1,3})(.+)\1$", re.DOTALL)
_MINUS = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-"})
_CLOSING = ("Po", "Pe", "Pf")
_OPENING = ("Ps", "Pi")
_PAIRS = {"(": ")", "[": "]", "{": "}", "\u300c": "\u300d", "\u300e": "\u300f"}
_KEPT = frozenset("%‰°′″!/\\*&@#")


def normalize(text: str, lang: str) -> str:
    """Return the normal form of `text` in language `lang` (BCP 47)."""
    text = unicodedata.normalize("NFKC", text).translate(_MINUS)
    text = _casefold(text, lang)
    text = " ".join(text.split())
    text = _peel(text)
    if primary(lang) == "en":
        text = _ARTICLES.sub("", text)
    return text


def primary(lang: str) -> str:
    """Return the primary subtag of a BCP 47 tag: ``zh`` of ``zh-Hans``."""
    return lang.partition("-")[0].lower()


def _casefold(text: str, lang: str) -> str:
    """Fold case; Turkish and Azerbaijani keep dotted and dotless i apart."""
    if primary(lang) in ("tr", "az"):
        text = text.replace("İ", "i").replace("I", "ı")
    return unicodedata.normalize("NFKC", text.casefold())


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
    if character in _KEPT or character in "()[]{}":
        return False
    return character in "\"'" or unicodedata.category(character) in categories
