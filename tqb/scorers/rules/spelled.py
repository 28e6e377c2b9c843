"""A target written in another way: in words, as another language or script has it, respaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from tqb.scorers.languages import language
from tqb.scorers.reading.forms import may_lack_accents, written_forms
from tqb.scorers.reading.tokens import Token, split
from tqb.scorers.rules.spans import Span, same
from tqb.scorers.rules.subject import Subject, Wanted
from tqb.scorers.values.names import other_names
from tqb.scorers.values.numbers import Quantity
from tqb.scorers.values.numerals import LARGEST, fraction_in_words, in_words, numerals
from tqb.scorers.values.sounds import has_latin, is_latin, transcribes
from tqb.scorers.values.units import equivalents, spellings


@dataclass(frozen=True, slots=True)
class _Forms:
    """Other ways to write a target."""

    rule: str
    """`name` or `number`."""
    tokens: tuple[tuple[str, ...], ...]
    begins: frozenset[str]
    """Words with which one of them may begin, whatever spaces it is written with."""
    heads: frozenset[str] = frozenset()
    """What a number in words begins with, written without spaces: twe of twenty."""


@lru_cache(maxsize=4096)
def _other_forms(want: Wanted, quantity: Quantity | None, about: Subject, latin: bool) -> _Forms:
    """Return other ways to write a target: a number in words, a name as CLDR has it.

    For an answer in Latin letters names in other scripts are left out.
    """
    spoken, tag = about.language, about.tag
    if quantity is None:
        names = sorted(other_names(want.text, tag, latin=latin))
        forms = tuple(tuple(t.text for t in split(name, tag)) for name in names)
        begins = {word for form in forms for word in written_forms(form[0], spoken)}
        return _Forms("name", forms, frozenset(begins))
    spelled = [f for v in quantity.values for f in _spelled(v, quantity.unit, tag)]
    for value in quantity.values:
        for whole, unit in equivalents(value, quantity.unit):
            spelled += _with_unit(whole, unit, tag)
    forms = tuple(dict.fromkeys(spelled))
    begins = {word for form in forms for word in written_forms(form[0], spoken)}
    joined = {"".join(form) for form in forms}
    heads = frozenset(text[:end] for text in joined for end in range(1, len(text) + 1))
    return _Forms("number", forms, heads | begins, heads)


def _spelled(value: Decimal, unit: str, tag: str) -> Iterator[tuple[str, ...]]:
    """Yield a number in words, with its unit, if it has one, and without."""
    if abs(value) >= LARGEST:
        return
    for words in _words(abs(value), tag):
        spelled = tuple(token.text for token in split(words, tag))
        for minus in [()] if value >= 0 else [(word,) for word in sorted(language(tag).minus)]:
            yield (*minus, *spelled)
            for name in spellings(unit, tag) if unit else ():
                yield (*minus, *spelled, *name)


def _with_unit(value: Decimal, unit: str, tag: str) -> Iterator[tuple[str, ...]]:
    """Yield a number in words with its unit."""
    for words in _words(value, tag):
        spelled = tuple(token.text for token in split(words, tag))
        for name in spellings(unit, tag):
            yield (*spelled, *name)


def _words(value: Decimal, tag: str) -> tuple[str, ...]:
    if value == value.to_integral_value():
        return in_words(int(value), tag)
    over, under = _as_fraction(value)
    return fraction_in_words(over, under, tag) if under else ()


def _as_fraction(value: Decimal) -> tuple[int, int]:
    """Return the fraction that a decimal is, with a denominator up to 20; else two zeros."""
    for under in range(2, 21):
        over = (value * under).to_integral_value()
        if abs(over / under - value) < Decimal("1e-9"):
            return int(over), under
    return 0, 0


def in_other_forms(
    tokens: Sequence[Token],
    words: Sequence[str],
    want: Wanted,
    quantity: Quantity | None,
    about: Subject,
) -> Iterator[Span]:
    """Yield the places of a number in words, or of a name that CLDR gives the same thing."""
    said = "".join(words)
    forms = _other_forms(want, quantity, about, is_latin(said))
    if forms.begins.isdisjoint(words):
        return
    spoken, plain = about.language, said.isascii()
    heads = [at for at, word in enumerate(words) if word in forms.heads]
    for form in forms.tokens:
        why = f"{' '.join(form)} = {want.text}"
        spans: list[Span] = []
        accented = not plain and may_lack_accents(form[0])
        if accented or not written_forms(form[0], spoken).isdisjoint(words):
            spans += same(tokens, form, spoken, forms.rule, why)
        if forms.rule == "number":
            spans += _joined(tokens, heads, form, why)
            spans = [span for span in spans if not _in_number(tokens, span, about)]
        yield from spans


def _in_number(tokens: Sequence[Token], span: Span, about: Subject) -> bool:
    """Whether a number in words is a part of a longer one, as eight is of eighty-eight."""
    beside = (*tokens[max(0, span.start - 1) : span.start], *tokens[span.end : span.end + 1])
    return any(token.text in numerals(about.tag) for token in beside)


def _joined(
    tokens: Sequence[Token], heads: Sequence[int], form: tuple[str, ...], why: str
) -> Iterator[Span]:
    """A number in words, whatever spaces it is written with; it begins at one of its heads."""
    wanted_text = "".join(form)
    for start in heads:
        if not wanted_text.startswith(tokens[start].text):
            continue
        text = ""
        for end in range(start + 1, min(len(tokens), start + 12) + 1):
            text += tokens[end - 1].text
            if text == wanted_text and end - start > 1:
                yield Span(start, end, "number", why)
            if len(text) >= len(wanted_text) or tokens[end - 1].kind == "sign":
                break


def respaced(tokens: Sequence[Token], want: Wanted, forms: frozenset[str]) -> Iterator[Span]:
    """The target with other spaces, in languages that write them now so and now so."""
    longest = max(map(len, forms))
    for start in range(len(tokens)):
        text = ""
        for end in range(start + 1, min(len(tokens), start + 5) + 1):
            text += tokens[end - 1].text
            if text in forms:
                yield Span(start, end, "exact", f"{want.text!r} with other spaces")
            if len(text) > longest:
                break


def has_another_script(text: str, want: Wanted) -> bool:
    """Whether a text has letters of a script in which the target is not written."""
    return not is_latin(text) if is_latin("".join(want.tokens)) else has_latin(text)


def in_another_script(tokens: Sequence[Token], want: Wanted, about: Subject) -> Iterator[Span]:
    """The target as another script transcribes it, unless CLDR knows that as another thing."""
    name = "".join(want.tokens)
    for start, end in _runs(tokens, latin=not is_latin(name)):
        said = " ".join(token.text for token in tokens[start:end])
        surname = about.person and transcribes(tokens[end - 1].text, name)
        if surname or transcribes(said, name):
            yield Span(start, end, "transcription", f"{said} = {want.text}")


def _runs(tokens: Sequence[Token], *, latin: bool) -> Iterator[tuple[int, int]]:
    """Yield runs of words in Latin letters, or in others."""
    begin = None
    for at, token in enumerate([*tokens, None]):
        other = (
            token is not None and token.kind in ("word", "char") and is_latin(token.text) == latin
        )
        if other and begin is None:
            begin = at
        if not other and begin is not None:
            yield begin, at
            begin = None
