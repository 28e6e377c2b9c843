"""Amounts of money: €4.90, EUR 4.90 and 4.90 euros are one, as CLDR names currencies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from unicodedata import category

from tqb.scorers.languages import language
from tqb.scorers.languages.cldr import locales
from tqb.scorers.reading.forms import same_word
from tqb.scorers.reading.tokens import Token, tokenize

_LONGEST = 4
"""Tokens of the longest amount."""


def amounts(tokens: Sequence[Token], tag: str) -> Iterator[tuple[str, ...]]:
    """Yield the ways to write an amount, where the tokens are one: a number and a currency."""
    numbers = [token.text for token in tokens if token.kind == "number"]
    name = tuple(token.text for token in tokens if token.kind != "number")
    if len(numbers) != 1 or not name or len(tokens) > _LONGEST:
        return
    names = _names(tag)
    code = next((code for code, known in names.items() if _is_one(name, known, tag)), None)
    for number in _with_and_without_cents(numbers[0]) if code else ():
        for known in names[code or ""]:
            yield (number, *known)
            yield (*known, number)
    yield from _in_hundredths(numbers[0], name, code, tag)


def _in_hundredths(
    number: str, name: tuple[str, ...], code: str | None, tag: str
) -> Iterator[tuple[str, ...]]:
    """Yield cents as a part of the whole, of any currency, and a part of one as cents."""
    names, spoken = _names(tag), language(tag)
    cents = [tuple(t.text for t in tokenize(word, tag)) for word in sorted(spoken.hundredth)]
    if "".join(name) in spoken.hundredth and number.isdecimal():
        yield from ((number, *word) for word in cents)
        whole, part = divmod(int(number), 100)
        for known in (known for some in names.values() for known in some):
            for mark in ".,":
                yield (f"{whole}{mark}{part:02}", *known)
                yield (*known, f"{whole}{mark}{part:02}")
    part_of_one = _PART.fullmatch(number) if code else None
    if part_of_one:
        yield from ((str(int(part_of_one[1])), *word) for word in cents)


_PART = re.compile(r"0[.,](\d{2})")


def _is_one(name: tuple[str, ...], known: Sequence[tuple[str, ...]], tag: str) -> bool:
    """Whether a name is among those known, whatever the form of its words."""
    return name in known or any(
        len(one) == len(name)
        and all(same_word(a, b, language(tag)) for a, b in zip(name, one, strict=True))
        for one in known
    )


def of_another_country(tokens: Sequence[Token], at: int) -> bool:
    """Whether letters before a currency's sign make it another one: A$, R$, but not US$."""
    if not at or category(tokens[at].text[0]) != "Sc":
        return False
    before = tokens[at - 1]
    joined = before.start + len(before.text) == tokens[at].start
    return joined and before.kind == "word" and before.text not in ("us", "usd")


def _with_and_without_cents(number: str) -> Iterator[str]:
    forms = [number]
    if number.isdecimal():
        forms += [f"{number}.00", f"{number},00"]
    elif number.endswith((".00", ",00")):
        forms.append(number[:-3])
    for form in forms:
        yield form
        yield from _grouped(form)


def _grouped(number: str) -> Iterator[str]:
    """Yield a number with its thousands set apart, as one country or the other has it."""
    found = _PLAIN.fullmatch(number)
    if found:
        thousands, cents = f"{int(found[1]):,}", found[2] or ""
        for group, mark in ((",", "."), (".", ","), (" ", cents[:1])):
            yield thousands.replace(",", group) + (mark + cents[1:] if cents else "")


_PLAIN = re.compile(r"(\d{4,9})([.,]\d{2})?")


@lru_cache(maxsize=16)
def _names(tag: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the names of each currency that has a sign, in the language and in English.

    A sign, or a noun such as dollar, is that of the first currency which is called so; those that
    CLDR's English writes with a bare sign come first.
    """
    english = locales("en")[0]
    symbols = english.currency_symbols.items()
    signs = {code: sign for code, sign in symbols if sign not in (code, "¤")}
    taken: set[tuple[str, ...]] = set()
    found = {}
    for code in sorted(signs, key=lambda code: (len(signs[code]), code != "USD", code)):
        said = (name for cldr in locales(tag) for name in _said(code, cldr, tag))
        names = {tuple(t.text for t in tokenize(name, tag)): None for name in said}
        found[code] = tuple(name for name in names if name and name not in taken)
        taken.update(names)
    return found


_SPOKEN = {
    ("zh-Hans", "CNY"): ("元", "块", "块钱", "人民币元", "元人民币"),
    ("zh-Hant", "TWD"): ("元", "塊", "塊錢", "新台幣元", "元新台幣"),
}
"""What a currency is called by those who pay with it, where CLDR has its formal name alone."""


def _said(code: str, cldr: object, tag: str) -> Iterator[str]:
    names, symbols = getattr(cldr, "currencies", {}), getattr(cldr, "currency_symbols", {})
    yield code
    yield from _SPOKEN.get((tag, code), ())
    yield symbols.get(code, code)
    if code in names:
        words = names[code].split()
        yield names[code]
        yield words[0 if tag[:2] in ("fr", "es", "pt", "ar") else -1]
