"""Other words for a target or a part of it: its number, its unit, its formula, its initials."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from tqb.scorers.languages import language
from tqb.scorers.languages.cldr import locales
from tqb.scorers.normalize import fold, normalize
from tqb.scorers.reading.tokens import split
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.numerals import in_words
from tqb.scorers.values.units import spellings, unit_at


def renumbered(words: tuple[str, ...], want: Wanted, about: Subject) -> Iterator[tuple[str, ...]]:
    """Yield words of a target with its number in digits, in words or as a Roman numeral."""
    spoken = about.language
    if words and words[0] in spoken.articles:
        words = words[1:]
    if not words or not 1 < len(want.tokens) <= _LONGEST or not spoken.spaced:
        return
    roman = {fold(text, about.tag) for text in _ROMAN_NUMERAL.findall(want.text)}
    for at, word in enumerate(words):
        digits = _FEW_DIGITS.fullmatch(word)
        value = int(word) if digits else _values(about.tag).get(word, 0)
        if at and word in roman:
            value = _ROMAN.index(word) + 1 if word in _ROMAN else 0
        if not 0 < value <= _HIGHEST:
            continue
        end = at + 2 if digits and set(words[at + 1 : at + 2]) & spoken.ordinal else at + 1
        for spelled in _spelled(value, about.tag):
            if spelled != words[at:end]:
                yield (*words[:at], *spelled, *words[end:])
        return


_LONGEST = 6
"""Words of a name that may be found with its number in another form."""
_HIGHEST = 30
_FEW_DIGITS = re.compile(r"\d{1,2}")
_ROMAN_NUMERAL = re.compile(r"\b[IVX]+\b")
_ROMAN = tuple("i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii".split())


@lru_cache(maxsize=32)
def _values(tag: str) -> dict[str, int]:
    """Return the numbers that are one word, by that word; articles are none."""
    spoken = language(tag)
    found: dict[str, int] = {}
    for value in range(1, _HIGHEST + 1):
        for words in in_words(value, tag):
            if words not in spoken.articles | spoken.function:
                found.setdefault(words, value)
    return found


@lru_cache(maxsize=1024)
def _spelled(value: int, tag: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to write a small number among words."""
    digits = str(value)
    found = [(digits,), *((digits, ending) for ending in sorted(language(tag).ordinal))]
    found += [tuple(token.text for token in split(words, tag)) for words in in_words(value, tag)]
    return (*found, *((numeral,) for numeral in _ROMAN[value - 1 : value]))


def other_words(want: Wanted, about: Subject) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield other words for a unit, a compound or a name, each with the rule that knows them.

    What the question says already is none: the symbol of the newton is not "newton".
    """
    for words, rule in (*_as_unit(want, about), *_as_formula(want, about), *_short(want, about)):
        if about.words.isdisjoint(words):
            yield words, rule
    yield from _conjugated(want, about)
    yield from _partly_short(want, about)
    yield from _in_another_era(want, about)


def _as_unit(want: Wanted, about: Subject) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the names and symbols of a unit, unless the question has one of them.

    What may be a symbol is left alone: H is the henry, and hydrogen.
    """
    if want.letters <= _LONGEST_SYMBOL:
        return
    unit, end = unit_at(want.reading, 0, about.tag)
    names = spellings(unit, about.tag) if unit and end == len(want.reading) else ()
    if any(about.words.issuperset(words) for words in names):
        return
    spoken = about.language
    for words in names:
        if not set(words) <= spoken.articles | spoken.function | spoken.conjunction:
            yield words, "unit"


_LONGEST_SYMBOL = 2


def _as_formula(want: Wanted, about: Subject) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the formula of a compound: CO2, for carbon dioxide."""
    formula = _compounds(about.tag).get(normalize(want.text, about.tag))
    if formula:
        yield tuple(token.text for token in split(fold(formula, about.tag), about.tag)), "formula"


@lru_cache(maxsize=32)
def _compounds(tag: str) -> dict[str, str]:
    pairs = (line.partition(" = ") for line in language(tag).compounds)
    return {normalize(name, tag): formula for formula, _, name in pairs}


def _short(want: Wanted, about: Subject) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the initials of a name of three words or more: SOV, for Subject-Object-Verb."""
    parts = _PARTS.findall(want.text)
    capital = [part for part in parts if part[0].isupper()]
    if len(capital) < _LEAST or any(len(p) > _SHORTEST for p in parts if p not in capital):
        return
    short, spoken = fold("".join(part[0] for part in capital), about.tag), about.language
    if short.isascii() and short not in spoken.light | spoken.gloss | spoken.person:
        yield (short,), "abbreviation"


def _partly_short(want: Wanted, about: Subject) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield a name with some of its words as their initials: UN Security Council."""
    parts = _PARTS.findall(want.text)
    if not about.language.spaced or [fold(part, about.tag) for part in parts] != list(want.tokens):
        return
    for begin, end in {(at, at + n) for n in (2, 3) for at in (0, len(parts) - n)}:
        run = parts[max(0, begin) : end]
        if begin >= 0 and len(run) < len(parts) and all(part[0].isupper() for part in run):
            short = fold("".join(part[0] for part in run), about.tag)
            yield (*want.tokens[:begin], short, *want.tokens[end:]), "abbreviation"


def _conjugated(want: Wanted, about: Subject) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield "to lower cholesterol" with its verb in other forms: lowers, lowering cholesterol."""
    first, *rest = want.tokens or ("",)
    endings = about.language.conjugated
    if not endings or not rest or (first != "to" and not first.endswith("ing")):
        return
    verbs = {rest[0]} if first == "to" else {first[:-3], first[:-3] + "e", first[:-4]}
    object_ = tuple(rest[1:] if first == "to" else rest)
    for verb in verbs if object_ else ():
        stem = verb.removesuffix("e")
        forms = {verb, verb + "s", verb + "es", stem + "ing", verb + verb[-1:] + "ing"}
        yield from (((form, *object_), "phrase") for form in sorted(forms) if len(verb) > 1)


def _in_another_era(want: Wanted, about: Subject) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield a year before our era with another name of that: 221 BCE."""
    names = _eras(about.tag)
    for name in names:
        for at in range(len(want.tokens) - len(name) + 1):
            if want.tokens[at : at + len(name)] == name:
                rest = want.tokens[:at], want.tokens[at + len(name) :]
                yield from (((*rest[0], *other, *rest[1]), "era") for other in names)
                return


@lru_cache(maxsize=32)
def _eras(tag: str) -> tuple[tuple[str, ...], ...]:
    """Return the names of the era before ours, longest first."""
    widths = (cldr.eras.get(width, {}).get(0, "") for cldr in locales(tag)[:2] for width in _WIDTHS)
    said = [name for name in widths if name] + list(language(tag).era)
    found = {tuple(token.text for token in split(fold(name, tag), tag)) for name in said}
    return tuple(sorted(found, key=lambda name: (-len(name), name)))


_WIDTHS = ("wide", "abbreviated")
_PARTS = re.compile(r"[^\W\d_]+")
_LEAST = 3
"""Capital initials of a name that is known by them."""
_SHORTEST = 3
"""Letters of the longest word between them: of, für, del."""
