"""Formulas: one canonical spelling for what mathematicians and chemists write in many ways."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from tqb.scorers.normalize import ascii_digits
from tqb.scorers.reading.latex import plain_latex

LONGEST = 200
"""Characters of the longest formula."""

_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ]+")
_FRACTIONS = {"½": "(1)/(2)", "⅓": "(1)/(3)", "¼": "(1)/(4)", "¾": "(3)/(4)", "⅔": "(2)/(3)"}
_SIGNS = str.maketrans(
    {
        "×": "*",
        "·": "*",
        "⋅": "*",
        "∗": "*",
        "−": "-",
        "–": "-",
        "÷": "/",
        "⁄": "/",
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
    }
)
_BETWEEN = r"\b(?:or|and|ou|et|oder|und|o|y|e|или|и|veya|ve|أو|و)\b|[,;、，]|或|和|または|と|또는"
_BOTH_SIGNS = re.compile(r"\s*±\s*\d+\s*")
_NUMBERS = re.compile(rf"\s*-?\d+\s*(?:(?:{_BETWEEN})\s*-?\d+\s*)+")
_PROSE = re.compile(
    r"(?<![^\W\d_])(?!(?:sin|cos|tan|exp|lim|max|min|mol|and|und|или|veya|[a-z]?log[a-z]?)\b)[^\W\d_]{3,}|[\u3041-\u9fff\uac00-\ud7a3]+"
    r"|[.:](?=\s|$)|[。：；;!?]|\n"
)
_OPERATOR = re.compile(r"[=^+*/√±→∞∫∑()²³½¼¾⅓⅔₀-₉⁰-⁹]|\d[a-zA-Zα-ω]|[A-Za-z)]\d")


def is_formula(text: str) -> bool:
    """Tell whether a target is a formula: signs or digits among letters, and no plain number."""
    if _NUMBERS.fullmatch(text) or _BOTH_SIGNS.fullmatch(text):
        return True
    return (
        bool(_OPERATOR.search(text))
        and any(c.isalpha() for c in text)
        and not re.search(r"[^\W\d_]{8,}", text)
    )


@lru_cache(maxsize=1024)
def canonical(text: str) -> frozenset[str]:
    """Return the canonical spellings of a formula; several, where it lists solutions.

    Case, which tells Co from CO, is kept. A text too long for a formula has none.
    """
    if len(text) > LONGEST:
        return frozenset()
    text = _plain(text)
    parts = [part for part in re.split(_BETWEEN, text) if part.strip()]
    squeezed = [one for part in parts for one in _both_signs(_squeeze(part)) if one]
    return frozenset(map(_sided, _solutions(squeezed)))


def _solutions(parts: list[str]) -> list[str]:
    """Drop the unknown from several solutions: x=2, x=-2 is 2, -2, and so is x=2, -2."""
    sides = [_SOLUTION.fullmatch(part) for part in parts]
    if len(parts) < 2 or not all(
        side or "=" not in part for side, part in zip(sides, parts, strict=True)
    ):
        return parts
    return [side[1] if side else part for side, part in zip(sides, parts, strict=True)]


_SOLUTION = re.compile(r"[^\W\d]\d?=(.+)")


def right_side(formula: frozenset[str]) -> frozenset[str]:
    """Return what stands to the right of the equals sign, where one name stands to its left."""
    sides = [re.fullmatch(r"[^\W\d]{1,3}'?\d?(?:\([a-z]\))?=(.+)", one) for one in formula]
    return frozenset(side[1] for side in sides if side) if all(sides) else frozenset()


def pieces(text: str) -> list[str]:
    """Return the formulas in a text: what is left between its words, longest steps apart."""
    text = re.sub(r"\$|\\[()\[\]]", " ", text)
    found = [piece.strip(" ,，、*`'\"") for piece in _PROSE.split(text)]
    return [piece for piece in found if piece and _OPERATOR.search(piece)]


def last_side(piece: str) -> str:
    """Return what stands after the last equals sign."""
    return piece.rpartition("=")[2]


def factors(text: str) -> Counter[str]:
    """Return the factors of a product of whole numbers, powers written out; none of other texts."""
    found = _PRODUCT.fullmatch(re.sub(r"\s+", "", _plain(text)).strip("."))
    powers = (part.partition("^") for part in found[0].split("*")) if found else ()
    return Counter(base for base, _, power in powers for _ in range(int(power or 1)))


_PRODUCT = re.compile(r"\d{1,9}(?:\^\d{1,2})?(?:\*\d{1,9}(?:\^\d{1,2})?)+")


def _plain(text: str) -> str:
    text = plain_latex(text).replace("$", "")
    for sign, spelled in _FRACTIONS.items():
        text = text.replace(sign, spelled)
    text = _SUPERSCRIPT.sub(_raised, text)
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS).replace("**", "^")
    text = ascii_digits(text)
    return re.sub(r"(?<=[A-Za-z])_", "", text)


def _raised(match: re.Match[str]) -> str:
    return "^" + unicodedata.normalize("NFKC", match[0]).replace("−", "-")


def _squeeze(text: str) -> str:
    text = re.sub(r"\s+", "", text).strip(".,;:'\"`*")
    text = re.sub(r"(?<![\d.])0?\.5(?!\d)", "1/2", text)
    text = re.sub(r"(?<=[\w)])\*(?=[\w(])", "", text)
    text = _SIMPLE.sub(r"\1", _SIMPLE.sub(r"\1", text))
    whole = re.fullmatch(r"\(([^()]*)\)", text)
    return _SHARE.sub(r"\1\3/\2", whole[1] if whole else text)


_SIMPLE = re.compile(r"\((-?\w+)\)")
"""Brackets around one number or name."""
_SHARE = re.compile(r"^((?:\w+=)?)\(?1/(\d)\)?([a-zA-Z(].*)$")
"""A half of something, which may stand before or below: 1/2mv^2, mv^2/2."""


def _sided(text: str) -> str:
    """Put factors, and the sides of an equation, into one order: U=RI is RI=U is IR=U."""
    text = re.sub(r"(?<![A-Za-z])[A-Za-z]{2,4}(?![A-Za-z(])", _ordered, text)
    left, mark, right = text.partition("=")
    if not mark or len(left) == 1:
        return text
    return (
        "=".join(sorted((left, right), key=lambda side: (len(side), side)))
        if len(right) > 1
        else f"{right}={left}"
    )


def _ordered(match: re.Match[str]) -> str:
    word = match[0]
    known = word in (
        "sin",
        "cos",
        "tan",
        "ln",
        "log",
        "exp",
        "lim",
        "max",
        "min",
        "mol",
    ) or not _FACTORS.search(word)
    return word if known else "".join(sorted(word))


_FACTORS = re.compile(r"^(?:[A-Z]{2}|[a-z]{2})$")


def _both_signs(text: str) -> tuple[str, ...]:
    return (text.replace("±", ""), text.replace("±", "-")) if "±" in text else (text,)
