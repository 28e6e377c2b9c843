"""Normal text → tokens: words, numbers, single characters of scripts without spaces, signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tqb.scorers.normalize import CACHED, fold, fold_but_case, primary

_CJK = "\u3005\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u9fff\uf900-\ufaff"
_GROUPED = r"\d{1,3}(?:[ \u202f\u00a0]\d{3})+(?:[.,]\d+)?(?![\d])"
_NUMBER = r"\d+(?:[.,'٫٬]\d+)*"
_LETTER = rf"[^\W\d_{_CJK}]"
_AFTER_APOSTROPHE = "(?:'[a-zçğıöşüâîûà-ÿœæ]+)*"
_IN_CODE = rf"\d[^\W_{_CJK}\uac00-\ud7a3]*"
"""What makes a code of letters before it: h2so4."""
_WORD = (
    rf"[A-Za-zα-ωа-яё]+(?:{_IN_CODE}|{_LETTER}*{_AFTER_APOSTROPHE})|{_LETTER}+{_AFTER_APOSTROPHE}"
)
_TOKEN = re.compile(rf"({_GROUPED}|{_NUMBER})|({_WORD})|([{_CJK}])|([^\w\s])")


BOUNDARY = frozenset(",;:—–-、，；：(（[（=،؛")
"""Signs at which a clause may end."""
SIGNS = frozenset(
    ".,;:!?\"'“”„‘’«»‹›()（）[]【】「」『』《》〈〉*_`~…。，、；：！？¿¡،؛؟=≈—–-|>\\$→{}"
)
"""Signs that say nothing."""
LIST = frozenset(",、，/;；،|・")
"""Signs between the items of a list."""

_KINDS = ("", "number", "word", "char", "sign")


@dataclass(slots=True, eq=False)
class Token:
    """One token of a folded text; not frozen, or to make one would take four times as long."""

    text: str
    kind: str
    """`number`, `word`, `char` (of a script without spaces) or `sign`."""
    start: int
    end: int


def tokenize(text: str, lang: str) -> tuple[Token, ...]:
    """Fold a text and split it; a hyphen between letters is no token."""
    return _tokenize_once(text, lang) if len(text) <= CACHED else _tokenize(text, lang)


@lru_cache(maxsize=4096)
def _tokenize_once(text: str, lang: str) -> tuple[Token, ...]:
    return _tokenize(text, lang)


def _tokenize(text: str, lang: str) -> tuple[Token, ...]:
    return split(fold(text, lang), lang)


def split(folded: str, lang: str) -> tuple[Token, ...]:
    """Split a folded text; to fold one again may change it (尼日 is 尼日尔 on the mainland)."""
    main = primary(lang)
    if main == "ko":
        folded = _MYRIADS.sub("", folded)
    found = [
        Token(match[0], _KINDS[match.lastindex or 0], match.start(), match.end())
        for match in _TOKEN.finditer(folded)
    ]
    if _JOINED.search(folded):
        found = [token for token in found if not _joins_letters(token, folded)]
    if main in _ELIDING and "'" in folded:
        found = [part for token in found for part in _without_elision(token)]
    return tuple(found)


_JOINED = re.compile("[-–]")
_MYRIADS = re.compile(r"(?<=\d) (?=\d{4}(?!\d))")
"""Spaces that Korean puts between groups of four digits."""
_ELIDING = frozenset(("fr", "it", "ca"))
"""Languages that write a short article together with the word after it."""


@lru_cache(maxsize=256)
def capitals(text: str, lang: str) -> frozenset[int]:
    """Return which tokens of a text begin with a capital letter; none where case moved letters."""
    tokens, cased = tokenize(text, lang), fold_but_case(text, lang)
    if len(cased) < (tokens[-1].end if tokens else 0):
        return frozenset()
    return frozenset(at for at, token in enumerate(tokens) if cased[token.start].isupper())


def _without_elision(token: Token) -> list[Token]:
    """Split l'Afrique, which is an article and a word."""
    head, mark, tail = token.text.partition("'")
    if not head or not tail or len(head) > 2:
        return [token]
    middle = token.start + len(head) + 1
    return [Token(head + mark, "word", token.start, middle), Token(tail, "word", middle, token.end)]


def _joins_letters(token: Token, text: str) -> bool:
    """Whether a token is a hyphen between letters."""
    at = token.start
    return (
        token.text in "-–"
        and 0 < at < len(text) - 1
        and text[at - 1].isalpha()
        and text[at + 1].isalpha()
    )


def is_hiragana(text: str) -> bool:
    """Whether a text is in the script of Japanese grammar."""
    return all("\u3041" <= letter <= "\u3096" for letter in text)
