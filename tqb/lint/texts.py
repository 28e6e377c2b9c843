"""Characters that nobody sees, and texts that are not written as they should be stored."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from tqb.packs.messages import quoted
from tqb.scorers.normalize import primary
from tqb.types import Item

_JOINERS = "\u200c\u200d"
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINED = frozenset(("ckb", "fa", "ks", "ku", "ps", "sd", "ug", "ur"))
"""Languages in Arabic script that spell with joiners."""
_BRAHMIC = (
    "BENGALI DEVANAGARI GUJARATI GURMUKHI KANNADA KHMER MALAYALAM MYANMAR ORIYA SINHALA TAMIL "
    "TELUGU"
).split()
_FLAG = "\U0001f3f4"
"""The black flag, with which the flags of England, Scotland and Wales begin."""


def texts_of(item: Item) -> Iterator[tuple[str, str]]:
    """Yield the texts of an item that are read or compared, each with its name."""
    yield "text", item.text
    yield "label", item.label
    yield from (("alias", alias) for alias in item.aliases)
    if item.context:
        yield "context", item.context


def text_findings(item: Item) -> Iterator[str]:
    """Yield what is wrong with the characters of an item."""
    for name, text in texts_of(item):
        where = f"{name} {quoted(text, 40)}"
        if text != text.strip():
            yield f"{where} has space around it; take it off"
        if text != unicodedata.normalize("NFC", text):
            yield f"{where} is not in Unicode's form NFC; save it so"
        for at, character in enumerate(text):
            if _is_hidden(text, at, item.lang):
                what = "direction" if character in _DIRECTIONS else "invisible"
                yield f"{where} holds the {what} character U+{ord(character):04X}; take it out"
                break


def _is_hidden(text: str, at: int, lang: str) -> bool:
    """Tell whether nobody sees a character; joiners are spelling in some languages and emoji."""
    character, before = text[at], text[at - 1] if at else ""
    category = unicodedata.category(character)
    if category not in ("Cc", "Cf", "Co", "Cn") and character != "\ufffd":
        return False
    if character == "\n":
        return False
    if 0xE0020 <= ord(character) <= 0xE007F:
        return _FLAG not in text[:at]
    if character not in _JOINERS or not before:
        return True
    script = unicodedata.name(before, "").partition(" ")[0]
    emoji = unicodedata.category(before) in ("So", "Sk") or before == "\ufe0f"
    persian = script == "ARABIC" and primary(lang) in _JOINED
    return not (persian or script in _BRAHMIC or (emoji and character == "\u200d"))
