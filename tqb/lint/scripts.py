"""The script in which an item is written, held against its language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Any

from tqb.lint.texts import texts_of
from tqb.packs.messages import quoted
from tqb.types import Item

Prefixes = tuple[str, ...]
"""Words with which Unicode's names of the letters of a script begin."""

_CJK = ("CJK", "IDEOGRAPHIC")
_EAST_ASIAN: dict[str, Prefixes] = {
    "Hans": _CJK,
    "Hant": _CJK,
    "Jpan": ("HIRAGANA", "KATAKANA", *_CJK),
    "Kore": ("HANGUL",),
}
_LATIN = ("LATIN",)
_CYRILLIC = ("CYRILLIC",)


def script_findings(item: Item) -> Iterator[str]:
    """Yield what an item has in another script than its language's, or in two at once."""
    script = script_of(item.lang)
    own = prefixes(script)
    if not own:
        return
    for name, text in texts_of(item):
        foreign = _foreign(name, text, own, item.text)
        if foreign:
            said = f"{name} {quoted(text, 40)} is in another script than {quoted(item.lang)}"
            yield f"{said}, see {quoted(foreign, 20)}; translate it, or mend lang"
        for word in filter(_mixes_look_alikes, text.split()):
            said = f"{name}: the word {quoted(word, 30)} mixes Latin and Cyrillic letters"
            yield f"{said}; write it in one script"
        if script in ("Hans", "Hant"):
            yield from _other_standard(name, text, script)


@lru_cache(maxsize=64)
def script_of(lang: str) -> str:
    """Return the ISO 15924 code of a BCP 47 tag's script: as it says, or most likely (CLDR)."""
    from babel.core import get_global

    language, *rest = lang.split("-")
    named = next((part.title() for part in rest if len(part) == 4 and part.isalpha()), "")
    likely = get_global("likely_subtags")
    region = "_".join([language.lower(), *(part.upper() for part in rest[:1])])
    found = likely.get(region) or likely.get(language.lower()) or "und__"
    return named or found.split("_")[1]


@lru_cache(maxsize=64)
def prefixes(script: str) -> Prefixes:
    """Return how the names of a script's letters begin; nothing for an unknown script."""
    from babel import Locale

    if script in _EAST_ASIAN:
        return _EAST_ASIAN[script]
    name = Locale("en").scripts.get(script, "")
    return (name.split()[0].upper(),) if name else ()


def _foreign(name: str, text: str, own: Prefixes, question: str) -> str:
    """Return the first of what is foreign in a text of an item, nothing where all is well."""
    if name in ("text", "context"):
        return _foreign_prose(text, own)
    if name == "alias" and own == _LATIN:  # an original spelling, as 東京 beside Tokyo
        return ""
    return _foreign_answer(text, own, question)


def _foreign_prose(text: str, own: Prefixes) -> str:
    """Return what is foreign in a sentence that is not mainly in its own script, else nothing."""
    runs = list(_runs(text, own))
    foreign = [run for is_own, run in runs if not is_own]
    dense = own in _EAST_ASIAN.values()
    size = sum(len(run) if dense else 1 for is_own, run in runs if is_own)
    return foreign[0] if len(foreign) > size else ""


def _foreign_answer(text: str, own: Prefixes, question: str) -> str:
    """Return what is foreign in an answer, else nothing.

    It may be in its own script, in Latin, or in one that the question quotes; Korean may be in
    Chinese characters. A letter by itself is a symbol.
    """
    letters = [letter for letter in question if letter.isalpha()]
    known = {*own, *_LATIN, *(unicodedata.name(letter, "?").split()[0] for letter in letters)}
    if own == _EAST_ASIAN["Kore"]:
        known.update(_CJK)
    runs = _runs(text, tuple(known))
    return next((run for is_known, run in runs if not is_known and len(run) > 1), "")


def _runs(text: str, own: Prefixes) -> Iterator[tuple[bool, str]]:
    """Yield the letters of each word, those of `own` scripts apart from others."""
    for word in unicodedata.normalize("NFKC", text).split():
        letters = [letter for letter in word if letter.isalpha()]
        for is_own, run in groupby(letters, key=lambda letter: _is_in(letter, own)):
            yield is_own, "".join(run)


def _is_in(letter: str, scripts: Prefixes) -> bool:
    return unicodedata.name(letter, "").startswith(scripts)


def _mixes_look_alikes(word: str) -> bool:
    """Tell whether a word holds Latin and Cyrillic letters side by side."""
    kinds = [(_is_in(letter, _LATIN), _is_in(letter, _CYRILLIC)) for letter in word]
    pairs = set(pairwise(kinds))
    return ((True, False), (False, True)) in pairs or ((False, True), (True, False)) in pairs


def _other_standard(name: str, text: str, script: str) -> Iterator[str]:
    """Yield characters that only the other standard of Chinese has, by OpenCC.

    What the common part of the standard's own character set has (GB 2312; the first level of
    Big5) is no such character, whatever OpenCC would make of it: 台, 里, 著.
    """
    wanted = _converter("s2tw" if script == "Hant" else "t2s").convert(text)
    if len(wanted) != len(text):
        return
    found = {
        one: other
        for one, other in zip(text, wanted, strict=True)
        if one != other and not _is_common(one, script)
    }
    if found:
        pairs = ", ".join(f"{other} for {one}" for one, other in found.items())
        standard = "traditional" if script == "Hant" else "simplified"
        yield f"{name} {quoted(text, 40)} is not all in {standard} characters; write {pairs}"


def _is_common(character: str, script: str) -> bool:
    try:
        data = character.encode("big5" if script == "Hant" else "gb2312")
    except UnicodeEncodeError:
        return False
    return script == "Hans" or data[0] <= _BIG5_LEVEL_1


_BIG5_LEVEL_1 = 0xC6
"""Lead byte of the last row of common characters in Big5."""


@lru_cache(maxsize=2)
def _converter(name: str) -> Any:
    from opencc import OpenCC

    return OpenCC(name)
