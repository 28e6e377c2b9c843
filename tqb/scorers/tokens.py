"""Normal text → tokens: words, numbers, single characters of scripts without spaces, signs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tqb.scorers.normalize import CACHED, fold, fold_but_case, primary

_CJK = "\u3005\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u9fff\uf900-\ufaff"
_GROUPED = r"\d{1,3}(?:[ \u202f\u00a0]\d{3})+(?:[.,]\d+)?(?![\d])"
_NUMBER = r"\d+(?:[.,'٫٬]\d+)*"
_CODE = rf"[A-Za-zα-ωа-яё]+\d[^\W_{_CJK}\uac00-\ud7a3]*"
_WORD = rf"[^\W\d_{_CJK}]+(?:'[a-zçğıöşüâîûà-ÿœæ]+)*"
_TOKEN = re.compile(rf"({_GROUPED}|{_NUMBER})|({_CODE}|{_WORD})|([{_CJK}])|([^\w\s])")


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a folded text."""

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
    folded = fold(text, lang)
    if primary(lang) == "ko":
        folded = re.sub(r"(?<=\d) (?=\d{4}(?!\d))", "", folded)
    found = []
    for match in _TOKEN.finditer(folded):
        kind = ("number", "word", "char", "sign")[(match.lastindex or 1) - 1]
        if match[0] in "-–" and _between_letters(folded, match.start()):
            continue
        found += _without_elision(Token(match[0], kind, match.start(), match.end()), lang)
    return tuple(found)


def capitals(text: str, tokens: Sequence[Token], lang: str) -> frozenset[int]:
    """Return which tokens of a text begin with a capital letter."""
    cased = fold_but_case(text, lang)
    if len(cased) < (tokens[-1].end if tokens else 0):
        return frozenset()
    return frozenset(at for at, token in enumerate(tokens) if cased[token.start].isupper())


def _without_elision(token: Token, lang: str) -> list[Token]:
    """Split l'Afrique, which is an article and a word."""
    head, mark, tail = token.text.partition("'")
    if not mark or not head or not tail or len(head) > 2 or primary(lang) not in ("fr", "it", "ca"):
        return [token]
    middle = token.start + len(head) + 1
    return [Token(head + mark, "word", token.start, middle), Token(tail, "word", middle, token.end)]


def _between_letters(text: str, at: int) -> bool:
    return 0 < at < len(text) - 1 and text[at - 1].isalpha() and text[at + 1].isalpha()
